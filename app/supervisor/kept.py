"""A part of the system that is started again whenever it ends."""

import signal
import time
from collections.abc import Callable
from typing import Protocol

from app.launcher import CannotStart

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 2.0
# Having run this long, it counts as healthy: its next end is a new one, not one more in a row.
HEALTHY_S = 10.0

_WRONG_SETTINGS = 2
_BELIEVED = 3


class Part(Protocol):
    """Something that runs beside this process and may end."""

    @property
    def pid(self) -> int | None:
        """Its process; None while it does not run."""

    def launch(self) -> None:
        """Start it, the first time or again; does not wait."""

    def poll(self) -> int | None:
        """None while it runs, its exit code after (-N: by signal N)."""

    def is_ready(self) -> bool:
        """Whether it does its work now."""

    def stop(self, *, patience_s: float) -> None:
        """End it cleanly, or at once when that takes longer than `patience_s`."""

    def complaint(self) -> str:
        """The last thing it said about a failure."""


class Kept:
    """Watches a part and starts it again after 0.1 s, twice as long each time in a row, up to 2 s."""

    def __init__(self, name: str, part: Part, clock: Callable[[], float] = time.monotonic) -> None:
        self.name = name
        self.part = part
        self._clock = clock
        self._pause_s = FIRST_PAUSE_S
        self._since = 0.0
        self._due: float | None = None
        self._exits = 0

    def launch(self) -> None:
        """Start it now."""
        self._due = None
        self._since = self._clock()
        self.part.launch()

    def tend(self) -> int | None:
        """Start it again once its pause is over; its exit code when it was just seen to have ended, else None."""
        if self._due is None:
            code = self.part.poll()
            if code is not None:
                self._rest()
            return code
        if self._clock() >= self._due:
            try:
                self.launch()
            except (CannotStart, OSError):
                self._rest()
        return None

    def settle(self) -> None:
        """Note that it has done its work: its next end is a new one, not one more in a row."""
        self._pause_s = FIRST_PAUSE_S

    @property
    def is_settled(self) -> bool:
        """Whether it has done its work since it ended last."""
        return self._pause_s == FIRST_PAUSE_S

    @property
    def is_ready(self) -> bool:
        """Whether it runs and does its work."""
        return self._due is None and self.part.poll() is None and self.part.is_ready()

    @property
    def wait_s(self) -> float | None:
        """How long until it is to be started again; None while it runs."""
        return None if self._due is None else max(0.0, self._due - self._clock())

    def is_hopeless(self, code: int) -> bool:
        """Whether there is no point in starting it again, after it ended with `code` before it was ever ready.

        Being killed is an accident. Wrong settings (2) are the same the next time. Any other exit is believed when it
        is said thrice: a server that came too early for its database deserves another try.
        """
        self._exits += code >= 0
        return code == _WRONG_SETTINGS or self._exits >= _BELIEVED

    def _rest(self) -> None:
        now = self._clock()
        if now - self._since >= HEALTHY_S:
            self._pause_s = FIRST_PAUSE_S
        self._due = now + self._pause_s
        self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)


def how_it_ended(code: int) -> str:
    """An exit code in words."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
