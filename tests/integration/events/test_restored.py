"""One module's database is put back to an earlier time, while the others have gone on: what comes together again."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from app.database import PsycopgPool
from app.doctor.repair import Repair
from app.operator import Operator
from app.post import republished
from modules.kernel.database import Database
from modules.kernel.ids import OrderId
from tests.integration.events.test_mending import faults, findings
from tests.integration.events.whole import Whole
from tests.support.shop_fixture import Server


class Backup:
    """A copy of one module's database."""

    def __init__(self, whole: Whole, module: str, postgres: Server) -> None:
        self.whole = whole
        self.database = whole.databases[module]
        self._postgres = postgres
        self._copy = ""

    @property
    def _dsn(self) -> str:
        pool = self.database.pool
        assert isinstance(pool, PsycopgPool)
        return pool.dsn

    async def take(self) -> None:
        """Remember the database as it is."""
        await self.database.close()
        self._copy = self._postgres.copy(self._dsn)

    async def put_back(self) -> None:
        """Have everything forgotten that happened since; the emitters' events are told again, and the doctor mends."""
        await self.database.close()
        self._postgres.put_back(self._dsn, self._copy)
        await self.whole.come_to_rest()
        await told_again(self.whole)


async def told_again(whole: Whole) -> None:
    """What the operator does then: `event republish --since`, `doctor --repair`."""
    container = whole.container
    operator = Operator(container.auth(), container.catalogue(), container.orders(), container.delivery())
    await republished(operator, "maria", datetime.now(UTC) - timedelta(hours=1))
    await whole.come_to_rest()
    repair = Repair("maria", container.orders(), container.delivery(), container.catalogue())
    await repair.mend(await findings(whole))
    await whole.come_to_rest()


@pytest.fixture
def own(sales_database: Database, delivery_database: Database, product_database: Database) -> Whole:
    """The whole system on databases of its own."""
    return Whole({"sales": sales_database, "delivery": delivery_database, "product": product_database})


async def placed(whole: Whole, *keys: str) -> Sequence[OrderId]:
    """Orders that everybody has heard of."""
    orders = [await whole.place(key, BOLT=1) for key in keys]
    await whole.come_to_rest()
    return orders


async def test_a_delivery_that_forgot_orders_opens_their_shipments_again_and_goes_on_with_them(
    own: Whole, postgres: Server
) -> None:
    await own.stock(BOLT=9)
    await placed(own, "before")
    backup = Backup(own, "delivery", postgres)
    await backup.take()
    (after,) = await placed(own, "after")
    await backup.put_back()
    assert await faults(own) == []
    await own.report(after, "packed", "dispatched")
    await own.come_to_rest()
    assert (await own.status(after), await faults(own)) == ("shipped", [])
    assert await own.rows("product", "SELECT on_hand, held FROM stock") == [(8, 1)]


async def test_a_parcel_whose_steps_delivery_forgot_is_named_and_comes_together_when_they_are_reported_again(
    own: Whole, postgres: Server
) -> None:
    await own.stock(BOLT=9)
    (order_id,) = await placed(own, "k")
    backup = Backup(own, "delivery", postgres)
    await backup.take()
    await own.report(order_id, "packed", "dispatched")
    await own.come_to_rest()
    await backup.put_back()
    sentence = f"sales knows the parcels of order {order_id} as 1 dispatched, delivery as 1 pending"
    assert sentence in await faults(own), "nobody says what cannot be brought back"
    await own.report(order_id, "packed", "dispatched")  # numbers are given out again: the same step has the same
    await own.come_to_rest()
    assert (await own.status(order_id), await faults(own)) == ("shipped", [])
    assert await own.rows("product", "SELECT on_hand, held FROM stock") == [(8, 0)], "a parcel was booked twice"


async def test_a_product_that_forgot_what_orders_became_hears_it_again(own: Whole, postgres: Server) -> None:
    await own.stock(BOLT=9)
    order_id = await own.place("k", BOLT=1)
    backup = Backup(own, "product", postgres)
    await backup.take()
    await own.come_to_rest()
    await own.report(order_id, "packed", "dispatched")
    await own.come_to_rest()
    await backup.put_back()
    assert await faults(own) == []
    assert await own.rows("product", "SELECT on_hand, held FROM stock") == [(8, 0)]


async def test_a_product_that_forgot_a_hold_has_it_named_and_nothing_is_booked_for_it(
    own: Whole, postgres: Server
) -> None:
    await own.stock(BOLT=9)
    backup = Backup(own, "product", postgres)
    await backup.take()
    (order_id,) = await placed(own, "k")
    await backup.put_back()
    assert [one for one in await faults(own) if "under a hold" in one and str(order_id) in one]
    await own.report(order_id, "packed", "dispatched")
    await own.come_to_rest()
    assert await own.parked("product") == {3: "retrying 1"}, "stock left that was not held"
    assert await own.rows("product", "SELECT on_hand, held FROM stock") == [(9, 0)]


async def test_an_order_that_sales_forgot_is_named_and_is_the_same_when_its_customer_repeats_the_request(
    own: Whole, postgres: Server
) -> None:
    await own.stock(BOLT=9)
    backup = Backup(own, "sales", postgres)
    await backup.take()
    (order_id,) = await placed(own, "k")
    await backup.database.close()
    backup._postgres.put_back(backup._dsn, backup._copy)
    assert any(f"of an order {order_id} that sales does not have" in one for one in await faults(own))
    assert await own.place("k", BOLT=1) == order_id  # before the events are told again
    await told_again(own)
    assert (await own.status(order_id), await faults(own)) == ("confirmed", [])
    assert await own.rows("product", "SELECT on_hand, held FROM stock") == [(9, 1)], "an order holds stock twice"
    assert len(await own.rows("delivery", "SELECT FROM shipment")) == 1, "an order has two shipments"
