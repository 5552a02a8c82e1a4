"""Places at which a process may be made to die or to lose an answer, so that what comes of it can be seen.

They exist only where the variable WAYBILL_FAILPOINTS names a folder; else the container wires what it always does. A
place is armed by a file of its name in that folder, which says what is to happen there: `kill` (as by `kill -9`) or
`lose` (the answer is lost: what was done stays done). It happens once, to whichever process comes there first, and
leaves a file `NAME.hit`.

A file `MODULE.clock` has the process that hosts the module be wrong about the time by as many seconds as it says, from
its start to its end.
"""

import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from loguru import logger
from uuid_utils.compat import uuid7

from modules.kernel import ids
from modules.kernel.clock import Clock, SystemClock
from modules.kernel.database import Database, Transaction
from modules.kernel.errors import Unavailable
from modules.kernel.events import Bus, Event

VARIABLE = "WAYBILL_FAILPOINTS"
KILL, LOSE = "kill", "lose"
CLOCK = "clock"


def failpoints() -> "FailPoints | None":
    """The fail points of this process; none, unless it was started to have them."""
    folder = os.environ.get(VARIABLE)
    return FailPoints(Path(folder)) if folder else None


class FailPoints:
    """The places that a folder arms."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def passed(self, place: str) -> None:
        """Come to a place; where it is armed, that is the end, or an answer that is lost.

        Raises:
            Unavailable: the answer is lost.
        """
        armed, hit = self._folder / place, self._folder / f"{place}.hit"
        try:
            armed.rename(hit)  # of several that come here at once, one
        except FileNotFoundError:
            return
        what = hit.read_text()
        logger.warning("fail point {}: {}", place, what)
        if what == KILL:
            os.kill(os.getpid(), signal.SIGKILL)
        raise Unavailable(f"The answer was lost at {place}.")

    def database(self, name: str, real: Database) -> Database:
        """A database with the places `NAME.before_commit` and `NAME.after_commit`."""
        return FailingDatabase(name, real, self.passed)

    def bus(self, name: str, real: Bus) -> Bus:
        """A bus with the places `NAME.before_publish` and `NAME.after_publish`."""
        return FailingBus(name, real, self.passed)

    def port(self, name: str, real: Any, method: str) -> Any:
        """A port with the places `NAME.before_METHOD` and `NAME.after_METHOD`."""
        return FailingPort(name, real, method, self.passed)

    def clock(self, modules: Sequence[str]) -> Clock:
        """The machine's clock, wrong by what a file `MODULE.clock` says of one of the modules that are hosted here."""
        by_s = 0.0
        for module in modules:
            armed = self._folder / f"{module}.{CLOCK}"
            said = float(armed.read_text()) if armed.exists() else 0.0
            told = self._folder / f"{module}.{CLOCK}.told"
            told.write_text(str(said))
            told.rename(told.with_suffix(".hit"))  # whoever waits for it reads all of it
            by_s = by_s or said
        return WrongClock(by_s) if by_s else SystemClock()


class WrongClock:
    """A clock that is wrong, and with it all else in this process that looks at the wall.

    What is made of ids, signed by libraries or counted by them asks the machine itself, so that is deceived, too.
    """

    def __init__(self, by_s: float) -> None:
        self._by = timedelta(seconds=by_s)
        right, right_ns = time.time, time.time_ns
        time.time = lambda: right() + by_s
        time.time_ns = lambda: right_ns() + int(by_s * 1e9)
        vars(ids)["uuid7"] = lambda: uuid7(nanoseconds=time.time_ns())

    def now(self) -> datetime:
        """See `Clock.now`."""
        return datetime.now(UTC) + self._by


class FailingDatabase(Database):
    """The same database, with a place on either side of each COMMIT."""

    def __init__(self, name: str, real: Database, passed: Callable[[str], None]) -> None:
        super().__init__(real.name, real.pool)
        self._place = name
        self._passed = passed

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """See `Database.transaction`."""
        async with super().transaction() as transaction:
            yield transaction
            self._passed(f"{self._place}.before_commit")
        self._passed(f"{self._place}.after_commit")


class FailingBus:
    """The same bus, with a place on either side of each publishing."""

    def __init__(self, name: str, real: Bus, passed: Callable[[str], None]) -> None:
        self._real = real
        self._place = name
        self._passed = passed

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    async def publish(self, events: Sequence[Event]) -> Sequence[str | None]:
        """See `Bus.publish`."""
        if events:
            self._passed(f"{self._place}.before_publish")
        places = await self._real.publish(events)
        if events:
            self._passed(f"{self._place}.after_publish")
        return places


class FailingPort:
    """The same port, with a place on either side of one of its methods."""

    def __init__(self, name: str, real: Any, method: str, passed: Callable[[str], None]) -> None:
        self._real = real
        self._place = name
        self._method = method
        self._passed = passed

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._real, name)
        if name != self._method:
            return real

        async def call(*arguments: Any, **named: Any) -> Any:
            self._passed(f"{self._place}.before_{name}")
            answer = await real(*arguments, **named)
            self._passed(f"{self._place}.after_{name}")
            return answer

        return call
