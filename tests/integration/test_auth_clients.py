"""Clients: made by the operator, with a secret that is shown once."""

import pytest

from modules.auth.port import ClientKind, ClientRefused, ClientView
from modules.kernel.database import ConstraintViolated, Database
from modules.kernel.errors import Invalid
from modules.kernel.ids import ClientId
from tests.integration.auth_world import AuthWorld

INSERT = """
    INSERT INTO client (id, name, kind, scopes, audiences, created_at, created_by)
    VALUES (gen_random_uuid(), :name, :kind, :scopes, ARRAY['sales'], now(), 'test')
"""


@pytest.fixture
def world(auth_database: Database) -> AuthWorld:
    return AuthWorld(auth_database)


async def test_a_new_client_is_shown_with_its_secret_once(world: AuthWorld) -> None:
    created = await world.client(["orders:write", "orders:read", "orders:write"], ["sales", "sales"])
    assert created.client.scopes == ("orders:write", "orders:read")
    assert created.client.audiences == ("sales",)
    assert created.client.created_by == "test"
    assert created.client_secret not in repr(created)
    assert (await world.service.list_clients()).items == (created.client,)


async def test_a_client_that_makes_no_sense_is_refused_with_every_reason(world: AuthWorld) -> None:
    with pytest.raises(ClientRefused) as refused:
        await world.service.create_client("test", "", ["internal:call", "x"], ["moon"], ClientKind.CUSTOMER)
    errors = refused.value.details["errors"]
    assert [fault["pointer"] for fault in errors] == ["/name", "/audiences/0", "/scopes/0", "/scopes/1"]
    assert (await world.service.list_clients()).items == ()


async def test_clients_are_listed_by_age_page_by_page(world: AuthWorld) -> None:
    created = [(await world.client()).client for _ in range(5)]
    seen: list[ClientView] = []
    after, pages = None, 0
    while True:
        page = await world.service.list_clients(after, limit=2)
        seen += page.items
        pages += 1
        if page.next is None:
            break
        after = page.next
    assert seen == created
    assert pages == 3


async def test_a_full_last_page_has_no_next(world: AuthWorld) -> None:
    created = [(await world.client()).client for _ in range(2)]
    assert (await world.service.list_clients(limit=2)).next is None
    assert (await world.service.list_clients(created[-1].id)).items == ()


async def test_a_place_that_is_none_is_refused(world: AuthWorld) -> None:
    with pytest.raises(Invalid) as refused:
        await world.service.list_clients(ClientId("nonsense"))
    assert refused.value.details["errors"][0]["pointer"] == "/after"


async def test_the_database_itself_refuses_a_third_live_secret(world: AuthWorld) -> None:
    client = await world.client()
    insert = """
        INSERT INTO client_secret (id, client_id, slot, digest, pepper_version, created_at)
        VALUES (gen_random_uuid(), :client, :slot, sha256('x'), 1, now())
    """
    await world.do(insert, client=client.client.id, slot=2)
    with pytest.raises(ConstraintViolated, match="client_secret_two_live"):
        await world.do(insert, client=client.client.id, slot=2)
    with pytest.raises(ConstraintViolated, match="client_secret_slot"):
        await world.do(insert, client=client.client.id, slot=3)


@pytest.mark.parametrize(
    ("name", "kind", "scopes", "constraint"),
    [
        ("", "customer", ["orders:read"], "client_name"),
        ("shop", "admin", ["orders:read"], "client_kind"),
        ("shop", "customer", [], "client_can_do_something"),
        ("shop", "customer", ["internal:call"], "client_internal_is_for_services"),
    ],
)
async def test_the_database_itself_refuses_clients_that_may_not_be(
    world: AuthWorld, name: str, kind: str, scopes: list[str], constraint: str
) -> None:
    with pytest.raises(ConstraintViolated, match=constraint):
        await world.do(INSERT, name=name, kind=kind, scopes=scopes)
