"""Server-sent events: where they begin, what they look like, when they end."""

import asyncio
from collections.abc import AsyncGenerator, Callable, MutableMapping, Sequence
from typing import Any

import pytest
from fastapi import Request

from modules.web.sse import EventStream, frame, last_event_id


async def told(batches: Sequence[Sequence[bytes]], good: Callable[[], bool] = lambda: True, **more: Any) -> list[bytes]:
    """What the client reads of a stream that would go on for ever."""
    return [chunk async for chunk in EventStream(steps(batches), good, **more)._frames]


async def steps(batches: Sequence[Sequence[bytes]]) -> AsyncGenerator[Sequence[bytes]]:
    for batch in batches:
        yield batch


@pytest.mark.parametrize(
    ("header", "number"), [("7", 7), ("0", 0), ("", 0), ("-1", 0), ("x", 0), ("1.5", 0), ("²", 0), ("9" * 10, 0)]
)
def test_a_stream_resumes_behind_a_number_of_ours_and_begins_at_any_other(header: str, number: int) -> None:
    headers = [(b"last-event-id", header.encode("latin-1"))]

    assert last_event_id(Request({"type": "http", "headers": headers})) == number


def test_an_event_has_its_number_its_name_and_its_data_in_one_line() -> None:
    data: dict[str, Any] = {"to": "packed", "note": "a\nb"}

    assert frame("transition", 3, data) == b'id: 3\nevent: transition\ndata: {"to":"packed","note":"a\\nb"}\n\n'


async def test_a_stream_says_at_once_that_it_has_begun() -> None:
    assert await told([]) == [b": following\n\n"]


async def test_events_come_in_their_batches_and_silence_says_nothing() -> None:
    assert await told([[b"1", b"2"], [], [b"3"]]) == [b": following\n\n", b"12", b"3"]


async def test_it_ends_as_soon_as_the_caller_may_not_read_on() -> None:
    answers = iter([True, False])
    assert await told([[b"1"], [b"2"], [b"3"]], lambda: next(answers)) == [b": following\n\n", b"1"]


async def test_when_nothing_came_for_a_while_it_says_that_it_is_still_there() -> None:
    assert await told([[], [b"1"], []], heartbeat_s=0) == [
        b": following\n\n",
        b": still here\n\n",
        b"1",
        b": still here\n\n",
    ]


async def test_a_reader_that_takes_nothing_is_cut_off_and_what_was_behind_it_is_closed() -> None:
    closed = []
    sent: list[bytes] = []

    async def for_ever() -> AsyncGenerator[Sequence[bytes]]:
        try:
            while True:
                yield [b"x"]
        finally:
            closed.append(True)

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message.get("body", b""))
        if len(sent) > 3:
            await asyncio.Event().wait()  # the reader's window is full, and stays so

    await EventStream(for_ever(), lambda: True, slow_s=0.01).stream_response(send)
    assert sent == [b"", b": following\n\n", b"x", b"x"]
    assert closed == [True]


async def test_whoever_leaves_closes_what_was_behind_it() -> None:
    closed = []

    async def for_ever() -> AsyncGenerator[Sequence[bytes]]:
        try:
            while True:
                yield []
                await asyncio.sleep(0)
        finally:
            closed.append(True)

    async def send(_message: MutableMapping[str, Any]) -> None:
        """Everything is taken."""

    task = asyncio.create_task(EventStream(for_ever(), lambda: True).stream_response(send))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0)
    assert closed == [True]
