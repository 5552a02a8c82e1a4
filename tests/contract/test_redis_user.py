"""A Redis where we may do no more than the page for operators says is enough."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from limits import RateLimitItemPerMinute
from redis.exceptions import NoPermissionError

from app.limiter.buckets import Bucket, RedisBuckets
from app.limiter.redis import RedisCounts
from modules.kernel.errors import Unavailable
from tests.contract.bus_depots import OverRedis
from tests.contract.redis_world import RedisWorld
from tests.integration.events.letters import events
from tests.integration.events.mail import Mail
from tests.integration.events.sending import handled, stopped

PAGE = Path(__file__).parents[2] / "docs" / "deployment.md"
NAME = "waybill"


@pytest.fixture
async def restricted(world: RedisWorld) -> AsyncIterator[OverRedis]:
    """The same server, as its user `waybill` sees it."""
    found = re.search(rf"ACL SETUSER {NAME} on >PASSWORD (.+)", PAGE.read_text(encoding="utf-8"))
    assert found, "the page no longer says what a user needs"
    await world.redis.execute_command("ACL", "SETUSER", NAME, "reset", "on", ">secret", *found[1].split())
    at = urlsplit(world.depot.url)
    depot = OverRedis(at._replace(netloc=f"{NAME}:secret@{at.hostname}:{at.port}").geturl())
    yield depot
    await depot.close()
    await world.redis.execute_command("ACL", "DELUSER", NAME)


async def test_the_user_of_the_page_may_do_all_that_events_need(world: RedisWorld, restricted: OverRedis) -> None:
    mail: Mail = world.mail
    restricted_world = RedisWorld(mail, restricted)
    assert await restricted_world.bus.trouble() is None
    consumer = restricted_world.consumer()
    task = restricted_world.run(consumer)
    await mail.record("A1 B1")
    relay = restricted_world.relay(consumer.inbox.progress)
    await restricted_world.turn(relay)
    await handled(mail, "A1 B1")
    await restricted_world.done(unless=task)
    await restricted_world.turn(relay)
    assert set((await mail.outgoing()).values()) == {"settled"}
    assert await consumer.pending() == 0
    await stopped(task)
    assert await world.depot.names() == set(), "who left has kept its name"


async def test_the_user_of_the_page_may_do_all_that_limits_need(restricted: OverRedis) -> None:
    counts, buckets = (
        RedisCounts(restricted.url, within_s=5),
        RedisBuckets(Bucket(rate=1, size=10), restricted.url, within_s=5),
    )
    assert await counts.hit(RateLimitItemPerMinute(1), "a") == 0
    assert await counts.hit(RateLimitItemPerMinute(1), "a") > 0
    assert (await buckets.take("a")).left == 9
    await counts.close()
    await buckets.close()


async def test_the_user_of_the_page_may_do_no_more(restricted: OverRedis) -> None:
    for forbidden in (["FLUSHDB"], ["CONFIG", "GET", "*"], ["SET", "anothers", "1"], ["KEYS", "*"]):
        with pytest.raises(NoPermissionError):
            await restricted.redis.execute_command(*forbidden)


async def test_a_user_who_may_run_no_script_has_published_nothing(world: RedisWorld, restricted: OverRedis) -> None:
    await world.redis.execute_command("ACL", "SETUSER", NAME, "-@scripting")
    with pytest.raises(Unavailable, match="Redis refuses"):
        await restricted.bus().publish(events("A1 B1"))
    assert await world.length() == 0
