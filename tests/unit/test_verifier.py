"""Tokens that were checked once, keys that change, and what was revoked."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from joserfc.jwk import ECKey

from modules.auth.port import Revocation, RevocationPage
from modules.kernel.errors import InvalidToken, NotReached
from modules.kernel.ids import ClientId
from modules.kernel.principal import Verifier
from tests.unit.verifier_world import NOW, FakeAuth, World, verification_key

FAMILY = UUID(int=1)
LATER = NOW + timedelta(hours=2)


@pytest.fixture
async def world() -> World:
    world = World()
    await world.learn()
    return world


def refused(world: World, token: str, audience: str = "sales") -> bool:
    try:
        world.verifier.verify(token, audience)
    except InvalidToken:
        return True
    return False


async def test_a_good_token_says_who_calls_and_what_for(world: World) -> None:
    verifier: Verifier = world.verifier
    principal = verifier.verify(world.token(), "sales")
    assert principal.client_id == "client"
    assert principal.audience == "urn:waybill:sales"
    assert principal.scopes == {"orders:read", "orders:write"}
    assert principal.expires_at == NOW + timedelta(seconds=300)
    assert (principal.family, principal.generation, principal.token_id) == (str(FAMILY), 1, "token")


async def test_the_audience_may_be_named_by_word_or_urn(world: World) -> None:
    token = world.token()
    assert world.verifier.verify(token, "sales") == world.verifier.verify(token, "urn:waybill:sales")


async def test_a_remembered_token_is_not_good_for_another_audience(world: World) -> None:
    token = world.token()
    world.verifier.verify(token, "sales")
    assert refused(world, token, "product")
    assert refused(world, token, "urn:waybill:product")


async def test_a_token_is_good_until_it_ends_and_the_leeway_is_over(world: World) -> None:
    token = world.token()
    for _ in range(2):
        assert not refused(world, token)
        world.clock.move(309 / 2)
    assert not refused(world, token)
    world.clock.move(1)
    assert refused(world, token)


async def test_a_token_from_the_future_is_good(world: World) -> None:
    assert not refused(world, world.token(iat=int(NOW.timestamp()) + 3600))


@pytest.mark.parametrize(("off_s", "lives_s"), [(90, 220), (-90, 400)])
async def test_who_is_wrong_about_the_time_by_90_s_ends_a_token_so_much_too_early_or_too_late_and_no_more(
    world: World, off_s: float, lives_s: float
) -> None:
    token = world.token()
    world.clock.move(off_s + lives_s - 1)
    assert not refused(world, token)
    world.clock.move(1)
    assert refused(world, token)


async def test_no_more_tokens_are_remembered_than_allowed() -> None:
    world = World(remembered=3)
    await world.learn()
    for number in range(10):
        world.verifier.verify(world.token(jti=str(number)), "sales")
    assert len(world.verifier._known) == 3


async def test_a_revoked_family_is_refused_even_when_remembered(world: World) -> None:
    token = world.token()
    assert not refused(world, token)
    world.auth.revoked.append(Revocation(1, LATER, family=FAMILY))
    await world.learn()
    assert refused(world, token)
    assert not refused(world, world.token(fid=str(UUID(int=2))))


async def test_a_raised_generation_refuses_the_tokens_before_it(world: World) -> None:
    old, new, other = world.token(), world.token(gen=2), world.token(client_id="other")
    assert not refused(world, old)
    world.auth.revoked.append(Revocation(1, LATER, client_id=ClientId("client"), generation=2))
    await world.learn()
    assert [refused(world, token) for token in (old, new, other)] == [True, False, False]


async def test_an_older_generation_does_not_lower_a_newer_one(world: World) -> None:
    for sequence, generation in enumerate((3, 2), 1):
        world.auth.revoked.append(Revocation(sequence, LATER, client_id=ClientId("client"), generation=generation))
    await world.learn()
    assert refused(world, world.token(gen=2))


async def test_every_page_of_revocations_is_read(world: World) -> None:
    world.auth.page = 2
    world.auth.revoked += [Revocation(n, LATER, family=UUID(int=n)) for n in range(1, 6)]
    await world.learn()
    assert all(refused(world, world.token(fid=str(UUID(int=n)))) for n in range(1, 6))


async def test_revocations_are_forgotten_when_no_token_of_theirs_can_live(world: World) -> None:
    world.auth.revoked.append(Revocation(1, LATER, family=FAMILY))
    world.auth.revoked.append(Revocation(2, LATER, client_id=ClientId("client"), generation=2))
    await world.learn()
    assert len(world.verifier._revoked) == 2
    world.clock.move(7200 + 10)
    await world.learn()
    assert len(world.verifier._revoked) == 0


async def test_it_is_ready_after_keys_and_all_revocations_were_heard() -> None:
    world = World()
    assert not world.verifier.ready
    assert world.verifier.silent_for_s == float("inf")
    await world.learn()
    assert world.verifier.ready
    world.clock.move(7)
    assert world.verifier.silent_for_s == 7


async def test_what_is_known_serves_while_auth_is_away(world: World) -> None:
    world.auth.away = True
    world.clock.move(90)
    with pytest.raises(NotReached):
        await world.learn()
    assert not refused(world, world.token())


async def test_unknown_keys_make_it_ask_at_most_every_30_seconds(world: World) -> None:
    for _ in range(29):
        assert refused(world, world.signed(world.claims(), kid="unheard-of"))
        world.clock.move(1)
        await world.learn()
    assert world.auth.asked_keys == 1
    world.clock.move(1)
    await world.learn()
    assert world.auth.asked_keys == 2


async def test_without_unknown_keys_it_asks_once_a_minute(world: World) -> None:
    for _ in range(59):
        world.clock.move(1)
        await world.learn()
    assert world.auth.asked_keys == 1
    world.clock.move(1)
    await world.learn()
    assert world.auth.asked_keys == 2


async def test_a_new_key_is_learnt_and_the_old_one_kept(world: World) -> None:
    old = world.token()
    other = ECKey.generate_key("P-256")
    world.auth.signing = [*world.auth.signing, verification_key(other, "two")]
    world.key, before = other, world.key
    token = world.signed(world.claims(), kid="two")
    assert refused(world, token)
    world.clock.move(30)
    await world.learn()
    assert not refused(world, token)
    assert not refused(world, old)
    assert before is not other


async def test_what_a_withdrawn_key_signed_is_refused_even_when_remembered(world: World) -> None:
    token = world.token()
    assert not refused(world, token)
    world.auth.signing = [verification_key(ECKey.generate_key("P-256"), "two")]
    world.clock.move(60)
    await world.learn()
    assert refused(world, token)


class Turns(FakeAuth):
    """Tells each round of the loop as it comes."""

    def __init__(self, world: World, rounds: int) -> None:
        super().__init__(world.auth.signing)
        self.left = rounds
        self.done = asyncio.Event()

    async def revocations(self, after: int) -> RevocationPage:
        self.left -= 1
        if self.left == 0:
            self.done.set()
        if self.left == 2:
            raise NotReached("auth is away")
        if self.left == 1:
            raise RuntimeError("a bug")
        return await super().revocations(after)


async def test_following_survives_whatever_auth_does_and_ends_when_cancelled() -> None:
    world = World()
    auth = Turns(world, rounds=4)
    task = asyncio.create_task(world.verifier.follow(auth, every_s=0))
    await asyncio.wait_for(auth.done.wait(), 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert world.verifier.ready


async def test_once_auth_is_silent_for_too_long_tokens_are_good_for_reading_only() -> None:
    world = World(silent_s=300)
    await world.learn()
    world.clock.move(300)
    assert world.verifier.verify(world.token(), "sales", changes=True)
    world.clock.move(1)
    assert world.verifier.verify(world.token(), "sales")
    with pytest.raises(NotReached, match="nothing is changed"):
        world.verifier.verify(world.token(), "sales", changes=True)
    world.auth.away = True
    with pytest.raises(NotReached):
        await world.learn()
    with pytest.raises(NotReached, match="nothing is changed"):
        world.verifier.verify(world.token(), "sales", changes=True)
    world.auth.away = False
    await world.learn()
    assert world.verifier.verify(world.token(), "sales", changes=True)
