"""The steps that a database knows are those of the tables in the code; it refuses all others."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pytest

from modules.delivery import repository as delivery
from modules.delivery.model import STEPS as SHIPMENT_STEPS
from modules.kernel.database import ConstraintViolated, Database, sql
from modules.kernel.ids import OrderId, new_id
from modules.product import repository as product
from modules.product.model import HOLD_STEPS
from modules.sales import repository as sales
from modules.sales.model import STEPS as ORDER_STEPS

NOW = datetime(2026, 1, 1, tzinfo=UTC)
STEP = {"actor": "test", "at": NOW}


def legal(steps: Mapping[str, Sequence[str]]) -> set[tuple[str, str]]:
    return {(before, after) for before, ways in steps.items() for after in ways}


async def rows_of(database: Database, table: str) -> set[tuple[str, str]]:
    async with database.reading() as reading:
        found = await reading.fetch(sql(f"SELECT from_status, to_status FROM {table}"))  # noqa: S608  # named below
    return {(row.from_status, row.to_status) for row in found}


async def test_the_steps_of_an_order_in_the_database_are_those_of_the_code(sales_database: Database) -> None:
    assert await rows_of(sales_database, "order_step") == legal(ORDER_STEPS)


async def test_the_steps_of_a_shipment_in_the_database_are_those_of_the_code(delivery_database: Database) -> None:
    assert await rows_of(delivery_database, "shipment_step") == legal(SHIPMENT_STEPS)


async def test_an_order_can_take_no_step_but_a_legal_one(sales_database: Database) -> None:
    order_id = new_id()
    order = {"id": order_id, "client_id": "test", "fingerprint": "x", "hold_id": new_id(), "currency": "EUR"}
    more = {"total": 0, "ship_to": {}, "metadata": {}, "placed_at": NOW}
    async with sales_database.transaction() as transaction:
        await sales.insert_orders(transaction, [{**order, **more}], [])

    taken = set()
    for before, after in ((a, b) for a in ORDER_STEPS for b in ORDER_STEPS):
        step = {"order_id": order_id, "number": 1, "from_status": before, "to_status": after, **STEP}
        try:
            async with sales_database.transaction() as transaction:
                await sales.change(transaction, [], [step])
            taken.add((before, after))
        except ConstraintViolated as refused:
            assert refused.constraint == "order_legal_step"  # noqa: PT017  # which it is

    assert taken == legal(ORDER_STEPS)


async def test_a_shipment_can_take_no_step_but_a_legal_one(delivery_database: Database) -> None:
    order_id, shipment_id = OrderId(new_id()), new_id()
    parcel = {"shipment_id": shipment_id, "order_id": order_id, "hold_id": new_id(), "ship_to": {}, "opened_at": NOW}
    async with delivery_database.transaction() as transaction:
        await delivery.open_shipments(transaction, [parcel], [])

    taken = set()
    for number, (before, after) in enumerate(((a, b) for a in SHIPMENT_STEPS for b in SHIPMENT_STEPS), 2):
        step = {"shipment_id": shipment_id, "sequence": number, "from_status": before, "to_status": after, **STEP}
        try:
            async with delivery_database.transaction() as transaction:
                await delivery.insert_transitions(transaction, [step])
            taken.add((before, after))
        except ConstraintViolated as refused:
            assert refused.constraint == "shipment_legal_step"  # noqa: PT017  # which it is

    assert taken == legal(SHIPMENT_STEPS)


PUT = sql("""
    INSERT INTO hold (hold_id, order_id, state, fingerprint, expires_at) VALUES (:hold_id, :order_id, :state, 'x', :at)
""")
STATE = sql("SELECT state FROM hold WHERE hold_id = :hold_id")


@pytest.mark.parametrize("state", HOLD_STEPS)
async def test_a_hold_takes_the_steps_of_the_table_and_stays_where_there_is_none(
    state: str, product_database: Database
) -> None:
    became = {}
    for to in ("confirmed", "closed"):
        hold_id = new_id()
        async with product_database.transaction() as transaction:
            await transaction.execute(PUT, hold_id=hold_id, order_id=new_id(), state=state, at=NOW)
            if to == "confirmed":
                await product.confirm(transaction, [hold_id])
            else:  # a hold of which nothing is held any more
                await product.account(transaction, [{"hold_id": hold_id, "sku": "TEA", "shipped": 0, "released": 0}])
            became[to] = (await transaction.fetch(STATE, hold_id=hold_id))[0].state

    assert became == {to: to if to in HOLD_STEPS[state] else state for to in became}


async def test_a_hold_can_be_in_no_other_state(product_database: Database) -> None:
    with pytest.raises(ConstraintViolated, match="hold_state"):
        async with product_database.transaction() as transaction:
            await transaction.execute(PUT, hold_id=new_id(), order_id=new_id(), state="lost", at=NOW)
