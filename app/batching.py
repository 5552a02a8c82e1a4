"""Group commit: while one batch is at work the next one gathers. No timer, so an idle system adds no wait."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from typing import Generic, TypeVar

from modules.kernel.errors import Overloaded, Unavailable, WaybillError

_I = TypeVar("_I")
_O = TypeVar("_O")

Work = Callable[[Sequence[_I]], Awaitable[Sequence[_O | WaybillError]]]


class Batcher(Generic[_I, _O]):
    """Turns concurrent single calls into batches of at most `max_size`, one in flight at a time.

    `work` answers one outcome per item, in order. A caller that leaves never cancels the batch it was in.
    """

    def __init__(self, work: Work[_I, _O], *, max_size: int = 64, bound: int = 1024) -> None:
        self._work = work
        self._max_size = max_size
        self._bound = bound
        self._waiting: deque[tuple[_I, asyncio.Future[_O]]] = deque()
        self._in_flight = 0
        self._worker: asyncio.Task[None] | None = None

    async def __call__(self, item: _I) -> _O:
        """The outcome of `item`.

        Raises:
            Overloaded: `bound` items are being worked on or waiting; this one was not begun.
            WaybillError: whatever outcome the work gave for this item.
        """
        if self._in_flight >= self._bound:
            raise Overloaded("More requests are in flight than are taken on; come back.", retry_after_s=1)
        future: asyncio.Future[_O] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        self._in_flight += 1
        if self._worker is None:
            # a context of its own: the batch belongs to no single caller, neither its deadline nor its trace
            self._worker = asyncio.get_running_loop().create_task(self._run(), context=Context())
        return await future

    async def _run(self) -> None:
        try:
            while self._waiting:
                size = min(len(self._waiting), self._max_size)
                batch = [self._waiting.popleft() for _ in range(size)]
                try:
                    await self._settle(batch)
                finally:
                    self._in_flight -= size  # only now: the work of a caller that left counts until it is done
        finally:
            self._worker = None

    async def _settle(self, batch: Sequence[tuple[_I, asyncio.Future[_O]]]) -> None:
        try:
            outcomes = await self._outcomes([item for item, _ in batch])
        except Unavailable as error:
            outcomes = [error] * len(batch)
        except Exception as error:  # noqa: BLE001  # a refusal or a fault of one item must not be its neighbours'
            if len(batch) > 1:
                for one in batch:
                    await self._settle([one])
                return
            if not batch[0][1].done():
                batch[0][1].set_exception(error)
            return
        for (_, future), outcome in zip(batch, outcomes, strict=True):
            if future.done():
                continue
            if isinstance(outcome, WaybillError):
                future.set_exception(type(outcome)(outcome.detail, **outcome.details))
            else:
                future.set_result(outcome)

    async def _outcomes(self, items: Sequence[_I]) -> Sequence[_O | WaybillError]:
        outcomes = await self._work(items)
        if len(outcomes) != len(items):
            raise AssertionError(f"{len(outcomes)} outcomes for {len(items)} items")
        return outcomes
