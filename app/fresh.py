"""Events that were recorded in the relay's own process: it need not read them from the outbox to publish them."""

from collections.abc import Collection, Sequence
from uuid import UUID

from modules.kernel.events import Event


class Fresh:
    """A shortcut past the outbox, which has all of them: whenever it may not lead past the others, the relay looks there.

    So an event waits for no statement, and none overtakes those that have been waiting.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._events: list[Event] = []
        self.missed = True  # something may be recorded that is not here

    def __len__(self) -> int:
        return len(self._events)

    def add(self, events: Sequence[Event]) -> None:
        """Remember what has just been committed; too much of it at once is left to the outbox."""
        self._events += events
        if len(self._events) > self._most:
            self.miss()

    def miss(self) -> None:
        """See that the outbox is looked into before anything more is published."""
        self._events.clear()
        self.missed = True

    def take(self) -> Sequence[Event]:
        """What has been recorded since, in the order of the commits."""
        events, self._events = self._events, []
        return events

    def look(self) -> None:
        """Begin to look into the outbox, from which moment on nothing is missed."""
        self.missed = False

    def seen(self, ids: Collection[UUID]) -> None:
        """These were found in the outbox: all that is here, but perhaps for what was committed meanwhile."""
        self._events = [event for event in self._events if event.id not in ids]
