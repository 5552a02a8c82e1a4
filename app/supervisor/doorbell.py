"""Waiting for what concerns the supervisor: a child that ended, or somebody who wants it to stop."""

import os
import select
import signal
from types import FrameType, TracebackType
from typing import Self

_STOP = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Stop(BaseException):
    """SIGTERM, SIGHUP or Ctrl-C. No Exception, so that nothing on the way takes it for a failure of its own."""


class Doorbell:
    """Turns signals into `Stop` and into an early end of `wait`, while it is entered."""

    def __enter__(self) -> Self:
        self._listen, self._ring = os.pipe()
        os.set_blocking(self._listen, False)
        os.set_blocking(self._ring, False)
        signal.set_wakeup_fd(self._ring, warn_on_full_buffer=False)
        self._before = {each: signal.signal(each, _stop) for each in _STOP}
        # A handler of its own, however idle: an ignored signal would not ring.
        self._before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        return self

    def wait(self, longest_s: float) -> None:
        """Return when a child ended, or after `longest_s`.

        Raises:
            Stop: somebody wants an end.
        """
        if select.select([self._listen], [], [], longest_s)[0]:
            os.read(self._listen, 4096)

    def deafen(self) -> None:
        """Take no further wish to stop: stopping has begun."""
        for each in _STOP:
            signal.signal(each, signal.SIG_IGN)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.set_wakeup_fd(-1)
        for each, handler in self._before.items():
            signal.signal(each, handler)
        os.close(self._listen)
        os.close(self._ring)


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stop(number, frame)
