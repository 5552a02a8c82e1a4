"""Redis is down, halted, or back with nothing: everything else goes on, and nothing is lost."""

import asyncio
import os
import secrets
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress

import pytest

from app.bus.redis import RedisBus
from app.bus.redis.connection import answered
from app.embedded import EmbeddedValkey
from modules.kernel.errors import Unavailable
from tests.contract.bus_depots import OverRedis
from tests.contract.redis_world import RedisWorld
from tests.integration.events.letters import SOURCE, events
from tests.integration.events.mail import Mail, check
from tests.integration.events.sending import Word, handled, stopped
from tests.processes import until


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedValkey]:
    with EmbeddedValkey(tmp_path_factory.mktemp("valkey"), secrets.token_urlsafe(16)) as started:
        yield started


@pytest.fixture
async def own(server: EmbeddedValkey, unchecked_mail: Mail) -> AsyncIterator[RedisWorld]:
    """A server that a test may kill or halt; it runs again afterwards."""
    depot = OverRedis(server.url)
    await depot.open()
    yield RedisWorld(unchecked_mail, depot)
    await unchecked_mail.end()
    await depot.close()
    if server.poll() is not None:
        launch(server)
    await check(unchecked_mail)


def kill(server: EmbeddedValkey) -> None:
    os.kill(server.pid or 0, signal.SIGKILL)
    until(lambda: server.poll() is not None)


def launch(server: EmbeddedValkey) -> None:
    server.launch()
    until(server.is_ready)


async def settled(mail: Mail) -> None:
    async with asyncio.timeout(10):
        while set((await mail.outgoing()).values()) != {"settled"}:
            pass


async def test_while_redis_is_down_the_relay_keeps_its_lease_and_goes_on_with_all_else(
    own: RedisWorld, server: EmbeddedValkey
) -> None:
    word = Word(at_end=False)
    relay = own.relay(word.progress)
    await own.mail.record("A1")
    await own.turn(relay)
    kill(server)
    await own.mail.record("B1")
    word.has_handled("A1")
    for _ in range(2):
        with pytest.raises(Unavailable, match="Redis gives no answer"):
            await own.turn(relay)
    assert await own.mail.outgoing() == {"A1": "settled", "B1": "recorded"}
    (lease,) = await own.mail.rows(
        "SELECT token, expires_at > clock_timestamp() + interval '2 s' AS held FROM relay_lease"
    )
    assert (lease.token, lease.held) == (1, True)
    await own.mail.receive("A1")  # what the subscriber said is true


async def test_while_redis_is_away_every_call_says_so_and_nobody_is_at_the_end(
    own: RedisWorld, server: EmbeddedValkey
) -> None:
    consumer = own.consumer()
    kill(server)
    for call in (own.bus.identify(), own.bus.publish(events("A1")), own.bus.trim(SOURCE, "1-0"), consumer.turn()):
        with pytest.raises(Unavailable):
            await call
    assert not await consumer.inbox.at_end(SOURCE)


async def test_a_redis_that_comes_back_empty_is_sent_all_that_is_unsettled_within_two_seconds(
    own: RedisWorld, server: EmbeddedValkey
) -> None:
    relaying = own.mail.begin(own.relay().run())
    await own.mail.record("A1 B1")
    async with asyncio.timeout(10):
        while set((await own.mail.outgoing()).values()) != {"published"}:
            pass
    kill(server)
    await own.mail.record("C1")
    launch(server)
    back = time.monotonic()
    consuming = own.run(own.consumer())
    await handled(own.mail, "A1 B1 C1")
    assert time.monotonic() - back < 4, "later than it should on a busy machine"
    await settled(own.mail)
    await stopped(consuming)
    await stopped(relaying)


async def test_a_consumer_outlives_a_restart_of_redis(own: RedisWorld, server: EmbeddedValkey) -> None:
    running = own.run(own.consumer())
    await own.bus.publish(events("A1"))
    await handled(own.mail, "A1")
    kill(server)
    launch(server)
    await own.bus.publish(events("B1"))
    await handled(own.mail, "A1 B1")
    await stopped(running)


async def test_a_redis_that_is_halted_keeps_nobody_waiting_for_ever(own: RedisWorld, server: EmbeddedValkey) -> None:
    consumer = own.consumer()
    await consumer.make_groups()
    os.kill(server.pid or 0, signal.SIGSTOP)
    try:
        began = time.monotonic()
        for call in (consumer._read(), own.bus.publish(events("A1"))):
            with pytest.raises(Unavailable):
                async with asyncio.timeout(8):
                    await call
        assert time.monotonic() - began < 8
        assert not await consumer.inbox.at_end(SOURCE)
        running = own.run(consumer)
    finally:
        os.kill(server.pid or 0, signal.SIGCONT)
    await own.bus.publish(events("A1 B1"))
    await handled(own.mail, "A1 B1")
    await stopped(running)


async def test_a_consumer_that_is_stopped_while_redis_is_halted_stops(own: RedisWorld, server: EmbeddedValkey) -> None:
    running = own.run(own.consumer())
    await own.bus.publish(events("A1"))
    await handled(own.mail, "A1")
    os.kill(server.pid or 0, signal.SIGSTOP)
    try:
        began = time.monotonic()
        await stopped(running)
        assert time.monotonic() - began < 5
    finally:
        os.kill(server.pid or 0, signal.SIGCONT)


async def test_a_password_is_in_no_complaint() -> None:
    bus = RedisBus("redis://:very-secret@127.0.0.1:1/0")
    with pytest.raises(Unavailable) as said:
        await bus.identify()
    await bus.close()
    assert "very-secret" not in f"{said.value} {said.value.details} {said.value.__cause__}"


async def test_a_cancellation_that_the_client_drops_is_heeded() -> None:
    async def asks() -> None:
        # Drops it as `wait_for` does until Python 3.11, when its answer comes together with the cancellation.
        with answered(), suppress(asyncio.CancelledError):
            await asyncio.sleep(10)

    asking = asyncio.create_task(asks())
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_it_says_when_redis_is_down_and_when_it_would_drop_what_it_was_given(
    own: RedisWorld, server: EmbeddedValkey
) -> None:
    assert await own.bus.trouble() is None
    await own.redis.config_set("maxmemory-policy", "allkeys-lru")
    said = await own.bus.trouble()
    assert said == "Redis drops events when it is full: set maxmemory-policy noeviction"
    await own.redis.config_set("maxmemory-policy", "noeviction")
    kill(server)
    assert await own.bus.trouble() == "Redis gives no answer."
