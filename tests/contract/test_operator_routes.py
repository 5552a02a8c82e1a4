"""Who may do what the operator does, from another process, and what is written down of it."""

from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from loguru import logger

from app.container import REMOTE, contracts
from modules.auth import remote as auth_remote
from modules.auth.model.scope import belongs
from modules.auth.port import AuthOperatorPort, ClientKind
from modules.delivery.port import DeliveryOperatorPort
from modules.kernel import rpc
from modules.kernel.database import Database
from modules.kernel.errors import NotReached
from modules.product.port import ProductOperatorPort
from modules.sales.port import SalesOperatorPort
from modules.web.internal import OPERATOR_AUDIENCE, READS, WRITES
from tests.contract.served import OPERATOR_TOKEN, READER_TOKEN, TOKEN, Badge, Nobody, application, client_of, listening
from tests.integration.auth_world import AuthWorld

PORTS: Mapping[str, type] = {
    "auth": AuthOperatorPort,
    "delivery": DeliveryOperatorPort,
    "product": ProductOperatorPort,
    "sales": SalesOperatorPort,
}
OPERATED = [
    (module, method) for module, room in REMOTE.items() for method in room.METHODS if "/operator/" in method.path
]


def operated(module: str) -> FastAPI:
    return application(PORTS[module], Nobody())


async def asked(app: FastAPI, path: str, token: str | None) -> httpx.Response:
    """The answer to a question without sense: who may not ask is told so first."""
    headers = {"authorization": f"Bearer {token}"} if token else {}
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        return await http.post(path, headers=headers, content=b"[]")


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """Everything that is logged."""
    written: list[str] = []
    sink = logger.add(lambda line: written.append(str(line)), level="TRACE", format="{message}\n{exception}")
    yield written
    logger.remove(sink)


@pytest.mark.parametrize(("module", "method"), OPERATED, ids=lambda one: getattr(one, "name", one))
async def test_no_service_of_ours_may_and_who_only_looks_changes_nothing(
    module: str, method: rpc.Crossing[..., Any]
) -> None:
    app, reads = operated(module), method.policy.repeat is rpc.Repeat.READ
    assert (await asked(app, method.path, None)).status_code == 401
    refused = await asked(app, method.path, TOKEN)
    assert (refused.status_code, refused.json()["code"]) == (401, "invalid_token")
    looking = await asked(app, method.path, READER_TOKEN)
    assert looking.status_code == (422 if reads else 403)
    assert reads or looking.json()["scope"] == WRITES
    assert (await asked(app, method.path, OPERATOR_TOKEN)).status_code == 422


def test_the_scopes_are_those_that_auth_gives_for_the_audience() -> None:
    assert belongs(READS, OPERATOR_AUDIENCE)
    assert belongs(WRITES, OPERATOR_AUDIENCE)


@pytest.mark.parametrize("module", PORTS)
async def test_every_method_of_the_operators_crosses_is_in_the_contract_and_is_no_secret_of_the_documentation(
    module: str,
) -> None:
    crossing = {method.name for name, method in OPERATED if name == module}
    assert crossing == rpc.policies(PORTS[module]).keys() <= contracts()[module].keys()
    app = operated(module)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        told = (await http.get(f"/internal/{module}/contract")).json()["methods"]
    assert {name: tuple(offered) for name, offered in told.items()} == contracts()[module]
    assert not [path for path in app.openapi()["paths"] if path.startswith("/internal/")]


@pytest.mark.parametrize("module", REMOTE)
def test_no_two_methods_of_a_module_have_a_name_or_a_path_in_common(module: str) -> None:
    room: ModuleType = REMOTE[module]
    assert len({method.name for method in room.METHODS}) == len(room.METHODS) == len({m.path for m in room.METHODS})


async def test_the_secret_of_a_new_client_crosses_and_is_written_down_nowhere(
    auth_database: Database, lines: list[str]
) -> None:
    world = AuthWorld(auth_database)
    async with (
        listening(application(AuthOperatorPort, world.service)) as url,
        client_of(AuthOperatorPort, url, "auth") as operator,
    ):
        made = await operator.create_client("maria", "Shop", ["orders:read"], ["sales"], ClientKind.CUSTOMER)
    assert (await world.begin(made)).access_token
    assert made.client_secret not in repr(made)
    assert lines  # the request was logged
    assert not [line for line in lines if made.client_secret in line]


def test_an_answer_that_makes_no_sense_is_complained_of_without_what_it_holds() -> None:
    document = b'{"result": {"client": {"id": 5}, "client_secret": "wbc_a_secret"}}'
    with pytest.raises(ValueError, match="result/client/id") as told:
        auth_remote.CREATE_CLIENT.read_answer(document, {})
    assert "wbc_a_secret" not in f"{told.value!r} {told.value.__cause__!r}"
    assert told.value.__suppress_context__


async def test_an_operator_who_is_not_admitted_is_told_so(auth_database: Database) -> None:
    world = AuthWorld(auth_database)
    async with (
        listening(application(AuthOperatorPort, world.service)) as url,
        client_of(AuthOperatorPort, url, "auth", Badge(READER_TOKEN)) as operator,
    ):
        assert (await operator.list_clients()).items == ()
        with pytest.raises(NotReached, match=r"auth does not admit .* \(insufficient_scope\)"):
            await operator.create_client("maria", "Shop", ["orders:read"], ["sales"], ClientKind.CUSTOMER)
    assert (await world.service.list_clients()).items == ()
