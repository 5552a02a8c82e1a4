"""How far each group is in each stream, as Redis counts it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.bus.redis.connection import NoGroup, answered, open_redis, stream_of


@dataclass(frozen=True, slots=True)
class GroupLag:
    """A group in a stream of `length` entries: `pending` are given and not done with, `lag` not given yet.

    Without a group all three say what there is to be given. `lag` is None where Redis can't tell.
    """

    stream: str
    group: str
    length: int
    pending: int
    lag: int | None
    consumers: int


async def groups_of(url: str, sources: Sequence[str]) -> Sequence[GroupLag]:
    """Every group in the streams of these sources.

    Raises:
        Unavailable: Redis gives no answer.
    """
    redis = open_redis(url)
    try:
        return [group for source in sources for group in await _groups(redis, stream_of(source))]
    finally:
        await redis.aclose()


async def _groups(redis: Any, stream: str) -> Sequence[GroupLag]:
    try:
        with answered():
            length = await redis.xlen(stream)
            groups = await redis.xinfo_groups(stream)
    except NoGroup:
        return []  # nothing was published yet
    return [
        GroupLag(stream, one["name"].decode(), length, one["pending"], one.get("lag"), one["consumers"])
        for one in groups
    ]
