"""What a call to a port means besides its data."""

import asyncio
from collections.abc import Iterator
from typing import cast

import pytest
from loguru import logger

from app.calls import CallInTransaction, policed
from modules.kernel import rpc
from modules.kernel.database import Database
from modules.kernel.errors import Conflict, DeadlineExceeded, NotReached, Unavailable
from tests.unit.calls_world import HandClock, NoPool, Peer, Port, around, silent

PATIENCE_S = 10.0  # only a test that fails waits so long


@pytest.fixture
def peer() -> Peer:
    return Peer()


@pytest.fixture
def port(peer: Peer) -> Port:
    return around(peer, HandClock())


@pytest.fixture
def errors() -> Iterator[list[str]]:
    """What is logged as an error."""
    lines: list[str] = []
    sink = logger.add(lambda line: lines.append(str(line)), level="ERROR", format="{message}")
    yield lines
    logger.remove(sink)


# transactions


async def test_a_call_inside_an_open_transaction_raises_before_it_is_made(port: Port, peer: Peer) -> None:
    async with Database("sales", NoPool()).transaction():
        with pytest.raises(CallInTransaction, match=r"peer\d+\.look .* transaction of sales"):
            await port.look()
    assert peer.calls == 0
    assert await port.look() == "an answer"


async def test_a_call_inside_an_open_transaction_is_logged_and_made_where_nobody_is_strict(
    peer: Peer, errors: list[str]
) -> None:
    port = around(peer, HandClock(), strict=False)
    async with Database("sales", NoPool()).transaction():
        assert await port.look() == "an answer"
    assert errors == [f"{peer.name}.look was called inside a transaction of sales\n"]


# deadlines


async def test_a_target_that_hangs_is_given_up_in_time(port: Port, peer: Peer) -> None:
    peer.told = [None]
    async with asyncio.timeout(PATIENCE_S):
        with rpc.deadline(0.2), pytest.raises(DeadlineExceeded):
            await port.look()
    assert peer.calls == 1


async def test_a_method_has_the_time_that_it_declares(port: Port, peer: Peer) -> None:
    peer.told = [None]
    async with asyncio.timeout(PATIENCE_S):
        with pytest.raises(DeadlineExceeded):
            await port.glance()
    await port.look()
    assert peer.remaining[0] <= 0.2
    assert 1 < peer.remaining[1] <= rpc.DEFAULT_TIMEOUT_S


async def test_an_outer_deadline_shortens_an_inner_and_never_extends_it(port: Port, peer: Peer) -> None:
    with rpc.deadline(0.5):
        await port.look()
    with rpc.deadline(60):
        await port.look()
    assert peer.remaining[0] <= 0.5
    assert 0.5 < peer.remaining[1] <= rpc.DEFAULT_TIMEOUT_S


async def test_no_work_is_begun_when_its_time_is_over(port: Port, peer: Peer) -> None:
    with rpc.deadline(0), pytest.raises(DeadlineExceeded):
        await port.look()
    assert peer.calls == 0


# repeating


@pytest.mark.parametrize("error", [Unavailable("The answer was lost."), NotReached("Away.")], ids=type)
async def test_reads_and_idempotent_calls_are_repeated_twice_at_most_when_no_answer_comes(
    port: Port, peer: Peer, error: Unavailable
) -> None:
    peer.told = [error, error]
    assert await port.look() == "an answer"
    peer.told = [error, error, error]
    with pytest.raises(type(error)):
        await port.put("key")
    assert peer.calls == 6


@pytest.mark.parametrize("error", [Conflict("No."), ValueError("a bug")], ids=type)
async def test_a_refusal_or_a_bug_is_not_repeated_and_arrives_as_it_is(
    port: Port, peer: Peer, error: Exception
) -> None:
    peer.told = [error]
    with pytest.raises(type(error)) as raised:
        await port.look()
    assert raised.value is error
    assert peer.calls == 1


async def test_what_may_be_done_once_only_is_never_repeated(port: Port, peer: Peer) -> None:
    await silent(port, peer, times=1)
    assert peer.calls == 1


# metrics, declarations


async def test_calls_are_counted_once_each_by_what_came_of_them(port: Port, peer: Peer) -> None:
    ends: list[Exception] = [Conflict("No."), Unavailable("Lost."), Unavailable("Lost."), ValueError("a bug")]
    for end in ends:
        peer.told = [end]
        with pytest.raises(type(end)):
            await port.show()
    peer.told = [Unavailable("Lost.")]
    await port.look()  # answered at the second attempt: one call
    counted = {outcome: peer.counted("show", outcome) for outcome in ("answered", "refused", "unavailable", "failed")}
    assert counted == {"answered": 0, "refused": 1, "unavailable": 2, "failed": 1}
    assert (peer.counted("look", "answered"), peer.counted("look", "unavailable")) == (1, 0)


def test_a_method_that_declares_nothing_is_a_type_error() -> None:
    class Careless:
        async def forget(self) -> None: ...

    with pytest.raises(TypeError, match=r"Careless\.forget does not declare"):
        policed(Careless, cast("Careless", object()), "peer")
