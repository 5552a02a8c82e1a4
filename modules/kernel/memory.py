"""What peers said last, kept for a start without them."""

from typing import Any

import orjson
from sqlmodel import JSON, BigInteger, Column, DateTime, MetaData, Table, Text, text

from modules.kernel.database import Database, sql


def memory_table(metadata: MetaData) -> None:
    """Declare `peer_memory`. Bound: a row for each thing that is remembered, a handful."""
    Table(
        "peer_memory",
        metadata,
        Column("name", Text, primary_key=True),
        Column("number", BigInteger, nullable=False),
        Column("content", JSON, nullable=False),
        Column("remembered_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    )


REMEMBER = sql("""
    INSERT INTO peer_memory AS m (name, number, content) VALUES (:name, :number, CAST(:content AS json))
    ON CONFLICT (name) DO UPDATE SET number = excluded.number, content = excluded.content, remembered_at = now()
    WHERE m.number <= excluded.number
""")

RECALL = sql("SELECT content FROM peer_memory WHERE name = :name")


class Memory:
    """What a module's own database remembers of others, by name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def remember(self, name: str, number: int, content: Any) -> None:
        """Keep what was said as number `number`; what a replica has heard later is not replaced by it."""
        async with self._database.single() as transaction:
            await transaction.execute(REMEMBER, name=name, number=number, content=orjson.dumps(content).decode())

    async def recall(self, name: str) -> Any:
        """What was said last, as JSON has it; `None` where nothing was."""
        async with self._database.reading() as reading:
            rows = await reading.fetch(RECALL, name=name)
        return rows[0].content if rows else None
