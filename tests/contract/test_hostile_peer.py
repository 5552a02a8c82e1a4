"""A peer that hangs, resets, refuses, says too much or too slowly; and callers that leave."""

import asyncio
import socket
import time

import pytest

from app.rpc import CONNECTIONS, MAX_ANSWER
from modules.kernel import rpc
from modules.kernel.errors import DeadlineExceeded, NotReached, Unavailable
from tests.contract.hostile_peer import (
    MIB,
    PATIENCE_S,
    Answer,
    Asked,
    Far,
    HostilePeer,
    Line,
    Sight,
    far,
    in_parts,
    result,
    usual,
)

HANGING = [in_parts(then=Line.gone), in_parts(b'{"result"', then=Line.gone)]
WHERE = ["before the answer", "in the middle of it"]
BROKEN = [
    in_parts(then=Line.reset),
    in_parts(b'{"result"', then=Line.reset),
    in_parts(then=lambda line: line.writer.close()),
]


# silence


@pytest.mark.parametrize("hanging", HANGING, ids=WHERE)
async def test_a_peer_that_hangs_is_left_in_time_and_knew_how_long_it_had(
    port: Far, peer: HostilePeer, hanging: Answer
) -> None:
    await port.policed.look("there")
    peer.told.append(hanging)
    began = time.monotonic()
    with rpc.deadline(0.4), pytest.raises(DeadlineExceeded):
        await port.policed.look("there")
    assert time.monotonic() - began < 5
    asked = peer.asked[-1]
    assert began + 0.4 - asked.at - 0.01 <= asked.deadline_ms / 1000 <= 0.4
    assert port.peer.trouble == "peer gives no answer"
    assert await port.policed.look("there") == Sight("there")
    assert port.peer.trouble is None


async def test_a_peer_that_hangs_when_it_is_asked_what_it_serves_is_left_in_time(port: Far, peer: HostilePeer) -> None:
    well, peer.contract = peer.contract, in_parts(then=Line.gone)
    with rpc.deadline(0.3), pytest.raises(DeadlineExceeded):
        await port.policed.look("there")
    assert peer.asked == []
    peer.contract = well
    assert await port.policed.look("there") == Sight("there")


async def test_where_nobody_listens_nothing_was_asked() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    async with far(url) as port:
        with pytest.raises(NotReached):
            await port.raw.show("me")
        assert port.peer.trouble == "peer gives no answer"


@pytest.mark.parametrize("broken", BROKEN, ids=["reset before", "reset in the middle", "closed before"])
async def test_a_connection_that_breaks_leaves_it_open_whether_the_call_took_effect(
    port: Far, peer: HostilePeer, broken: Answer
) -> None:
    peer.told.append(broken)
    with pytest.raises(Unavailable) as raised:
        await port.raw.show("me")
    assert not isinstance(raised.value, NotReached)  # the question was read there
    assert [asked.question for asked in peer.asked] == [{"what": "me"}]
    assert await port.raw.show("me") == "me"


async def test_a_connection_that_was_closed_between_two_calls_is_not_missed(port: Far, peer: HostilePeer) -> None:
    async def and_closes(line: Line, asked: Asked) -> None:
        await usual(line, asked)
        line.writer.close()

    for _ in range(3):
        peer.told.append(and_closes)
        assert await port.policed.look("there") == Sight("there")
    assert await port.policed.look("there") == Sight("there")
    assert peer.connections >= 4


# much


async def test_an_answer_of_five_megabytes_arrives(port: Far, peer: HostilePeer) -> None:
    peer.told.append(result({"what": "x" * 5 * MIB}))
    assert (await port.raw.look("there")).what == "x" * 5 * MIB


async def test_an_answer_beyond_the_bound_is_not_read_to_its_end(port: Far, peer: HostilePeer) -> None:
    sent, left = 0, asyncio.Event()

    async def endless(line: Line, _: Asked) -> None:
        nonlocal sent
        await line.send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        try:
            while sent < 6 * MAX_ANSWER:
                await line.send(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
                sent += 0x10000
        except ConnectionError:
            left.set()

    peer.told.append(endless)
    with pytest.raises(Unavailable, match=f"longer than {MAX_ANSWER}"):
        await port.raw.look("there")
    await asyncio.wait_for(left.wait(), 10)
    assert MAX_ANSWER <= sent < 3 * MAX_ANSWER  # what was under way in buffers
    assert await port.raw.look("there") == Sight("there")


async def test_a_peer_that_is_slow_but_in_time_is_heard(port: Far, peer: HostilePeer) -> None:
    async def slowly(line: Line, _: Asked) -> None:
        content = b'{"result": {"what": "there"}}'
        await line.send(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(content))
        for letter in content:
            await line.send(bytes([letter]))
            await asyncio.sleep(0.01)

    peer.told.append(slowly)
    assert await port.policed.look("there") == Sight("there")
    assert len(peer.asked) == 1


# many


async def test_callers_that_leave_take_no_connection_with_them(port: Far, peer: HostilePeer) -> None:
    await port.raw.look("there")
    for _ in range(2):  # more of them together than there are connections
        asked, all_asked = len(peer.asked), asyncio.Event()

        async def wait(line: Line, _: Asked, before: int = asked, full: asyncio.Event = all_asked) -> None:
            if len(peer.asked) == before + CONNECTIONS:
                full.set()
            await line.gone()

        peer.told.extend([wait] * CONNECTIONS)
        leaving = [asyncio.create_task(port.raw.look("away")) for _ in range(CONNECTIONS)]
        await asyncio.wait_for(all_asked.wait(), PATIENCE_S)
        for task in leaving:
            task.cancel()
        ends = await asyncio.gather(*leaving, return_exceptions=True)
        assert {type(end) for end in ends} == {asyncio.CancelledError}
    assert await asyncio.gather(*(port.raw.show(str(one)) for one in range(CONNECTIONS))) == [
        str(one) for one in range(CONNECTIONS)
    ]


async def test_two_hundred_calls_at_once_share_the_connections_and_one_question_what_is_served(
    port: Far, peer: HostilePeer
) -> None:
    full = asyncio.Event()

    async def when_full(line: Line, asked: Asked) -> None:
        if peer.open >= CONNECTIONS:
            full.set()
        await full.wait()
        await usual(line, asked)

    peer.told.extend([when_full] * 200)
    answers = await asyncio.gather(*(port.raw.show(str(one)) for one in range(200)))
    assert answers == [str(one) for one in range(200)]
    assert peer.most_open == CONNECTIONS
    assert peer.contracts_told == 1
