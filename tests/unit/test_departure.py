"""Leaving: it is seen at once, and closing waits until it has been."""

import asyncio
import os
import signal

from app.departure import Departure

SOON_S = 10.0


async def test_who_is_told_to_stop_is_seen_to_leave_before_it_closes() -> None:
    departure, closed = Departure(notice_s=0.05), asyncio.Event()
    assert not departure.begun()

    departure.begin(closed.set)

    assert (departure.begun(), closed.is_set()) == (True, False)
    async with asyncio.timeout(SOON_S):
        await closed.wait()


async def test_being_told_again_neither_hurries_nor_repeats_it() -> None:
    closed: list[str] = []
    departure, done = Departure(notice_s=0.05), asyncio.Event()
    departure.at_once(lambda: closed.append("left"))

    departure.begin(done.set)
    departure.begin(lambda: closed.append("hurried"))

    async with asyncio.timeout(SOON_S):
        await done.wait()
    assert closed == ["left"]


async def test_what_begins_while_it_leaves_is_left_at_once() -> None:
    departure, left = Departure(notice_s=0.0), asyncio.Event()
    departure.begin(lambda: None)

    departure.at_once(left.set)

    assert left.is_set()


async def test_a_signal_does_what_it_did_when_notice_was_given_once_however_often_it_comes() -> None:
    heard, done = list[int](), asyncio.Event()

    def closes(number: int, _frame: object) -> None:
        heard.append(number)
        done.set()

    before = {each: signal.signal(each, closes) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        departure = Departure(notice_s=0.05)
        departure.heed(signal.SIGTERM, signal.SIGINT)
        for each in (signal.SIGTERM, signal.SIGINT, signal.SIGTERM):
            os.kill(os.getpid(), each)
        async with asyncio.timeout(SOON_S):
            await done.wait()
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    assert (heard, departure.begun()) == ([signal.SIGTERM], True)
