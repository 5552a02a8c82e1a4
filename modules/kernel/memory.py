"""What peers said last, kept for a start without them."""

from typing import Any

import orjson

from modules.kernel.database import Database, sql

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
