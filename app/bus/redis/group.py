"""A module's group in one stream: what its consumers were given and are not done with."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from redis.exceptions import ResponseError

from app.bus.redis.connection import answered, stream_of

LEFT = b"left"
"""In whose name consumers that stop leave their entries behind, for the others to take."""

AT_ONCE = 1000

# Only in one step: a name that was just given an entry would take the entry with it.
FORGET = """
for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
    local seen = {}
    for place = 1, #consumer, 2 do seen[consumer[place]] = consumer[place + 1] end
    if seen.pending == 0 and seen.idle >= tonumber(ARGV[2]) and (ARGV[3] == '' or ARGV[3] == seen.name) then
        redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], seen.name)
    end
end
"""

Raw = tuple[bytes, dict[bytes, bytes]]
"""An entry as Redis holds it: its id and its fields."""


class Pending(NamedTuple):
    """An entry that was given to a consumer: how long ago, and how often it was given until now."""

    id: bytes
    consumer: bytes
    idle_ms: int
    deliveries: int


class Group:
    """The group of the module `name` in a source's stream, as its consumer `consumer` sees it.

    Every method raises NoGroup where the group is gone, and Unavailable where Redis gives no answer.
    """

    def __init__(self, redis: Any, source: str, name: str, consumer: bytes) -> None:
        self.source = source
        self.stream = stream_of(source)
        self._redis = redis
        self._name = name
        self._consumer = consumer

    async def make(self) -> None:
        """Have the group be there; a new one is given the stream from its first entry."""
        with answered():
            try:
                await self._redis.xgroup_create(self.stream, self._name, id="0", mkstream=True)
            except ResponseError as error:
                if not str(error).startswith("BUSYGROUP"):
                    raise

    async def pending(self, *, idle_ms: int = 0, consumer: bytes | None = None) -> Sequence[Pending]:
        """What has been with its consumer for so long, or with one consumer; the first thousand."""
        with answered():
            rows = await self._redis.xpending_range(
                self.stream, self._name, "-", "+", AT_ONCE, consumername=consumer, idle=idle_ms or None
            )
        return [
            Pending(row["message_id"], row["consumer"], row["time_since_delivered"], row["times_delivered"])
            for row in rows
        ]

    async def count(self) -> int:
        """How many entries were given and are not done with."""
        with answered():
            return int((await self._redis.xpending(self.stream, self._name))["pending"])

    async def claim(self, ids: Sequence[bytes], *, idle_ms: int, count: int) -> Sequence[Raw]:
        """Take over entries that nobody has touched for so long, and have been given `count` times now."""
        with answered():
            entries = await self._redis.xclaim(
                self.stream, self._name, self._consumer, idle_ms, list(ids), retrycount=count
            )
        return [(place, fields) for place, fields in entries if fields is not None]

    async def renew(self, ids: Sequence[bytes]) -> None:
        """Say that these entries are still being handled, unless another has taken them over meanwhile."""
        ours = {row.id for row in await self.pending(consumer=self._consumer)}.intersection(ids)
        if ours:
            await self._pass(self._consumer, list(ours), idle_ms=0)

    async def acknowledge(self, ids: Sequence[bytes]) -> None:
        """Say that these entries are done with."""
        with answered():
            await self._redis.xack(self.stream, self._name, *ids)

    async def leave(self, *, idle_ms: int) -> None:
        """Leave the entries of this consumer to the others, who see them as old as that, and give up its name."""
        while rows := await self.pending(consumer=self._consumer):
            await self._pass(LEFT, [row.id for row in rows], idle_ms=idle_ms)
        await self._forget(self._consumer.decode(), idle_ms=0)

    async def tidy(self, *, idle_ms: int) -> None:
        """Drop the names of consumers that have not been seen for so long and have no entries."""
        await self._forget("", idle_ms=idle_ms)

    async def is_at_end(self) -> bool:
        """Whether all that is in the stream was given to the group, and is done with."""
        with answered():
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.xinfo_stream(self.stream)  # first: what comes in between only makes it look behind
                pipe.xinfo_groups(self.stream)
                stream, groups = await pipe.execute()
        for group in groups:
            if group["name"] == self._name.encode():
                given, last = _numbers(group["last-delivered-id"]), _numbers(stream["last-generated-id"])
                return bool(group["pending"] == 0 and given >= last)
        return False

    async def _pass(self, consumer: bytes, ids: Sequence[bytes], *, idle_ms: int) -> None:
        """Put entries into a consumer's name without counting it."""
        with answered():
            await self._redis.xclaim(self.stream, self._name, consumer, 0, list(ids), idle=idle_ms, justid=True)

    async def _forget(self, consumer: str, *, idle_ms: int) -> None:
        with answered():
            await self._redis.eval(FORGET, 1, self.stream, self._name, idle_ms, consumer)


def _numbers(place: bytes) -> tuple[int, int]:
    """A place in a stream compares as two numbers."""
    milliseconds, _, number = place.partition(b"-")
    return int(milliseconds), int(number)
