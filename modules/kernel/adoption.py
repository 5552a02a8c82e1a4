"""How a module begins to follow a source: with everything behind it that was told until then.

For each source it is known whether that is done, and how far it is.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from modules.kernel.database import Database, rows_json, sql
from modules.kernel.events import LastTold

PAGE = 5000

Tell = Callable[[UUID | None, int], Awaitable[Sequence[LastTold]]]
"""What an emitter answers: subjects with the number of the last event of each, by id from behind one, at most so many."""

ADOPTED = sql("SELECT source FROM inbox_source WHERE source = ANY(:sources) AND adopted_at IS NOT NULL")

BEGIN = sql("INSERT INTO inbox_source (source) VALUES (:source) ON CONFLICT DO NOTHING")

PLACE = sql("SELECT reached, adopted_at IS NOT NULL AS adopted FROM inbox_source WHERE source = :source")

# One statement, so that a page is there with the place behind it or not at all. Who comes with a page that another has
# taken over meanwhile, or after the end, finds the row changed when it has waited for it, and nothing happens.
TAKE_OVER = sql("""
    WITH mine AS (
        UPDATE inbox_source SET reached = :last
        WHERE source = :source AND adopted_at IS NULL AND reached IS NOT DISTINCT FROM CAST(:after AS uuid)
        RETURNING source)
    INSERT INTO inbox_cursor (source, subject, sequence)
    SELECT source, subject, sequence
    FROM mine, json_to_recordset(CAST(:rows AS json)) AS r(subject uuid, sequence int)
    ORDER BY subject ON CONFLICT DO NOTHING
""")

END = sql("UPDATE inbox_source SET adopted_at = clock_timestamp() WHERE source = :source AND adopted_at IS NULL")


class Adoption:
    """Takes over from the emitters that a module follows which events were told before it came, and never handles those.

    Source: docs/adr/0021.
    """

    def __init__(self, database: Database, emitters: Mapping[str, Tell]) -> None:
        self._database = database
        self._emitters = emitters

    @property
    def sources(self) -> frozenset[str]:
        """What the module follows, or is about to."""
        return frozenset(self._emitters)

    async def missing(self) -> frozenset[str]:
        """The sources that were not taken over yet: nothing of theirs may be handled.

        Raises:
            Unavailable: the module's own database is away.
        """
        async with self._database.reading() as reading:
            rows = await reading.fetch(ADOPTED, sources=sorted(self.sources))
        return self.sources - {row.source for row in rows}

    async def adopt(self, source: str) -> None:
        """Take over what is missing of a source; who was stopped in the middle goes on there, and two share the work.

        Raises:
            Unavailable: the emitter or the module's own database is away; what was taken over stays.
        """
        while not (place := await self._place(source)).adopted:
            page = await self._emitters[source](place.reached, PAGE)  # outside of any transaction
            async with self._database.single() as writing:
                if page:
                    rows = rows_json([{"subject": one.subject, "sequence": one.sequence} for one in page])
                    await writing.execute(
                        TAKE_OVER, source=source, after=place.reached, last=page[-1].subject, rows=rows
                    )
                else:
                    await writing.execute(END, source=source)

    async def _place(self, source: str) -> Any:
        """How far the source is taken over, and whether that is all."""
        async with self._database.single() as own:
            await own.execute(BEGIN, source=source)
            (row,) = await own.fetch(PLACE, source=source)
        return row
