"""What two processes of different releases mean to each other."""

from typing import Any, Protocol

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from app.rpc import LOOK_AGAIN_AFTER_S
from modules.kernel import rpc
from modules.kernel.errors import NotReached, Unavailable
from modules.kernel.rpc import ContractMismatch
from modules.web.internal import Served, served
from tests.contract.hostile_peer import (
    LOOK,
    SHOW,
    Answer,
    Far,
    HostilePeer,
    Line,
    Sight,
    contract,
    document,
    far,
    in_parts,
    problem,
)
from tests.contract.served import Doorman, hosting, listening

OLDER = ("0123456789abcdef",)
RUBBISH = {
    "no JSON": document(b"<html>"),
    "a list": document(b"[]"),
    "nothing": document(b""),
    "no methods": document(b'{"module": "peer"}'),
    "methods that are none": document(b'{"methods": ["look"]}'),
    "contracts that are none": document(b'{"methods": {"look": 5}}'),
    "a word for contracts": document(b'{"methods": {"look": "%s"}}' % LOOK.contract.encode()),
    "no such path": problem(404, code="no_such_path"),
    "a redirect": document(b"", "302 Found", "location: /"),
    "a fault": problem(500, code="internal"),
}


async def test_of_an_older_peer_nothing_is_asked_and_both_contracts_are_named(port: Far, peer: HostilePeer) -> None:
    peer.contract = contract(look=OLDER)
    with pytest.raises(ContractMismatch, match="peer does not serve look as this release knows it") as raised:
        await port.policed.look("there")
    assert raised.value.details == {"module": "peer", "method": "look", "required": LOOK.contract, "offered": OLDER}
    assert peer.asked == []
    assert port.peer.trouble == "peer does not serve look as this release knows it"


async def test_a_method_that_the_peer_does_not_have_is_a_mismatch_and_the_others_go_on(
    port: Far, peer: HostilePeer
) -> None:
    peer.contract = document(b'{"methods": {"show": ["%s"]}}' % SHOW.contract.encode())
    for _ in range(6):  # more often than a peer may be silent
        with pytest.raises(ContractMismatch) as raised:
            await port.policed.look("there")
        assert raised.value.details["offered"] == ()
    assert await port.policed.show("me") == "me"
    assert peer.contracts_told == 1


async def test_a_contract_that_the_peer_still_fulfils_will_do(port: Far, peer: HostilePeer) -> None:
    peer.contract = contract(look=("of tomorrow", LOOK.contract))
    assert await port.policed.look("there") == Sight("there")


@pytest.mark.parametrize("rubbish", RUBBISH.values(), ids=RUBBISH)
async def test_of_a_peer_that_does_not_say_what_it_serves_nothing_is_asked(
    port: Far, peer: HostilePeer, rubbish: Answer
) -> None:
    well, peer.contract = peer.contract, rubbish
    with pytest.raises(NotReached, match="peer does not say what it offers"):
        await port.raw.look("there")
    assert peer.asked == []
    assert "does not say what it offers" in str(port.peer.trouble)
    peer.contract = well
    assert await port.raw.look("there") == Sight("there")


async def test_a_peer_that_is_another_release_after_a_silence_is_asked_again_what_it_serves(
    port: Far, peer: HostilePeer
) -> None:
    await port.raw.look("there")
    peer.contract = contract(look=OLDER)
    peer.told.append(document(b"", "502 Bad Gateway"))
    with pytest.raises(Unavailable):
        await port.raw.look("there")
    with pytest.raises(ContractMismatch):
        await port.raw.look("there")
    assert len(peer.asked) == 2


@pytest.mark.parametrize("broken", [in_parts(then=Line.reset), in_parts(b"{", then=Line.reset)], ids=["before", "amid"])
async def test_where_it_breaks_over_the_contract_nothing_was_asked(
    port: Far, peer: HostilePeer, broken: Answer
) -> None:
    well, peer.contract = peer.contract, broken
    with pytest.raises(NotReached):
        await port.raw.show("me")
    assert peer.asked == []
    peer.contract = well
    assert await port.raw.show("me") == "me"


async def test_who_looks_sees_a_silence_and_another_release_once_a_second(port: Far, peer: HostilePeer) -> None:
    assert await port.raw.show("me") == "me"
    assert await looked(port) is None
    well, peer.contract = peer.contract, in_parts(then=Line.reset)
    assert "gives no answer" in str(await looked(port))
    told = peer.contracts_told
    assert "gives no answer" in str(await port.peer.look())  # as of a second ago
    assert peer.contracts_told == told
    peer.contract = well
    assert await looked(port) is None
    peer.contract = contract(show=OLDER)
    await looked(port)
    with pytest.raises(ContractMismatch):
        await port.raw.show("me")
    assert len(peer.asked) == 1
    assert "does not serve show" in str(await looked(port))  # nobody forgets that by looking again
    peer.contract = well
    assert await looked(port) is None
    assert await port.raw.show("me") == "me"


async def test_who_looks_does_not_take_a_peer_for_well_that_does_not_let_us_in(port: Far, peer: HostilePeer) -> None:
    peer.told.extend([problem(401, code="invalid_token")] * 2)
    with pytest.raises(NotReached):
        await port.raw.show("me")
    assert await looked(port) == "peer does not admit this service (invalid_token)"
    assert await port.raw.show("me") == "me"
    assert await looked(port) is None


async def looked(port: Far) -> str | None:
    """What is wrong with the peer, a second after anybody looked."""
    port.peer._looked_at -= LOOK_AGAIN_AFTER_S
    return await port.peer.look()


async def test_while_two_do_not_agree_the_peer_is_asked_again_each_second(port: Far, peer: HostilePeer) -> None:
    well, peer.contract = peer.contract, contract(show=OLDER)
    for _ in range(2):
        with pytest.raises(ContractMismatch):
            await port.policed.show("me")
    assert peer.contracts_told == 1
    peer.contract = well
    port.peer._told_at -= LOOK_AGAIN_AFTER_S
    assert await port.policed.show("me") == "me"
    assert port.peer.trouble is None


# the same over real routes, where the peer itself looks at what the caller means


class Tomorrow(Protocol):
    """The port in another release: a place has a floor."""

    @rpc.read()
    async def look(self, where: str, floor: int = 0) -> Sight: ...


LOOK_TOMORROW = rpc.crossing(Tomorrow.look, LOOK.path)
LOOK_FULFILLED = rpc.crossing(Tomorrow.look, LOOK.path, formerly=LOOK.offered)


class Releases:
    """A peer that becomes another release while its caller is connected."""

    def __init__(self) -> None:
        self.looked = 0
        self.now = self.release(LOOK)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.now(scope, receive, send)

    def release(self, method: rpc.Crossing[..., Any]) -> ASGIApp:
        async def look(where: str, floor: int = 0) -> Sight:
            self.looked += 1
            return Sight(where, floor)

        methods: Served = {method: look}
        return hosting(served("peer", Doorman(), methods, (method,)))


async def test_a_peer_that_became_another_release_meanwhile_refuses_what_it_knows_otherwise() -> None:
    peer = Releases()
    async with listening(peer) as url, far(url) as port:
        assert await port.policed.look("there") == Sight("there", 0)
        before, peer.now = peer.now, peer.release(LOOK_TOMORROW)
        for _ in range(2):
            with pytest.raises(ContractMismatch) as raised:
                await port.policed.look("there")
            assert raised.value.details["required"] == LOOK.contract
            assert list(raised.value.details["offered"]) == [LOOK_TOMORROW.contract]
            assert port.peer.trouble
        assert peer.looked == 1
        peer.now = before


async def test_a_release_that_fulfils_the_former_contract_too_goes_on_serving() -> None:
    peer = Releases()
    async with listening(peer) as url, far(url) as port:
        assert await port.policed.look("there") == Sight("there", 0)
        peer.now = peer.release(LOOK_FULFILLED)
        assert await port.policed.look("there") == Sight("there", 0)
        assert peer.looked == 2


def test_what_both_sides_must_agree_on_is_the_contract_and_nothing_else() -> None:
    class Same(Protocol):
        @rpc.read(timeout_s=9)
        async def look(self, where: str) -> Sight:
            """Other words for it."""
            ...

    class Refusing(Protocol):
        @rpc.read(raises=(NotReached,))
        async def look(self, where: str) -> Sight: ...

    assert rpc.crossing(Same.look, LOOK.path).contract == LOOK.contract
    others: list[rpc.Crossing[..., Any]] = [
        rpc.crossing(Refusing.look, LOOK.path),
        rpc.crossing(Same.look, "/elsewhere"),
        LOOK_TOMORROW,
    ]
    others.append(rpc.crossing(Same.look, LOOK.path, verb="GET"))
    others.append(rpc.crossing(Same.look, LOOK.path, member="seen"))
    assert len({LOOK.contract, *(other.contract for other in others)}) == 6
