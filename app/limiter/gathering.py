"""A client of Redis that sends together what many ask at the same time."""

from collections.abc import Mapping, Sequence
from typing import Any

from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as Disconnected

from app.batching import Batcher
from app.bus.redis.connection import answered

AT_ONCE = 1024

_Command = tuple[Sequence[Any], Mapping[str, Any]]


class GatheringRedis(Redis):
    """Sends what is asked while an answer is on its way as one pipeline, over one connection.

    A command of its own costs a request of auth's a tenth of a millisecond. Whoever leaves does not disturb the others.
    Each command raises `Unavailable` when Redis gives no answer for `within_s`.
    """

    def __init__(self, url: str, *, within_s: float) -> None:
        pool: Any = ConnectionPool.from_url(
            url,
            socket_connect_timeout=within_s,
            socket_timeout=within_s,
            protocol=2,
            # Once more at once, on a new connection: after a restart of Redis the one at hand is dead.
            retry=Retry(NoBackoff(), 1, supported_errors=(Disconnected,)),
        )
        super().__init__(connection_pool=pool)
        # All that wait go with the next pipeline: while Redis is halted, nobody waits for more than two.
        self._together: Batcher[_Command, Any] = Batcher(self._answers, max_size=AT_ONCE, bound=AT_ONCE)

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """What Redis answers to a command."""
        answer = await self._together((args, options))
        if isinstance(answer, Exception):  # Redis' own, and of this command only
            raise answer
        return answer

    async def leave(self) -> None:
        """Leave nothing open."""
        await self.connection_pool.disconnect()

    async def _answers(self, commands: Sequence[_Command]) -> Sequence[Any]:
        with answered():
            pipeline = self.pipeline(transaction=False)
            for args, options in commands:
                pipeline.execute_command(*args, **options)
            answers: Sequence[Any] = await pipeline.execute(raise_on_error=False)
        return answers
