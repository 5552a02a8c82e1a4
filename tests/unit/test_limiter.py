"""What is refused, for how long, and that it is forgotten."""

import io
from uuid import uuid4

import pytest
from loguru import logger

from app.limiter.limiter import REFUSED
from app.limiter.memory import Kept, MemoryCounts
from tests.unit.limiter_world import (
    CLIENT,
    ELSEWHERE,
    HERE,
    OTHER,
    Steady,
    fails,
    in_memory,
    on,
    refused,
    rules,
    steady,
    waits,
)

__all__ = ["steady"]

MINUTES_15 = 15 * 60


async def test_an_address_is_admitted_as_often_as_its_rate_says_and_again_in_the_next_window(steady: Steady) -> None:
    limiter = in_memory(steady, address="3/10 seconds")
    assert [await refused(limiter) for _ in range(5)] == [0, 0, 0, 10, 10]
    steady.at += 9.5
    assert await refused(limiter) == 1
    steady.at += 0.5
    assert await refused(limiter) == 0


async def test_another_address_is_not_affected(steady: Steady) -> None:
    limiter = in_memory(steady, address="1/second")
    assert [await refused(limiter, HERE), await refused(limiter, HERE)] == [0, 1]
    assert await refused(limiter, ELSEWHERE) == 0


async def test_all_together_have_a_rate_too(steady: Steady) -> None:
    limiter = in_memory(steady, everyone="3/minute")
    assert [await refused(limiter, str(number)) for number in range(5)] == [0, 0, 0, 60, 60]


async def test_what_an_address_asks_too_often_takes_nothing_from_the_others(steady: Steady) -> None:
    limiter = in_memory(steady, address="2/minute", everyone="4/minute")
    assert [await refused(limiter, HERE) for _ in range(50)] == [0, 0, *[60] * 48]
    assert await refused(limiter, ELSEWHERE) == 0


async def test_the_first_five_failures_cost_nothing_and_each_further_one_doubles_the_wait_up_to_a_minute(
    steady: Steady,
) -> None:
    limiter = in_memory(steady)
    seen = []
    for _ in range(14):
        await fails(limiter, 1)
        seen.append(await waits(limiter))
        steady.at += seen[-1]
        assert await waits(limiter) == 0, "it waits no longer than it was told"
    assert seen == [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]


async def test_a_million_failures_make_nobody_wait_longer() -> None:
    assert rules().wait_s(1_000_000) == 60


async def test_a_wait_is_told_as_whole_seconds_and_one_at_least(steady: Steady) -> None:
    limiter = in_memory(steady)
    await fails(limiter, 7)
    steady.at += 0.4
    assert await waits(limiter) == 2
    steady.at += 1.5
    assert await waits(limiter) == 1


async def test_a_client_waits_at_the_address_it_failed_from_only(steady: Steady) -> None:
    limiter = in_memory(steady)
    await fails(limiter, 9, CLIENT, HERE)
    assert await waits(limiter, CLIENT, HERE) == 8
    assert await waits(limiter, CLIENT, ELSEWHERE) == 0
    assert await waits(limiter, OTHER, HERE) == 0


async def test_failures_are_forgotten_a_quarter_of_an_hour_after_the_last(steady: Steady) -> None:
    limiter = in_memory(steady)
    await fails(limiter, 5)
    steady.at += MINUTES_15 - 1
    assert await limiter.admit_client(CLIENT, HERE)
    await fails(limiter, 1)
    assert await waits(limiter) == 1
    steady.at += MINUTES_15
    assert not await limiter.admit_client(CLIENT, HERE)
    await fails(limiter, 5)
    assert await waits(limiter) == 0


async def test_a_success_clears_the_failures(steady: Steady) -> None:
    limiter = in_memory(steady)
    await fails(limiter, 12)
    await limiter.succeeded(CLIENT, HERE)
    assert not await limiter.admit_client(CLIENT, HERE)
    await fails(limiter, 5)
    assert await waits(limiter) == 0


async def test_ever_new_clients_from_one_address_come_to_an_end(steady: Steady) -> None:
    limiter = in_memory(steady, address_failures="60/minute")
    for _ in range(60):
        assert await waits(limiter, uuid4()) == 0
        await fails(limiter, 1, uuid4())
    assert await waits(limiter, uuid4()) == 60
    assert await waits(limiter, uuid4(), ELSEWHERE) == 0
    steady.at += 60
    assert await waits(limiter, uuid4()) == 0


async def test_what_names_no_client_counts_for_its_address_only(steady: Steady) -> None:
    limiter = in_memory(steady, address_failures="20/minute")
    await fails(limiter, 19, None)
    assert await waits(limiter, None) == 0
    await fails(limiter, 1, None)
    assert await waits(limiter, None) == 60


async def test_no_number_of_addresses_and_clients_makes_the_memory_grow(steady: Steady) -> None:
    counts = MemoryCounts(bound=100, steady=steady)
    limiter = on(counts, address="10/hour", everyone="1000000/second")
    for number in range(1000):
        await limiter.admit(f"address {number}")
        await limiter.failed(uuid4(), f"address {number}")
    # Windows of an hour and of a minute, one of a second for everyone, and clients.
    assert len(counts) <= 301


async def test_what_is_over_is_thrown_away_as_others_come(steady: Steady) -> None:
    kept: Kept[int] = Kept(10, 1000, steady)
    for number in range(100):
        kept.put(number, number)
    steady.at += 10
    assert kept.get(99) is None
    for number in range(100, 200):
        kept.put(number, number)
    assert len(kept) == 100
    assert kept.get(199) == (10, 199)


async def test_a_value_that_is_put_again_is_the_last_to_go(steady: Steady) -> None:
    kept: Kept[str] = Kept(10, 2, steady)
    for key in ("a", "b", "a", "c"):
        kept.put(key, key)
    assert (kept.get("a"), kept.get("b"), kept.get("c")) == ((10, "a"), None, (10, "c"))


async def test_each_refusal_is_counted_and_one_a_minute_is_logged_without_the_client(steady: Steady) -> None:
    limiter = in_memory(steady, address="1/minute")
    before = {by: counter._value.get() for by, counter in REFUSED.items()}
    written = io.StringIO()
    sink = logger.add(written, format="{message}")
    try:
        await fails(limiter, 6)
        for _ in range(3):
            await refused(limiter)
            await waits(limiter)
        steady.at += 59
        await refused(limiter)
        lines = written.getvalue().splitlines()
        await fails(limiter, 1)
        steady.at += 1
        await waits(limiter)
    finally:
        logger.remove(sink)
    assert [line.partition(":")[0] for line in lines] == ["limited by client", "limited by address"]
    assert len(written.getvalue().splitlines()) == 3
    assert str(CLIENT) not in written.getvalue()
    after = {by: counter._value.get() - before[by] for by, counter in REFUSED.items()}
    assert after == {"address": 3, "everyone": 0, "client": 4}


@pytest.mark.parametrize("rate", ["200/second", "60/5 minutes", "1 / 2hours", "7/day"])
def test_every_rate_that_settings_take_is_understood(rate: str) -> None:
    assert rules(address=rate).address.amount == int(rate.split("/", maxsplit=1)[0])
