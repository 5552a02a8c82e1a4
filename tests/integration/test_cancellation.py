"""Who is told to stop stops, whatever the driver made of the cancellation."""

import asyncio
from contextlib import suppress

import pytest

from modules.kernel.database import Database, sql

ONE = sql("SELECT 1 AS one")


async def test_a_task_whose_cancellation_was_dropped_ends_at_its_next_statement(sales_database: Database) -> None:
    begun, never = asyncio.Event(), asyncio.Event()

    async def deaf() -> None:
        begun.set()
        with suppress(asyncio.CancelledError):  # as `asyncio.wait_for` of Python 3.11 does now and then
            await never.wait()
        async with sales_database.reading() as reading:
            await reading.fetch(ONE)
        raise AssertionError("it went on")

    task = asyncio.create_task(deaf())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
