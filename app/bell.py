"""The bell: by it a relay that has the lease hears of what other processes have recorded, before it looks by itself.

It is PostgreSQL's NOTIFY, rung by whoever stands by, after the commit and in no transaction of its own (inside one that
writes it would queue up with every other commit of the whole server), and once for all that has gathered meanwhile. A ring
that is lost costs a quarter of a second, so nobody waits to hear that it was heard.
"""

import asyncio
from collections.abc import Callable

import psycopg
from loguru import logger

from app.database import connect_arguments, heed_cancellation
from modules.kernel.outbox import BELL

HANGS_AGAIN_AFTER_S = 1.0
LISTENS_AT_ONCE_S = 60.0


async def listening(dsn: str, heard: Callable[[], None]) -> None:
    """Call `heard` whenever the bell of a database is rung, until cancelled; a connection that breaks is made anew."""
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(dsn, autocommit=True, **connect_arguments()) as connection:
                await connection.execute(f"LISTEN {BELL}")
                heard()  # it may have been rung before anybody listened
                while True:
                    async for _ in connection.notifies(timeout=LISTENS_AT_ONCE_S):
                        heard()
                    heed_cancellation()
        except psycopg.Error as error:
            logger.info("the bell of {} is not heard for a while: {}", dsn.rpartition("/")[2], type(error).__name__)
        await asyncio.sleep(HANGS_AGAIN_AFTER_S)
