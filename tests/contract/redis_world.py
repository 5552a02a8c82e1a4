"""One module that emits and subscribes over Redis, its parts turned by hand."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence

import pytest

from app.bus.redis import RedisBus
from app.relay import Ask, Relay
from tests.contract.bus_depots import BROKERS, Mortal, OverRedis
from tests.integration.events.letters import events
from tests.integration.events.mail import Mail, check
from tests.integration.events.sending import WEEK, both


class RedisWorld:
    """A module's inbox and outbox, and a server between them."""

    def __init__(self, mail: Mail, depot: OverRedis) -> None:
        self.mail = mail
        self.depot = depot
        self.redis = depot.redis
        self.bus: RedisBus = depot.bus()

    def consumer(self) -> Mortal:
        """A process of the module, in which nothing runs yet."""
        return self.depot.consumer(self.mail)

    def run(self, consumer: Mortal) -> asyncio.Task[None]:
        return self.mail.begin(consumer.run())

    def relay(self, *asks: Ask) -> Relay:
        return Relay(self.mail.outbox(), self.bus, asks or [self.consumer().inbox.progress], retention=WEEK)

    async def turn(self, relay: Relay) -> None:
        """One turn of a relay, in which everything is due."""
        relay._renew_at = relay._bus_at = relay._trim_at = 0.0
        await both(relay)

    async def subscribed(self, called: str) -> None:
        """Have events be in the stream, for whoever of the group reads first."""
        await self.consumer().make_groups()
        await self.bus.publish(events(called))

    async def hands(self) -> Sequence[tuple[bytes, int]]:
        """In whose hands each entry is that is not done with, and how often it was given."""
        return [(row["consumer"], row["times_delivered"]) for row in await self.depot.pending()]

    async def done(self, unless: asyncio.Task[None] | None = None) -> None:
        """Until everything that was given is acknowledged, or who is to do so has ended."""
        async with asyncio.timeout(10):
            while await self.hands() and not (unless is not None and unless.done()):
                pass

    async def length(self) -> int:
        return int(await self.redis.xlen(self.depot.stream))


async def ended(running: asyncio.Task[None]) -> None:
    """Until a consumer's process has ended by itself."""
    await asyncio.wait([running], timeout=10)
    assert running.done(), "it went on"


@pytest.fixture(params=BROKERS)
async def unchecked_world(
    request: pytest.FixtureRequest, brokers: Mapping[str, str], unchecked_mail: Mail
) -> AsyncIterator[RedisWorld]:
    """Tables that may be left in any state, and an empty server."""
    depot = OverRedis(brokers[request.param])
    await depot.open()
    yield RedisWorld(unchecked_mail, depot)
    await unchecked_mail.end()
    await depot.close()


@pytest.fixture
async def world(unchecked_world: RedisWorld) -> AsyncIterator[RedisWorld]:
    """Everything must be true when the test has ended."""
    yield unchecked_world
    await check(unchecked_world.mail)
