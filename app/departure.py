"""How a process leaves: told to stop, it says so and goes on until nobody sends it anything more, and only then closes."""

import asyncio
import signal
from collections.abc import Callable
from functools import partial
from types import FrameType

Handler = Callable[[int, FrameType | None], object]


class Departure:
    """Whether this process was told to stop.

    From then on `/health/ready` answers `503` and each answer closes its connection, so that whoever sends requests looks
    elsewhere; all that come for `notice_s` are answered as ever. What others can do as well is left to them at once.
    """

    def __init__(self, notice_s: float) -> None:
        self._notice_s = notice_s
        self._left: list[Callable[[], None]] = []
        self._begun = False

    def begun(self) -> bool:
        """Whether it was."""
        return self._begun

    def at_once(self, leave: Callable[[], None]) -> None:
        """Have `leave` called when it is."""
        self._left.append(leave)
        if self._begun:
            leave()

    def begin(self, close: Callable[[], object]) -> None:
        """Leave, and `close` when notice was given. Who is leaving is neither hurried nor held up by being told again."""
        if self._begun:
            return
        self._begun = True
        for leave in self._left:
            leave()
        asyncio.get_running_loop().call_later(self._notice_s, close)

    def heed(self, *signals: signal.Signals) -> None:
        """Have these begin it, and do what they did until now when notice was given. On the main thread, in its loop."""
        loop = asyncio.get_running_loop()
        for each in signals:
            before = signal.getsignal(each)
            if callable(before):
                signal.signal(each, partial(_told, loop, self, before))


def _told(
    loop: asyncio.AbstractEventLoop, departure: Departure, before: Handler, number: int, _frame: FrameType | None
) -> None:
    loop.call_soon_threadsafe(departure.begin, partial(before, number, None))
