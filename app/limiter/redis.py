"""Counts in Redis: those of all processes that have it, together."""

import time
from typing import Any

from limits import RateLimitItem
from limits.aio.storage import RedisStorage
from limits.aio.strategies import FixedWindowRateLimiter
from typing_extensions import override

from app.bus.redis.connection import answered
from app.limiter.counts import FAILED, REMEMBERED_S, Failures
from app.limiter.gathering import GatheringRedis

ANSWERS_WITHIN_S = 0.1
PREFIX = "waybill:limits"

READ = """
local client = redis.call('HMGET', KEYS[1], 'times', 'at')
local left = redis.call('PTTL', KEYS[2])
local now = redis.call('TIME')
return {client[1] or '0', now[1] * 1000 + math.floor(now[2] / 1000) - (client[2] or 0),
        redis.call('GET', KEYS[2]) or '0', left}
"""
REMEMBER = """
if redis.call('INCR', KEYS[2]) == 1 then redis.call('EXPIRE', KEYS[2], ARGV[1]) end
if ARGV[2] ~= '0' then
    local now = redis.call('TIME')
    redis.call('HINCRBY', KEYS[1], 'times', 1)
    redis.call('HSET', KEYS[1], 'at', now[1] * 1000 + math.floor(now[2] / 1000))
    redis.call('EXPIRE', KEYS[1], ARGV[2])
end
"""


class _Storage(RedisStorage):
    """The library's storage, over a client of ours."""

    def __init__(self, client: GatheringRedis) -> None:
        self._client: Any = client
        super().__init__("redis://", implementation="redispy", key_prefix=PREFIX)

    @override
    def configure_bridge(self) -> None:
        bridge: Any = self.bridge
        bridge.storage = self._client
        bridge.connection_getter = lambda _readonly: self._client


class RedisCounts:
    """Fulfils `Counts` for all processes. Each method raises `Unavailable` when Redis is away or slow."""

    def __init__(self, url: str, *, within_s: float = ANSWERS_WITHIN_S) -> None:
        self._client = GatheringRedis(url, within_s=within_s)
        self._storage = _Storage(self._client)
        self._windows = FixedWindowRateLimiter(self._storage)
        self._read: Any = self._client.register_script(READ)
        self._remember: Any = self._client.register_script(REMEMBER)

    async def hit(self, rate: RateLimitItem, *of: str) -> float:
        """See `Counts`."""
        with answered():
            if await self._windows.hit(rate, *of):
                return 0.0
            return max(await self._storage.get_expiry(rate.key_for(*of)) - time.time(), 0.001)

    async def failures(self, client: str | None, address: str, rate: RateLimitItem) -> Failures:
        """See `Counts`."""
        with answered():
            times, ago_ms, of_address, left_ms = await self._read(_keys(client, address, rate))
        return Failures(int(times), ago_ms / 1000, int(of_address), left_ms / 1000)

    async def failed(self, client: str | None, address: str, rate: RateLimitItem) -> None:
        """See `Counts`."""
        with answered():
            kept_s = REMEMBERED_S if client is not None else 0
            await self._remember(_keys(client, address, rate), [rate.get_expiry(), kept_s])

    async def forget(self, client: str) -> None:
        """See `Counts`."""
        with answered():
            await self._storage.clear(f"{FAILED}/{client}")

    async def close(self) -> None:
        """See `Counts`."""
        await self._client.leave()


def _keys(client: str | None, address: str, rate: RateLimitItem) -> list[str]:
    return [f"{PREFIX}:{FAILED}/{client}", f"{PREFIX}:{rate.key_for(FAILED, address)}"]
