"""Server-sent events: where they begin, what they look like, when they end."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import Request
from fastapi.responses import StreamingResponse

from modules.web.sse import frame, last_event_id, stream

SOON = timedelta(minutes=5)


async def told(batches: Sequence[Sequence[bytes]], valid_for: timedelta = SOON) -> list[bytes]:
    """What the client reads of a stream that would go on for ever."""

    async def steps() -> AsyncIterator[Sequence[bytes]]:
        for batch in batches:
            yield batch

    answer = stream(steps(), datetime.now(UTC) + valid_for)
    assert isinstance(answer, StreamingResponse)
    return [chunk if isinstance(chunk, bytes) else bytes(str(chunk), "utf-8") async for chunk in answer.body_iterator]


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


async def test_it_ends_with_the_token() -> None:
    assert await told([[b"1"]], -SOON) == [b": following\n\n"]
