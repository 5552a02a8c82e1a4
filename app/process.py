"""One process: what runs beside its requests, from its first to its last."""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from loguru import logger

from app.container import Container
from app.http import Health, create_app
from app.telemetry.metrics import INBOX_PARKED, OUTBOX_AGE, OUTBOX_EVENTS, SWEPT
from modules.kernel.database import Database, sql
from modules.kernel.errors import Unavailable

ALIVE = sql("SELECT 1")
ENDS_WITHIN_S = 3.0
GC_THRESHOLDS = (50_000, 20, 100)


def build_app(container: Container) -> FastAPI:
    """The application of a process that hosts all four modules."""
    settings = container.settings()
    health = Health(_checks(container), lambda: _refresh(container))
    issuer = settings.tokens.issuer
    return create_app("Waybill", container.routers(), health, lambda: _lifetime(container), issuer)


@asynccontextmanager
async def _lifetime(container: Container) -> AsyncIterator[None]:
    await container.verifier().learn(container.auth_port())
    jobs: list[Coroutine[Any, Any, None]] = [
        container.verifier().follow(container.auth_port()),
        _every(container.settings().holds.sweep_interval_s, lambda: _sweep(container)),
        *(consumer.run() for consumer in container.consumers()),
        *(relay.run() for relay in container.relays() if container.settings().events.relay),
    ]
    tasks = [asyncio.create_task(job) for job in jobs]
    for task in tasks:
        task.add_done_callback(_ended)
    gc.collect()
    gc.freeze()
    gc.enable()
    gc.set_threshold(*GC_THRESHOLDS)  # the cyclic collector is what spoils the slowest answers
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=ENDS_WITHIN_S)
        for database in container.databases():
            await database.close()


def _ended(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        logger.opt(exception=task.exception()).critical("a background job ended: this process can't do its part")


async def _every(seconds: float, job: Callable[[], Awaitable[None]]) -> None:
    while True:
        await asyncio.sleep(seconds)
        await job()


async def _sweep(container: Container) -> None:
    try:
        SWEPT.inc(await container.sweeper().sweep())
    except Unavailable as error:
        logger.warning("holds can't be settled now: {}", error.detail)


def _checks(container: Container) -> dict[str, Callable[[], Awaitable[str | None]]]:
    def check(database: Database) -> Callable[[], Awaitable[str | None]]:
        async def answers() -> str | None:
            try:
                async with database.reading() as reading:
                    await reading.fetch(ALIVE)
            except Unavailable:
                return f"the {database.name} database gives no answer"
            return None

        return answers

    async def keys() -> str | None:
        return None if container.verifier().ready else "keys and revocations are not loaded"

    return {f"database.{one.name}": check(one) for one in container.databases()} | {"keys": keys}


async def _refresh(container: Container) -> None:
    """Read the gauges that live in the databases."""
    try:
        for outbox in (container.sales_outbox(), container.delivery_outbox()):
            depth = await outbox.depth()
            for state in ("recorded", "published"):
                events, age_s = depth.get(state, (0, 0.0))
                OUTBOX_EVENTS.labels(outbox.database.name, state).set(events)
                OUTBOX_AGE.labels(outbox.database.name, state).set(age_s)
        for consumer in container.consumers():
            counts = await consumer.inbox.counts()
            for state in ("waiting", "retrying", "dead"):
                INBOX_PARKED.labels(consumer.module, state).set(counts.get(state, 0))
    except Unavailable as error:
        logger.warning("gauges are not fresh: {}", error.detail)
