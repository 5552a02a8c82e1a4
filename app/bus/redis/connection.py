"""How this system talks to Redis, and what the client's errors mean to us."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import RedisError, ResponseError

from app.database import heed_cancellation
from modules.kernel.errors import Unavailable

ANSWERS_WITHIN_S = 1.0

FIELD = b"cloudevent"
"""The one field of an entry. It holds a CloudEvents document in JSON, as `application/cloudevents+json` would."""


class NoGroup(Unavailable):
    """The stream or the group in it is gone: this is another Redis than before, or it was emptied."""


class Refused(Unavailable):
    """Redis understood the command, and does not do it."""


def open_redis(url: str, *, blocking: bool = False) -> Any:
    """A client; it connects when it is used. With `blocking`, whoever reads has to bound the wait.

    Any, because the client's annotations describe its synchronous twin as well.
    """
    return Redis.from_url(
        url,
        socket_connect_timeout=ANSWERS_WITHIN_S,
        socket_timeout=None if blocking else ANSWERS_WITHIN_S,
        protocol=2,
        # Once more at once, on a new connection: after a restart of Redis each pooled one is dead. Who waits is us.
        retry=Retry(NoBackoff(), 1, supported_errors=(Disconnected,)),
    )


def stream_of(source: str) -> str:
    """The stream that holds a source's events: `waybill:sales` those of `/waybill/sales`."""
    return source.strip("/").replace("/", ":")


@contextmanager
def answered() -> Iterator[None]:
    """What is done inside is answered by Redis.

    Raises:
        NoGroup: it was asked for a stream or group that is not there.
        Unavailable: it gave no answer, or refused; whether it took effect is unknown.
    """
    try:
        yield
    except ResponseError as error:
        if str(error).startswith(("NOGROUP", "UNBLOCKED")) or "no such key" in str(error):
            raise NoGroup("The stream or the group in it is gone.") from error
        raise Refused(f"Redis refuses: {error}") from error
    except (RedisError, OSError) as error:
        heed_cancellation()
        raise Unavailable("Redis gives no answer.") from error
    heed_cancellation()  # the client waits with wait_for, too
