"""A process that is told to stop: it says so first, keeps nobody who only listens, and answers what it has."""

import asyncio

from tests.integration.leaving_world import Leaver, before_long, leaver

__all__ = ["leaver"]


async def test_a_process_that_leaves_is_seen_to_before_it_closes(leaver: Leaver) -> None:
    async with leaver.serving() as http:
        assert (await http.get("/health/ready")).status_code == 200
        leaver.stop()
        assert not leaver.closes(), "it closes before anybody could see that it leaves"
        seen = await http.get("/health/ready")
        assert seen.status_code == 503, "it says that it is ready until it closes"
        assert seen.json()["missing"] == {"process": "this process is leaving"}
        assert (await http.get("/health/live")).status_code == 200


async def test_each_answer_of_a_process_that_leaves_sends_its_caller_elsewhere(leaver: Leaver) -> None:
    async with leaver.serving() as http:
        assert "connection" not in (await http.get("/health/live")).headers
        leaver.stop()
        answer = await http.get("/health/live")
    assert (answer.status_code, answer.headers.get("connection")) == (200, "close"), "its callers stay with it"


async def test_what_is_in_hand_is_answered_before_a_process_ends(leaver: Leaver) -> None:
    async with leaver.serving() as http:
        asking = asyncio.create_task(http.get("/work"))
        await leaver.work.reached()
        leaver.stop()
        leaver.close()
        await leaver.closed()
        await asyncio.wait([asking], timeout=0.5)  # it ends at once where it is not waited for
        leaver.work.open()
        answer = await asking
    assert (answer.status_code, answer.text) == (200, '{"work":"done"}'), "a request that was taken on was cut short"


async def test_what_can_be_waited_for_no_longer_is_told_to_come_back(leaver: Leaver) -> None:
    leaver.settings["timeout_graceful_shutdown"] = 0
    async with leaver.serving() as http:
        asking = asyncio.create_task(http.get("/work"))
        await leaver.work.reached()
        leaver.stop()
        leaver.close()
        answer = await asking
    assert (answer.status_code, answer.json()["code"]) == (503, "cut_short")
    assert (answer.headers["retry-after"], answer.json()["retryable"]) == ("1", True)


async def test_a_stream_ends_cleanly_when_its_process_leaves(leaver: Leaver) -> None:
    async with leaver.serving() as http, http.stream("GET", "/stream") as answer:
        lines = answer.aiter_lines()
        assert await anext(lines) == ": following"
        leaver.stop()

        async def rest() -> list[str]:
            return [line async for line in lines]

        told = await before_long(rest(), "a stream holds up the process that it comes from")
    assert set(told) <= {"", "data: on and on"}
