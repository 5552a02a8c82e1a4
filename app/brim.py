"""Taking on no more than can wait: whether an outbox is full is looked up beside the orders, not by each of them."""

import asyncio
import time

from loguru import logger

from app.telemetry.metrics import OUTBOX_FULL
from modules.kernel.errors import Unavailable
from modules.kernel.outbox import Outbox

LOOK_EVERY_S = 1.0
SHARE = 0.05
"""Of all time, how much is spent on looking at most, however full it is."""


async def keep_within(outbox: Outbox, most: int) -> None:
    """Have an outbox refuse what it can't take on, and take on more again, until cancelled.

    Every process looks for itself: the one that publishes may be another, or none.
    """
    while True:
        began = time.monotonic()
        await look(outbox, most)
        await asyncio.sleep(max(LOOK_EVERY_S, (time.monotonic() - began) / SHARE))


async def look(outbox: Outbox, most: int) -> None:
    """Look once, and say what has changed. While the database is away it stays as it was seen last."""
    before, name = outbox.full, outbox.database.name
    try:
        full = await outbox.look(most)
    except Unavailable as error:
        logger.warning("how many events of {} wait can't be seen now: {}", name, error.detail)
        return
    OUTBOX_FULL.labels(name).set(full)
    if full and not before:
        logger.error("more than {} events of {} wait to be published: what would add to them is refused", most, name)
    if before and not full:
        logger.info("events of {} are published again: what adds to them is taken on", name)
