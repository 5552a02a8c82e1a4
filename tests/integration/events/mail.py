"""A module that writes down, in the transaction of its inbox, which events took effect; and one that records them."""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Mapping, Sequence
from contextvars import Context
from typing import Any, TypeVar
from uuid import UUID

from app.bus import Beginning
from app.relay import Relay
from modules.kernel.adoption import Adoption
from modules.kernel.database import Database, Transaction, sql
from modules.kernel.events import Event
from modules.kernel.inbox import Handler, Inbox
from modules.kernel.outbox import Outbox
from tests.integration.events.letters import SOURCE, Fault, Noted, events, name, news
from tests.support.interleaving import until_waiting

_T = TypeVar("_T")

TABLES = ("effect", "inbox_source", "inbox_cursor", "inbox_parked", "outbox", "relay_lease")
EFFECTS = """
    CREATE TABLE IF NOT EXISTS effect (
        id bigint GENERATED ALWAYS AS IDENTITY, source text NOT NULL, subject uuid NOT NULL, sequence int NOT NULL)
"""


class Mail:
    """Where events arrive in tests."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.make_inbox: type[Inbox] = Inbox  # a sabotage puts a worse one in its place
        self.make_outbox: type[Outbox] = Outbox
        self.make_relay: type[Relay] = Relay
        self.adoption: Adoption | None = None  # where it is new, and does not know yet how far its emitters are
        self.faults: dict[str, Fault] = {}
        self.replies = False  # whether each event's effect is an event of the module's own, too
        self.runs: list[str] = []  # every time a handler was run, whatever came of it
        self._begun: list[asyncio.Task[Any]] = []

    # who is there

    @property
    def handlers(self) -> Mapping[str, Handler]:
        return {Noted.TYPE: self._note}

    def inbox(self, database: Database | None = None) -> Inbox:
        return self.make_inbox(database or self.database, self.handlers)

    def outbox(self, database: Database | None = None) -> Outbox:
        return self.make_outbox(database or self.database)

    def beginning(self) -> Beginning:
        return Beginning(self.database.name, self.adoption)

    async def _note(self, transaction: Transaction, group: Sequence[Event]) -> None:
        for one in group:
            called = name(one.subject, one.sequence)
            self.runs.append(called)
            await transaction.execute(
                sql("INSERT INTO effect (source, subject, sequence) VALUES (:source, :subject, :sequence)"),
                source=one.source,
                subject=one.subject,
                sequence=one.sequence,
            )
            if self.replies:
                await self.record(called, transaction)
            if fault := self.faults.get(called):
                await fault()

    # what happens

    async def receive(self, called: str, database: Database | None = None) -> None:
        """Have a batch arrive."""
        await self.inbox(database).handle(events(called))

    async def try_again(self, inbox: Inbox | None = None) -> None:
        """Have the pauses of what is parked be over, and what is due taken up."""
        await self.do("UPDATE inbox_parked SET next_at = clock_timestamp()")
        inbox = inbox or self.inbox()
        for key in await inbox.due():
            await inbox.take_up(key)

    async def record(self, called: str, transaction: Transaction | None = None) -> None:
        """Have a module record events with its change."""
        new = news(called)
        if transaction is not None:
            await self.outbox().record(transaction, new)
            return
        async with self.database.transaction() as own:
            await self.outbox().record(own, new)

    def begin(self, work: Coroutine[Any, Any, _T]) -> asyncio.Task[_T]:
        """Have something happen meanwhile, in a context of its own."""
        task = asyncio.get_running_loop().create_task(work, context=Context())
        self._begun.append(task)
        return task

    async def waits(self, unless: asyncio.Task[Any] | None = None) -> None:
        """Until somebody waits for a lock, or `unless` has ended."""
        await until_waiting(self.database, unless=unless)

    async def end(self) -> None:
        """Stop what is still under way."""
        for task in self._begun:
            task.cancel()
        if self._begun:
            _, alive = await asyncio.wait(self._begun, timeout=10)
            assert not alive, "it was told to stop, and goes on"

    # what is there afterwards

    async def effects(self) -> str:
        """The events that took effect, in this order."""
        found = await self.rows("SELECT subject, sequence FROM effect ORDER BY id")
        return " ".join(name(row.subject, row.sequence) for row in found)

    async def cursors(self) -> dict[str, int]:
        """How far each subject is."""
        found = await self.rows("SELECT subject, sequence FROM inbox_cursor ORDER BY subject")
        return {name(row.subject): row.sequence for row in found}

    async def parked(self) -> dict[str, str]:
        """What is parked: its state, and how often it was tried."""
        found = await self.rows(
            "SELECT subject, sequence, state, attempts FROM inbox_parked ORDER BY subject, sequence"
        )
        return {name(row.subject, row.sequence): f"{row.state} {row.attempts}" for row in found}

    async def outgoing(self) -> dict[str, str]:
        """The state of every event recorded."""
        found = await self.rows("SELECT subject, sequence, state FROM outbox ORDER BY id")
        return {name(row.subject, row.sequence): row.state for row in found}

    async def rows(self, statement: str, **values: Any) -> Sequence[Any]:
        async with self.database.reading() as reading:
            return await reading.fetch(sql(statement), **values)

    async def do(self, statement: str, **values: Any) -> int:
        async with self.database.transaction() as transaction:
            return await transaction.execute(sql(statement), **values)


async def check(mail: Mail) -> None:
    """What must be true of every inbox and outbox, after whatever happened.

    Raises:
        AssertionError: naming what is not.
    """
    cursors = {row[:2]: row.sequence for row in await mail.rows("SELECT source, subject, sequence FROM inbox_cursor")}
    effects: dict[tuple[str, UUID], list[int]] = {}
    for row in await mail.rows("SELECT source, subject, sequence FROM effect ORDER BY id"):
        effects.setdefault(row[:2], []).append(row.sequence)
    for key, numbers in effects.items():
        twice = [name(key[1], number) for number, times in Counter(numbers).items() if times > 1]
        assert not twice, f"took effect twice: {twice}"
        assert numbers == sorted(numbers), f"took effect out of order: {name(key[1])} {numbers}"
        assert numbers[-1] <= cursors.get(key, 0), f"took effect, and the cursor does not know: {name(key[1])}"
    for row in await mail.rows("SELECT source, subject, sequence FROM inbox_parked"):
        assert row.sequence > cursors.get(row[:2], 0), f"handled, and still parked: {name(*row[1:])}"
    for row in await mail.rows("SELECT subject, sequence FROM outbox WHERE state = 'settled'"):
        handled = cursors.get((SOURCE, row.subject), 0)
        assert row.sequence <= handled, f"settled, and not handled: {name(*row)}"
