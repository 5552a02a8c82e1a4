"""What auth means to the operator, however it is reached."""

from collections.abc import AsyncIterator
from urllib.parse import urlencode
from uuid import UUID

import pytest
from joserfc.jwk import ECKey

from modules.auth.port import (
    AuthOperatorPort,
    AuthPort,
    ClientChanges,
    ClientCreated,
    ClientKind,
    ClientPage,
    ClientRefused,
    KeyRefused,
    LastCredential,
    NoSuchClient,
    NoSuchKey,
    NoSuchSecret,
    ServiceClient,
    SigningKeyState,
    TwoKeys,
    TwoSecrets,
)
from modules.auth.service import read_request
from modules.kernel.database import Database
from modules.kernel.errors import Invalid
from modules.kernel.ids import ClientId, new_id, service_id
from tests.contract.port_adapters import Adapter
from tests.contract.port_facts import assert_frozen, same_again
from tests.integration.auth_world import AuthWorld, error, given
from tests.integration.signing import KEYS, public

BOTH = ("orders:read", "orders:write")
PUBLIC_KEY = public(KEYS["EdDSA"])


@pytest.fixture
def world(auth_database: Database) -> AuthWorld:
    return AuthWorld(auth_database)


@pytest.fixture
async def auth(adapter: Adapter, world: AuthWorld) -> AsyncIterator[AuthPort]:
    async with adapter.reach(AuthPort, world.service, "auth") as port:  # type: ignore[type-abstract]  # read for its methods
        yield port


@pytest.fixture
async def operator(adapter: Adapter, world: AuthWorld) -> AsyncIterator[AuthOperatorPort]:
    async with adapter.reach(AuthOperatorPort, world.service, "auth") as port:  # type: ignore[type-abstract]  # read for its methods
        yield port


async def client(operator: AuthOperatorPort, name: str) -> ClientCreated:
    return await operator.create_client("maria", name, BOTH, ["sales"], ClientKind.CUSTOMER)


async def test_a_new_client_is_shown_with_a_secret_that_opens_and_that_nobody_reads_by_accident(
    operator: AuthOperatorPort, world: AuthWorld
) -> None:
    created = await client(operator, "Shop")
    view = created.client
    assert (view.name, view.kind, view.scopes, view.audiences) == ("Shop", ClientKind.CUSTOMER, BOTH, ("sales",))
    assert (view.created_by, view.created_at, view.disabled_at) == ("maria", world.clock.now(), None)
    assert created.client_secret not in repr(created)
    assert (await world.begin(created)).access_token
    assert_frozen(created)


async def test_to_create_a_client_twice_makes_two(operator: AuthOperatorPort) -> None:
    one, other = await client(operator, "Shop"), await client(operator, "Shop")
    assert one.client.id != other.client.id
    assert one.client_secret != other.client_secret


@pytest.mark.parametrize(
    ("name", "scopes", "audiences", "kind"),
    [
        ("", BOTH, ["sales"], ClientKind.CUSTOMER),
        ("n" * 300, BOTH, ["sales"], ClientKind.CUSTOMER),
        ("Shop", ["orders:eat"], ["sales"], ClientKind.CUSTOMER),
        ("Shop", BOTH, ["kitchen"], ClientKind.CUSTOMER),
        ("Shop", BOTH, [], ClientKind.CUSTOMER),
        ("Shop", [], ["sales"], ClientKind.CUSTOMER),
        ("Shop", ["internal"], ["sales"], ClientKind.CUSTOMER),
    ],
    ids=["no name", "long name", "scope", "audience", "scope alone", "audience alone", "scope of services"],
)
async def test_a_client_that_makes_no_sense_is_refused_with_the_reasons_and_not_made(
    operator: AuthOperatorPort, name: str, scopes: list[str], audiences: list[str], kind: ClientKind
) -> None:
    with pytest.raises(ClientRefused) as refused:
        await operator.create_client("maria", name, scopes, audiences, kind)
    assert refused.value.code == "auth.client_refused"
    assert refused.value.details["errors"]
    assert await operator.list_clients() == ClientPage(())


async def test_clients_are_listed_by_age_a_page_at_a_time(operator: AuthOperatorPort) -> None:
    made = [(await client(operator, name)).client for name in "abc"]
    first = await same_again(lambda: operator.list_clients(limit=2))
    assert first == ClientPage(tuple(made[:2]), made[1].id)
    assert await same_again(lambda: operator.list_clients(first.next, 2)) == ClientPage(tuple(made[2:]))
    assert await operator.list_clients(ClientId(str(new_id()))) == ClientPage(())


@pytest.mark.parametrize(("limit", "shown"), [(0, 1), (-5, 1), (10_000, 2)])
async def test_a_page_has_one_client_at_least_and_never_too_many(
    operator: AuthOperatorPort, limit: int, shown: int
) -> None:
    for name in "ab":
        await client(operator, name)
    assert len((await operator.list_clients(limit=limit)).items) == shown


async def test_a_place_in_the_list_that_is_no_id_is_invalid(operator: AuthOperatorPort) -> None:
    with pytest.raises(Invalid) as refused:
        await operator.list_clients(ClientId("not an id"))
    assert [fault["pointer"] for fault in refused.value.details["errors"]] == ["/after"]


async def test_a_client_is_shown_with_its_live_secrets_and_none_of_what_they_are(
    operator: AuthOperatorPort, world: AuthWorld
) -> None:
    created = await client(operator, "Shop")
    detail = await same_again(lambda: operator.show_client(created.client.id))
    assert detail.client == created.client
    (secret,) = detail.secrets
    assert (secret.created_at, secret.last_used_at) == (world.clock.now(), None)
    await world.begin(created)
    assert (await operator.show_client(created.client.id)).secrets[0].last_used_at == world.clock.now()
    assert created.client_secret not in repr(detail)


async def test_a_disabled_client_gets_nothing_its_tokens_end_and_enabled_it_begins_anew(
    operator: AuthOperatorPort, auth: AuthPort, world: AuthWorld
) -> None:
    created = await client(operator, "Shop")
    before = await world.begin(created)
    view = await same_again(lambda: operator.disable_client("maria", created.client.id))
    assert view.disabled_at == world.clock.now()
    assert error(await world.ask(created, grant_type="client_credentials")) == "invalid_client"
    (told,) = (await auth.revocations(0)).items  # once, however often it was disabled
    assert (told.client_id, told.generation) == (created.client.id, 2)
    assert (await same_again(lambda: operator.enable_client("maria", created.client.id))).disabled_at is None
    assert error(await world.refresh(created, before.refresh_token)) == "invalid_grant"
    assert (await world.claims(await world.begin(created)))["gen"] == 2


async def test_secrets_are_rotated_one_beside_the_other_and_two_at_most(
    operator: AuthOperatorPort, world: AuthWorld
) -> None:
    created = await client(operator, "Shop")
    second = await operator.rotate_secret("maria", created.client.id)
    assert second.client_secret not in repr(second)
    newer = ClientCreated(created.client, second.client_secret)
    assert (await world.begin(created)).access_token
    assert (await world.begin(newer)).access_token
    with pytest.raises(TwoSecrets) as refused:
        await operator.rotate_secret("maria", created.client.id)
    older, newest = refused.value.details["secrets"][::-1]
    assert newest == str(second.id)
    detail = await same_again(lambda: operator.retire_secret("maria", created.client.id, UUID(older)))
    assert [one.id for one in detail.secrets] == [second.id]
    assert error(await world.ask(created, grant_type="client_credentials")) == "invalid_client"
    assert (await world.begin(newer)).access_token
    with pytest.raises(LastCredential):
        await operator.retire_secret("maria", created.client.id, second.id)
    assert (await operator.rotate_secret("maria", created.client.id)).id != second.id


async def test_keys_are_added_two_at_most_and_the_last_credential_stays(operator: AuthOperatorPort) -> None:
    id_ = (await client(operator, "Shop")).client.id
    detail = await same_again(lambda: operator.add_key("maria", id_, PUBLIC_KEY))
    (key,) = detail.keys
    assert (key.algorithm, key.last_used_at) == ("EdDSA", None)
    assert_frozen(detail)
    (secret,) = detail.secrets
    assert not (await operator.retire_secret("maria", id_, secret.id)).secrets
    with pytest.raises(LastCredential):
        await operator.retire_key("maria", id_, key.id)
    second = await operator.add_key("maria", id_, public(KEYS["RS256"]))
    with pytest.raises(TwoKeys) as refused:
        await operator.add_key("maria", id_, public(KEYS["ES256"]))
    assert set(refused.value.details["keys"]) == {str(one.id) for one in second.keys}
    left = await same_again(lambda: operator.retire_key("maria", id_, key.id))
    assert [one.algorithm for one in left.keys] == ["RS256"]


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("", "no public key"),
        ("ssh-ed25519 AAAA", "no public key"),
        ('{"kty": "EC"}', "no public key"),
        ("{" * 9000, "no public key"),
        ('{"kty": "oct", "k": "AAAA"}', "P-256 or Ed25519"),
        (ECKey.generate_key("P-384").as_pem(private=False).decode(), "P-256 or Ed25519"),
        (ECKey.generate_key("P-256").as_pem(private=True).decode(), "private key"),
        (str(ECKey.generate_key("P-256").as_dict(private=True)).replace("'", '"'), "private key"),
        (str(ECKey.generate_key("P-256").as_dict(private=False) | {"alg": "ES384"}).replace("'", '"'), "for ES256"),
        (str(ECKey.generate_key("P-256").as_dict(private=False) | {"use": "enc"}).replace("'", '"'), "signatures"),
        (str(ECKey.generate_key("P-256").as_dict(private=False) | {"kid": ""}).replace("'", '"'), "kid"),
    ],
    ids=["nothing", "ssh", "half", "long", "secret", "P-384", "private", "private JWK", "alg", "use", "kid"],
)
async def test_a_key_that_can_be_nobodys_is_refused_and_not_repeated(
    operator: AuthOperatorPort, key: str, why: str
) -> None:
    id_ = (await client(operator, "Shop")).client.id
    with pytest.raises(KeyRefused, match=why) as refused:
        await operator.add_key("maria", id_, key)
    assert [fault["pointer"] for fault in refused.value.details["errors"]] == ["/public_key"]
    assert not (await operator.show_client(id_)).keys


async def test_one_kid_is_one_key(operator: AuthOperatorPort) -> None:
    id_ = (await client(operator, "Shop")).client.id
    one, other = (ECKey.generate_key("P-256").as_dict(private=False) | {"kid": "k"} for _ in range(2))
    await operator.add_key("maria", id_, str(one).replace("'", '"'))
    with pytest.raises(KeyRefused, match="has this kid"):
        await operator.add_key("maria", id_, str(other).replace("'", '"'))


async def test_a_client_that_may_do_less_begins_anew_and_one_that_may_do_more_goes_on(
    operator: AuthOperatorPort, auth: AuthPort, world: AuthWorld
) -> None:
    created = await client(operator, "Shop")
    id_, tokens = created.client.id, await world.begin(created)
    more = ClientChanges("New shop", (*BOTH, "catalogue:read"), ("sales", "product"))
    view = await same_again(lambda: operator.update_client("maria", id_, more))
    assert (view.name, view.scopes, view.audiences) == ("New shop", more.scopes, more.audiences)
    assert (await auth.revocations(0)).items == ()
    refreshed = given(await world.refresh(created, tokens.refresh_token))
    less = ClientChanges(scopes=("orders:read",), audiences=("sales",))
    assert (await same_again(lambda: operator.update_client("maria", id_, less))).name == "New shop"
    (told,) = (await auth.revocations(0)).items
    assert (told.client_id, told.generation) == (id_, 2)
    assert error(await world.refresh(created, refreshed.refresh_token)) == "invalid_grant"
    assert given(await world.ask(created, grant_type="client_credentials")).scope == "orders:read"


async def test_a_change_that_makes_no_sense_changes_nothing(operator: AuthOperatorPort) -> None:
    created = await client(operator, "Shop")
    for changes in (ClientChanges(name=""), ClientChanges(scopes=("catalogue:read",)), ClientChanges(audiences=())):
        with pytest.raises(ClientRefused):
            await operator.update_client("maria", created.client.id, changes)
    assert (await operator.show_client(created.client.id)).client == created.client


async def test_a_deleted_client_is_gone_with_its_tokens(
    operator: AuthOperatorPort, auth: AuthPort, world: AuthWorld
) -> None:
    created = await client(operator, "Shop")
    tokens = await world.begin(created)
    await operator.delete_client("maria", created.client.id)
    assert await operator.list_clients() == ClientPage(())
    (told,) = (await auth.revocations(0)).items
    assert (told.client_id, told.generation) == (created.client.id, 2)
    assert error(await world.refresh(created, tokens.refresh_token)) == "invalid_client"
    with pytest.raises(NoSuchClient):
        await operator.delete_client("maria", created.client.id)


async def test_a_service_of_ours_is_changed_by_its_release_only(operator: AuthOperatorPort, world: AuthWorld) -> None:
    await world.service.admit_services({"sales": public(KEYS["ES256"])}, {"sales": ("product",)})
    for call in (
        operator.update_client("maria", service_id("sales"), ClientChanges(name="Sales")),
        operator.delete_client("maria", service_id("sales")),
    ):
        with pytest.raises(ServiceClient):
            await call
    assert (await operator.disable_client("maria", service_id("sales"))).disabled_at


async def test_signing_keys_are_listed_and_rotated(
    operator: AuthOperatorPort, auth: AuthPort, world: AuthWorld
) -> None:
    (first,) = await auth.keys()
    (active,) = await same_again(operator.list_signing_keys)
    assert (active.kid, active.state) == (first.kid, SigningKeyState.ACTIVE)
    world.clock.move(1)
    waiting = await operator.rotate_signing_key("maria")
    assert waiting.state is SigningKeyState.PENDING
    assert list(await operator.list_signing_keys()) == [waiting, active]
    assert {key.kid for key in await auth.keys()} == {waiting.kid, active.kid}
    world.clock.move(1)
    now = await operator.rotate_signing_key("maria", compromised=True)
    assert [key.kid for key in await auth.keys()] == [now.kid]
    assert_frozen(now)


async def test_what_there_is_not_is_not_found(operator: AuthOperatorPort) -> None:
    created, nobody = await client(operator, "Shop"), ClientId(str(new_id()))
    for id_ in (nobody, ClientId("not an id")):
        for call in (
            operator.show_client(id_),
            operator.disable_client("maria", id_),
            operator.enable_client("maria", id_),
            operator.rotate_secret("maria", id_),
            operator.retire_secret("maria", id_, new_id()),
            operator.add_key("maria", id_, PUBLIC_KEY),
            operator.retire_key("maria", id_, new_id()),
            operator.update_client("maria", id_, ClientChanges(name="Shop")),
            operator.delete_client("maria", id_),
        ):
            with pytest.raises(NoSuchClient):
                await call
    with pytest.raises(NoSuchSecret):
        await operator.retire_secret("maria", created.client.id, new_id())
    with pytest.raises(NoSuchKey):
        await operator.retire_key("maria", created.client.id, new_id())


async def test_every_change_is_written_down_with_who_made_it_and_no_repeat_twice(
    operator: AuthOperatorPort,
) -> None:
    id_ = (await client(operator, "Shop")).client.id
    second = await operator.rotate_secret("ben", id_)
    for _ in range(2):
        await operator.retire_secret("ben", id_, second.id)
        await operator.disable_client("maria", id_)
    for _ in range(2):
        await operator.enable_client("eve", id_)
    noted = list(await same_again(lambda: operator.list_changes(id_)))[::-1]
    assert [(row.actor, row.action) for row in noted] == [
        ("maria", "create"),
        ("ben", "rotate_secret"),
        ("ben", "retire_secret"),
        ("maria", "disable"),
        ("eve", "enable"),
    ]
    assert {row.credential for row in noted[1:3]} == {second.id}
    assert {row.client_id for row in noted} == {id_}
    assert list(await operator.list_changes(limit=2)) == noted[:2:-1]
    assert list(await operator.list_changes(ClientId(str(new_id())))) == []
    with pytest.raises(NoSuchClient):
        await operator.list_changes(ClientId("nonsense"))


async def test_failures_are_listed_with_where_they_came_from(operator: AuthOperatorPort, world: AuthWorld) -> None:
    id_ = (await client(operator, "Shop")).client.id
    wrong, nobody = (
        read_request(
            urlencode({"grant_type": "client_credentials", "client_id": one, "client_secret": "x"}).encode(), [], at
        )
        for one, at in ((id_, "192.0.2.7"), (str(new_id()), "192.0.2.8"))
    )
    await world.service.issue_tokens([wrong, wrong, nobody])
    world.clock.move(60)
    await world.service.issue_tokens([wrong])
    found = [(one.client_id, one.address, one.times) for one in await same_again(operator.list_failures)]
    assert found[0] == (id_, "192.0.2.7", 1)
    assert set(found[1:]) == {(id_, "192.0.2.7", 2), (None, "192.0.2.8", 1)}
    assert [one.times for one in await operator.list_failures(id_)] == [1, 2]
    with pytest.raises(NoSuchClient):
        await operator.list_failures(ClientId("nonsense"))
