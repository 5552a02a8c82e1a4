"""The bus over Redis 7.0 or newer, or Valkey: a stream per emitting module, a group in it per subscribing module."""

from app.bus.redis.bus import RedisBus
from app.bus.redis.consumer import RedisConsumer

__all__ = ["RedisBus", "RedisConsumer"]
