"""The emitters' end of the Redis bus."""

from collections.abc import Sequence
from itertools import chain, groupby
from typing import Any

from loguru import logger
from redis.exceptions import RedisError

from app.bus.redis.connection import FIELD, Refused, answered, open_redis, stream_of
from modules.kernel.errors import Unavailable
from modules.kernel.events import Event, written
from modules.kernel.ids import new_id

IDENTITY = "waybill:bus"
WANTED_POLICY = "noeviction"
SETTING = f"maxmemory-policy {WANTED_POLICY}"

# As so many commands would, each with its answer; but sent and read as one, which takes our process half the time.
APPEND = """
local places = {}
for number = 2, #ARGV do places[number - 1] = redis.pcall('XADD', KEYS[1], '*', ARGV[1], ARGV[number]) end
return places
"""


class RedisBus:
    """Appends events to their emitter's stream, which keeps them until it is trimmed. Repeating appends them again."""

    keeps = True

    def __init__(self, url: str) -> None:
        self._redis = open_redis(url)

    async def identify(self) -> str:
        """The name that this Redis was given by who asked first; one that was emptied gets another.

        Raises:
            Unavailable: it gives no answer.
        """
        with answered():
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.set(IDENTITY, str(new_id()), nx=True)
                pipe.get(IDENTITY)
                _, name = await pipe.execute()
        return f"redis:{name.decode()}"

    async def trouble(self) -> str | None:
        """Whether it is away, or set to drop what it was given when it runs full.

        Nothing would be lost by that, as events are kept until they are settled; but each would have to go out again.
        """
        try:
            await self.identify()
            with answered():
                policy = (await self._redis.config_get("maxmemory-policy")).get("maxmemory-policy", WANTED_POLICY)
        except Refused:
            return None  # a hosted one may not tell its settings
        except Unavailable as error:
            return error.detail
        return None if policy == WANTED_POLICY else f"Redis drops events when it is full: set {SETTING}"

    async def publish(self, events: Sequence[Event]) -> Sequence[str | None]:
        """Append events, in order, in one round trip; each answer of Redis decides about its own event.

        Raises:
            Unavailable: it gives no answer, or takes none of them.
        """
        if not events:
            return []
        with answered():
            async with self._redis.pipeline(transaction=False) as pipe:
                runs = [(source, list(run)) for source, run in groupby(events, lambda event: event.source)]
                for source, run in runs:
                    documents = [written(event) for event in run]
                    pipe.eval(APPEND, 1, stream_of(source), FIELD, *documents)
                found = await pipe.execute(raise_on_error=False)
        each = [each_answer(answer, len(run)) for answer, (_, run) in zip(found, runs, strict=True)]
        answers = list(chain.from_iterable(each))
        refusals = [answer for answer in answers if isinstance(answer, RedisError)]
        if len(refusals) == len(events):
            raise Unavailable(f"Redis refuses: {refusals[0]}") from refusals[0]
        if refusals:
            logger.warning("Redis took {} of {} events: {}", len(events) - len(refusals), len(events), refusals[0])
        return [None if isinstance(answer, RedisError) else answer.decode() for answer in answers]

    async def trim(self, source: str, place: str) -> None:
        """Drop what precedes `place` in the source's stream, as far as that is cheap.

        Raises:
            Unavailable: it gives no answer.
        """
        with answered():
            await self._redis.xtrim(stream_of(source), minid=place, approximate=True)

    async def close(self) -> None:
        """Close all connections."""
        await self._redis.aclose()


def each_answer(answer: Any, events: int) -> Sequence[Any]:
    """What Redis says to each of so many events; where it does not run the script at all, the same to each."""
    return answer if isinstance(answer, list) else [answer] * events
