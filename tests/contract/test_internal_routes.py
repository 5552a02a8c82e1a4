"""What a process answers to others: who is let in, how much it takes, how long it works."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.container import REMOTE
from app.http.problems import TooLarge
from modules.auth import remote as auth_remote
from modules.auth.port import AuthPort
from modules.delivery.port import DeliveryPort
from modules.kernel import rpc
from modules.kernel.errors import DeadlineExceeded, NotReached, Unavailable
from modules.kernel.events import LastTold, Progress
from modules.kernel.ids import HoldId, new_id
from modules.product.port import ProductPort
from modules.sales.port import SalesPort, Settlement
from tests.contract.abroad import HELLO, Service, routes_of
from tests.contract.hostile_peer import LOOK, MIB, Far, far
from tests.contract.served import (
    ENDS,
    OPERATOR_TOKEN,
    TOKEN,
    Badge,
    Doorman,
    Nobody,
    application,
    client_of,
    hosting,
    listening,
)

PORTS: Mapping[str, type] = {"auth": AuthPort, "delivery": DeliveryPort, "product": ProductPort, "sales": SalesPort}
BASKET = b'{"requests": [{"lines": [{"sku": "BOLT", "quantity": 1}]}]}'


class Settling:
    """Fulfils `SalesPort`: no hold became an order."""

    async def settle(self, hold_ids: Sequence[HoldId]) -> Sequence[Settlement]:
        return [Settlement.VOID for _ in hold_ids]

    async def progress(self, source: str, subjects: Sequence[UUID]) -> Progress:
        raise AssertionError(source, subjects)

    async def last_told(self, after: UUID | None, limit: int) -> Sequence[LastTold]:
        raise AssertionError(after, limit)


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
async def url(service: Service) -> AsyncIterator[str]:
    async with listening(routes_of(service)) as at:
        yield at


@pytest.fixture
async def reached(url: str) -> AsyncIterator[Far]:
    async with far(url) as port:
        yield port


async def posted(url: str, content: bytes, headers: Mapping[str, str] = HELLO) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False) as http:
        return await http.post(url + LOOK.path, content=content, headers=dict(headers))


# who


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer another"}, {"authorization": "Basic eDp5"}], ids=str)
async def test_nobody_without_a_token_of_ours_is_answered_and_it_is_said_before_the_question_is_looked_at(
    url: str, service: Service, headers: Mapping[str, str]
) -> None:
    for content in (b'{"where": "there"}', b"rubbish"):
        assert (await posted(url, content, headers)).status_code == 401
    assert service.begun == 0


async def test_a_service_that_is_not_admitted_hears_that_nothing_was_asked(url: str, service: Service) -> None:
    async with far(url, badge := Badge("another")) as port:
        with pytest.raises(NotReached, match=r"does not admit this service \(invalid_token\)"):
            await port.raw.look("there")
    assert (service.begun, badge.forgotten) == (0, 1)


# what


async def test_what_is_not_known_of_a_question_is_passed_over(url: str) -> None:
    answer = await posted(url, b'{"where": "there", "floor": 7, "result": null}')
    assert (answer.status_code, answer.json()) == (200, {"result": {"what": "there", "how_much": 1}})


@pytest.mark.parametrize(
    ("content", "status"), [(b"rubbish", 400), (b"", 400), (b"[]", 422), (b"{}", 422), (b'{"where": 5}', 422)]
)
async def test_a_question_without_sense_is_refused_and_no_work_is_begun(
    url: str, service: Service, content: bytes, status: int
) -> None:
    assert (await posted(url, content)).status_code == status
    assert service.begun == 0


@pytest.mark.parametrize("module", PORTS)
async def test_every_method_of_every_module_refuses_who_means_something_else_by_it(module: str) -> None:
    room = REMOTE[module]
    app = hosting(ENDS[PORTS[module]][0](Nobody(), Doorman()), room.operator_routes(Nobody(), Doorman()))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        for method in set(room.METHODS) - {auth_remote.KEYS}:  # those are for everyone, and what they are is a standard
            token = OPERATOR_TOKEN if "/operator/" in method.path else TOKEN
            headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
            asked = await http.request(
                method.verb,
                method.path,
                headers={**headers, rpc.CONTRACT_HEADER: "0123456789abcdef"},
                content=BASKET if method.path == "/availability" else None,
            )
            assert (asked.status_code, asked.json()["code"]) == (503, "contract_mismatch"), method.name
            assert asked.json()["offered"] == list(method.offered)


async def test_a_fault_there_says_no_more_than_where_to_find_it(reached: Far) -> None:
    with pytest.raises(rpc.PeerFault) as raised:
        await reached.raw.show("a secret")
    assert "a secret" not in str(raised.value)
    assert "ZeroDivisionError" not in str(raised.value)


async def test_a_question_of_five_megabytes_is_answered_over_the_routes_of_a_module() -> None:
    holds = [HoldId(new_id()) for _ in range(5 * MIB // len(f'"{new_id()}",') + 1)]
    async with listening(application(SalesPort, Settling())) as url, client_of(SalesPort, url, "sales") as sales:
        assert await sales.settle(holds) == [Settlement.VOID] * len(holds)


async def test_a_question_that_is_too_large_is_refused_by_name_and_the_next_is_answered(
    reached: Far, service: Service
) -> None:
    for _ in range(3):
        with pytest.raises(TooLarge):
            await reached.raw.put(["x" * 17 * MIB])
        assert await reached.raw.put(["x" * MIB]) == ["x" * MIB]
    assert service.begun == 3


# how long


async def test_no_work_is_begun_when_its_time_is_over(url: str, service: Service) -> None:
    answer = await posted(url, b'{"where": "there"}', {**HELLO, rpc.DEADLINE_HEADER: "0"})
    assert (answer.status_code, answer.json()["code"]) == (503, "deadline_exceeded")
    assert service.begun == 0


async def test_work_that_takes_longer_than_the_caller_waits_is_given_up(url: str, service: Service) -> None:
    service.hold = asyncio.Event()
    async with asyncio.timeout(20):
        answer = await posted(url, b'{"where": "there"}', {**HELLO, rpc.DEADLINE_HEADER: "50"})
    assert (answer.status_code, answer.json()["code"]) == (503, "deadline_exceeded")
    assert service.begun == 1


async def test_the_time_that_the_caller_has_left_is_the_time_of_the_work(reached: Far, service: Service) -> None:
    with rpc.deadline(1.5):
        await reached.policed.look("there")
    assert service.remaining[0] is not None
    assert service.remaining[0] <= 1.5


@pytest.mark.parametrize("sent", ["", "-5", "soon", "1e3", "٣", "9" * 30])
async def test_a_deadline_that_is_none_is_the_usual_one(url: str, service: Service, sent: str) -> None:
    headers: dict[str, Any] = {**HELLO, rpc.DEADLINE_HEADER: sent.encode()}
    assert (await posted(url, b'{"where": "there"}', headers)).status_code == 200
    assert service.remaining[0] is not None
    assert service.remaining[0] <= rpc.DEFAULT_TIMEOUT_S


async def test_a_deadline_that_is_exceeded_there_is_the_same_error_here(reached: Far, service: Service) -> None:
    service.hold = asyncio.Event()
    with rpc.deadline(0.5), pytest.raises(DeadlineExceeded) as raised:
        await reached.raw.look("there")  # nothing here ends it: the peer does
    assert isinstance(raised.value, Unavailable)
    assert reached.peer.trouble is None
