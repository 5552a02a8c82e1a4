"""Who can wait waits while something is going on, and not for ever."""

import asyncio
import time

from app.calm import AT_MOST_S, QUIET_S, Calm


async def _stirring(calm: Calm) -> None:
    while True:
        calm.stirred()
        await asyncio.sleep(QUIET_S / 10)


async def test_where_nothing_went_out_nobody_waits() -> None:
    task = asyncio.create_task(Calm().come())
    await asyncio.sleep(0)
    assert task.done()


async def test_after_something_went_out_there_is_a_pause() -> None:
    calm = Calm()
    calm.stirred()
    began = time.monotonic()
    await calm.come()
    assert time.monotonic() - began >= QUIET_S * 0.9


async def test_however_much_goes_out_the_pause_ends() -> None:
    calm = Calm()
    stirring = asyncio.create_task(_stirring(calm))
    await asyncio.sleep(0)
    began = time.monotonic()
    async with asyncio.timeout(10 * AT_MOST_S):
        await calm.come()
    assert time.monotonic() - began >= AT_MOST_S * 0.9
    stirring.cancel()
