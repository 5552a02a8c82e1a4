"""Lists of orders read what they show, however many orders there are: by plans that are made once and for all."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from modules.kernel.database import Database, Statement, sql
from modules.kernel.ids import ClientId
from modules.sales import repository

CLIENT = ClientId("customer")
FIRST, LAST = datetime(2026, 1, 1, tzinfo=UTC), (datetime.max.replace(tzinfo=UTC), UUID(int=2**128 - 1))
FILL = sql("""
    INSERT INTO "order" (id, client_id, fingerprint, hold_id, status, currency, total, ship_to, reference, metadata,
        version, event_sequence, placed_at, updated_at)
    SELECT gen_random_uuid(), 'customer', '', gen_random_uuid(), 'delivered', 'EUR', 1, '{}', 'PO-' || n, '{}', 1, 1,
        CAST('2026-01-01T00:00Z' AS timestamptz) + n * interval '1 minute', now()
    FROM generate_series(1, 3000) AS n
""")
TYPES = {"client_id": "text", "status": "text", "reference": "text", "limit": "bigint", "scan": "bigint", "id": "uuid"}
ASKED = {
    "client_id": "'customer'",
    "status": "NULL",
    "reference": "'PO-7'",
    "limit": "51",
    "scan": "51",
    "at": "'infinity'",
    "after": "'2026-01-02'",
    "id": "'00000000-0000-0000-0000-000000000000'",
}


async def _plan(database: Database, statement: Statement) -> str:
    """How PostgreSQL goes about a statement whose plan does not know the values."""
    names = list(dict.fromkeys(re.findall(r"(?<!:):(\w+)", statement)))
    numbered = re.sub(r"(?<!:):(\w+)", lambda found: f"${names.index(found[1]) + 1}", statement)
    types = ", ".join(TYPES.get(name, "timestamptz") for name in names)
    values = ", ".join(ASKED[name] for name in names)
    async with database.transaction() as transaction:
        await transaction.execute(sql("SET LOCAL plan_cache_mode = force_generic_plan"))
        await transaction.execute(sql(f"PREPARE asked ({types}) AS {numbered}"))
        rows = await transaction.fetch(sql(f"EXPLAIN EXECUTE asked ({values})"))
        await transaction.execute(sql("DEALLOCATE asked"))
    return "\n".join(row[0] for row in rows)


async def _filled(database: Database) -> None:
    async with database.transaction() as transaction:
        await transaction.execute(FILL)
        await transaction.execute(sql('ANALYZE "order"'))


async def _listed(database: Database, **filters: Any) -> list[str]:
    async with database.reading() as reading:
        ids, _ = await repository.newest(reading, 5, LAST, {"client_id": CLIENT} | filters)
        rows = await repository.orders(reading, ids)
    return [rows[order_id].reference for order_id in ids]


async def test_a_list_by_reference_reads_orders_of_that_reference_only(sales_database: Database) -> None:
    await _filled(sales_database)

    plan = await _plan(sales_database, repository.NEWEST_OF_REFERENCE)

    assert "order_of_reference" in plan, plan
    assert await _listed(sales_database, reference="PO-7") == ["PO-7"]
    assert await _listed(sales_database, reference="PO-7", status="placed") == []


async def test_a_list_of_a_time_reads_orders_of_that_time_only(sales_database: Database) -> None:
    await _filled(sales_database)

    (bounds,) = re.findall(r"Index Cond: (.*)", await _plan(sales_database, repository.NEWEST_OF_CLIENT))

    assert "placed_at > $" in bounds
    assert "ROW(placed_at, id) < ROW($" in bounds


@pytest.mark.parametrize(
    ("filters", "listed"),
    [
        ({}, [3000, 2999, 2998, 2997, 2996]),
        ({"before": 5}, [4, 3, 2, 1]),
        ({"after": 2998}, [3000, 2999]),
        ({"after": 2, "before": 5}, [4, 3]),
        ({"after": 4, "before": 5}, []),
    ],
    ids=["all", "before", "after", "between", "none between"],
)
async def test_a_list_has_what_was_placed_between_two_instants_and_neither_of_them(
    sales_database: Database, filters: dict[str, int], listed: list[int]
) -> None:
    await _filled(sales_database)

    asked = {name: FIRST + timedelta(minutes=minute) for name, minute in filters.items()}

    assert await _listed(sales_database, **asked) == [f"PO-{number}" for number in listed]


async def _pages(database: Database, limit: int, **filters: Any) -> list[list[str]]:
    """Every page of a list, each from behind the one before."""
    found: list[list[str]] = []
    behind: repository.Place | None = LAST
    while behind is not None:
        async with database.reading() as reading:
            ids, behind = await repository.newest(reading, limit, behind, {"client_id": CLIENT} | filters)
            rows = await repository.orders(reading, ids)
        found.append([rows[order_id].reference for order_id in ids])
    return found


async def test_a_page_of_a_rare_status_reads_so_many_orders_and_no_more_and_the_next_one_goes_on(
    sales_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _filled(sales_database)
    async with sales_database.transaction() as transaction:
        rare = "UPDATE \"order\" SET status = 'placed' WHERE reference IN ('PO-2999', 'PO-1500', 'PO-1499', 'PO-1')"
        await transaction.execute(sql(rare))
    monkeypatch.setattr(repository, "SCAN", 1000)
    assert await _pages(sales_database, 2, status="placed") == [["PO-2999"], ["PO-1500", "PO-1499"], ["PO-1"], []]
    assert await _pages(sales_database, 2, status="cancelled") == [[], [], [], []]
    assert await _pages(sales_database, 2, status="placed", reference="PO-1500") == [["PO-1500"]]


async def test_pages_of_all_orders_are_full_until_the_last(sales_database: Database) -> None:
    await _filled(sales_database)
    pages = await _pages(sales_database, 999)
    assert [len(page) for page in pages] == [999, 999, 999, 3]
    assert [reference for page in pages for reference in page] == [f"PO-{number}" for number in range(3000, 0, -1)]
