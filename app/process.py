"""One process: what runs beside its requests, from its first to its last."""

import asyncio
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Coroutine,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from loguru import logger

from app.bell import listening
from app.brim import keep_within
from app.collector import collect_rarely
from app.container import CALLEES, Container
from app.http import Health, create_app
from app.telemetry.metrics import INBOX_PARKED, OUTBOX_AGE, OUTBOX_EVENTS, PENDING, PRUNED, REVOCATIONS_SILENT, SWEPT
from modules.kernel.database import Database, sql
from modules.kernel.errors import Unavailable
from modules.kernel.idempotency import forget

ALIVE = sql("SELECT 1")
ENDS_WITHIN_S = 2.0
CLOSES_WITHIN_S = 0.5
PRUNE_EVERY_S = 60.0
FORGET_EVERY_S = 300.0
PRUNE_BATCH = 500
PRUNE_PAUSE_S = 0.1
TURN_KEYS_EVERY_S = 60.0


def build_app(container: Container) -> FastAPI:
    """The application of one process: what its settings host, and what runs beside the requests."""
    settings = container.settings()
    leaving = container.departure().begun
    health = Health(_checks(container), lambda: _refresh(container), _neighbours(container), leaving)
    return create_app(
        "Waybill",
        container.routers(),
        health,
        lambda: _lifetime(container),
        settings.tokens.issuer,
        internal_port=settings.server.internal_port,
        leaving=leaving,
    )


@asynccontextmanager
async def _lifetime(container: Container) -> AsyncIterator[None]:
    await _begin(container)
    work, senses = _running(_work(container)), _running(_senses(container))
    container.departure().at_once(lambda: _end(work))
    collect_rarely()
    try:
        yield
    finally:
        _end(senses)
        if not container.departure().begun():
            _end(work)
        await _at_most(ENDS_WITHIN_S, (*work, *senses))
        await _at_most(CLOSES_WITHIN_S, [asyncio.create_task(close()) for close in _open(container)])


def _running(jobs: Iterable[Coroutine[Any, Any, None]]) -> Sequence[asyncio.Task[None]]:
    tasks = [asyncio.create_task(job) for job in jobs]
    for task in tasks:
        task.add_done_callback(_ended)
    return tasks


def _end(tasks: Iterable[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()


async def _at_most(seconds: float, tasks: Collection[asyncio.Task[None]]) -> None:
    """Wait until these have ended, or so long: who waits for a server that is halted is not waited for."""
    if tasks:
        await asyncio.wait(tasks, timeout=seconds)


def _open(container: Container) -> Iterator[Callable[[], Coroutine[Any, Any, None]]]:
    """What closes each thing that this process has open."""
    if (peers := container.peers()) is not None:
        yield peers.close
    if _is_on_the_bus(container):
        yield container.bus().close
    for limit in (container.limiter(), container.pace()):
        if limit is not None:
            yield limit.close
    for database in container.databases():
        yield database.close


async def _begin(container: Container) -> None:
    """Know keys and revocations: from auth where it is here, else from memory until auth answers."""
    settings, verifier = container.settings(), container.verifier()
    if "auth" in settings.modules:
        keys = {module: key.get_secret_value() for module, key in settings.services.items()}
        await container.auth().admit_services(keys, CALLEES)
        await verifier.learn(container.auth_port())
    else:
        await verifier.recall()


def _senses(container: Container) -> Iterator[Coroutine[Any, Any, None]]:
    """What requests need for as long as there are any: who may come in, and as whom others are asked."""
    yield container.verifier().follow(container.auth_port())
    if (peers := container.peers()) is not None:
        yield peers.sign_in(CALLEES)


def _work(container: Container) -> Sequence[Coroutine[Any, Any, None]]:
    """What another process of the same modules does as well, and goes on with as soon as this one gives it up."""
    settings = container.settings()
    jobs = [one.run() for one in container.consumers()]
    if settings.events.relay:
        jobs += [relay.run() for relay in container.relays()]
        dsns = {module: dsn.get_secret_value() for module, dsn in settings.databases.items()}
        jobs += [listening(dsns[relay.module], relay.heard) for relay in container.relays()]
    jobs += [keep_within(outbox, settings.events.max_unpublished) for outbox in container.outboxes()]
    jobs.append(_every(FORGET_EVERY_S, lambda: _forget(container)))
    if "auth" in settings.modules:
        jobs.append(_every(PRUNE_EVERY_S, lambda: _prune(container)))
        jobs.append(_every(TURN_KEYS_EVERY_S, lambda: _turn_keys(container)))
    if "delivery" in settings.modules:
        jobs.append(_every(FORGET_EVERY_S, lambda: _forget_updates(container)))
        if (asked_every_s := container.carrier().asked_every_s) is not None:
            jobs.append(_every(asked_every_s, lambda: _carry(container)))
    if "product" in settings.modules:
        jobs.append(_every(settings.holds.sweep_interval_s, lambda: _sweep(container)))
    return jobs


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


async def _prune(container: Container) -> None:
    """Take away what is over in auth, in small batches, so that nobody waits for it."""
    try:
        while True:
            gone = await container.auth().prune(PRUNE_BATCH)
            for kind, rows in gone.items():
                PRUNED.labels(kind).inc(rows)
            if max(gone.values()) < PRUNE_BATCH:
                return
            await asyncio.sleep(PRUNE_PAUSE_S)
    except Unavailable as error:
        logger.warning("tokens that are over can't be taken away now: {}", error.detail)


async def _forget(container: Container) -> None:
    """Take away what was answered to requests with a key a day ago."""
    for database in container.databases():
        try:
            while True:
                if await forget(database, PRUNE_BATCH) < PRUNE_BATCH:
                    break
                await asyncio.sleep(PRUNE_PAUSE_S)
        except Unavailable as error:
            logger.warning("answers that are over can't be taken away from {} now: {}", database.name, error.detail)


async def _forget_updates(container: Container) -> None:
    """Take away what carriers said so long ago that they can't say it again."""
    try:
        while (gone := await container.hearing().forget(PRUNE_BATCH)) == PRUNE_BATCH:
            PRUNED.labels("carrier_update").inc(gone)
            await asyncio.sleep(PRUNE_PAUSE_S)
        PRUNED.labels("carrier_update").inc(gone)
    except Unavailable as error:
        logger.warning("carriers' updates that are over can't be taken away now: {}", error.detail)


async def _carry(container: Container) -> None:
    """Have the carrier that is played tell what became of its parcels."""
    try:
        await container.carrying().turn()
    except Unavailable as error:
        logger.warning("parcels can't be moved now: {}", error.detail)


async def _turn_keys(container: Container) -> None:
    """Have signing keys take their next steps in time."""
    try:
        await container.auth().turn_keys()
    except Unavailable as error:
        logger.warning("signing keys can't be looked after now: {}", error.detail)


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


def _is_on_the_bus(container: Container) -> bool:
    """Whether a module here tells or follows anything."""
    return bool(container.consumers() or container.relays())


def _neighbours(container: Container) -> Callable[[], Awaitable[Mapping[str, str]]]:
    async def trouble() -> Mapping[str, str]:
        """What this process works with, and what is wrong with it; its own part goes on all the same."""
        peers = container.peers()
        found = dict(await peers.trouble()) if peers is not None else {}
        for consumer in container.consumers():
            if ahead := consumer.beginning.ahead:
                found[f"{consumer.module}.events"] = f"it does not follow {' and '.join(sorted(ahead))} yet"
        if _is_on_the_bus(container) and (what := await container.bus().trouble()) is not None:
            found["bus"] = what
        return found

    return trouble


async def _refresh(container: Container) -> None:
    """Read the gauges that live in the databases."""
    REVOCATIONS_SILENT.set(container.verifier().silent_for_s)
    try:
        for outbox in container.outboxes():
            depth = await outbox.depth()
            for state in ("recorded", "published"):
                events, age_s = depth.get(state, (0, 0.0))
                OUTBOX_EVENTS.labels(outbox.database.name, state).set(events)
                OUTBOX_AGE.labels(outbox.database.name, state).set(age_s)
        for consumer in container.consumers():
            counts = await consumer.inbox.counts()
            for state in ("waiting", "retrying", "dead"):
                INBOX_PARKED.labels(consumer.module, state).set(counts.get(state, 0))
            PENDING.labels(consumer.module).set(await consumer.pending())
    except Unavailable as error:
        logger.warning("gauges are not fresh: {}", error.detail)
