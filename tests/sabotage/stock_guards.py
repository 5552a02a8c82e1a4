"""What keeps stock and holds right in product's database, taken away."""

from collections.abc import Sequence

import pytest

from modules.kernel.database import Transaction, sql
from modules.kernel.errors import Conflict
from modules.kernel.ids import HoldId
from modules.product import consumer, repository
from modules.product.service import ProductService
from modules.product.service.shipping import Parcel, ship
from tests.integration.placing.test_holds import (
    test_a_dispatch_that_is_heard_of_before_the_confirmation_of_the_hold_books_out,
    test_a_dispatch_that_is_heard_of_before_the_creation_of_the_order_books_out_once_and_the_hold_stays_closed,
    test_a_release_of_a_confirmed_hold_does_nothing,
)
from tests.integration.placing.test_placing_one_key import (
    test_the_same_key_and_body_for_the_last_unit_while_the_first_has_it_held_is_one_order_for_both,
)
from tests.integration.placing.test_placing_other_hold import (
    test_a_release_that_comes_twice_and_late_leaves_the_next_hold_of_the_order_alone,
)
from tests.integration.placing.test_placing_stock import (
    test_the_second_buyer_waits_for_the_first_to_get_the_last_unit_and_is_told_that_it_is_gone,
    test_two_buyers_never_both_get_the_last_unit_asked_for_by_one_while_the_other_is_given_it,
)
from tests.integration.placing.test_settle_races import (
    test_settle_between_hold_and_store_decides_void_and_the_order_is_stored_under_another_hold,
)
from tests.sabotage.guards import Guard, guard, without
from tests.support.shop import Shop

STOCK: list[Guard[Shop]] = []


ONE_OPEN = "ON CONFLICT (order_id) WHERE state <> 'closed' DO NOTHING"
OF_NO_ORDER_THAT_HAD_ONE = "WHERE NOT EXISTS (SELECT FROM hold h WHERE h.order_id = r.order_id)"


@guard(
    STOCK,
    "P6",
    "the row lock on stock (`FOR UPDATE`)",
    test=test_the_second_buyer_waits_for_the_first_to_get_the_last_unit_and_is_told_that_it_is_gone,
    red="ConstraintViolated: stock_never_oversold",
)
async def row_lock(_shop: Shop, patch: pytest.MonkeyPatch) -> None:
    """Stock is read without being locked."""
    patch.setattr(repository, "LOCK_STOCK", without(repository.LOCK_STOCK, "FOR UPDATE OF s"))


@guard(
    STOCK,
    "P1",
    "the CHECK on stock (`stock_never_oversold`)",
    test=test_two_buyers_never_both_get_the_last_unit_asked_for_by_one_while_the_other_is_given_it,
    red="sold twice",
    beside=[row_lock],
)
async def stock_check(shop: Shop, _patch: pytest.MonkeyPatch) -> None:
    """The constraint is dropped."""
    await shop.alter(shop.product_database, "ALTER TABLE stock DROP CONSTRAINT stock_never_oversold")


guard(
    STOCK,
    "P1",
    "the row lock on stock (`FOR UPDATE`)",
    test=test_two_buyers_never_both_get_the_last_unit_asked_for_by_one_while_the_other_is_given_it,
    red="sold twice",
    beside=[stock_check],
)(row_lock.remove)


@guard(
    STOCK,
    "P3",
    "one open hold per order (`hold_one_open_per_order`)",
    test=test_the_same_key_and_body_for_the_last_unit_while_the_first_has_it_held_is_one_order_for_both,
    red="a client is refused its own order",
)
async def one_open_hold(shop: Shop, patch: pytest.MonkeyPatch) -> None:
    """The partial unique index is dropped, and the insert that relies on it no longer looks for a conflict."""
    await shop.alter(shop.product_database, "DROP INDEX hold_one_open_per_order")
    patch.setattr(repository, "OPEN_HOLDS", without(repository.OPEN_HOLDS, ONE_OPEN))


@guard(
    STOCK,
    "P6",
    "a closed hold is never answered again",
    test=test_settle_between_hold_and_store_decides_void_and_the_order_is_stored_under_another_hold,
    red="an order with stock cannot be placed",
)
async def closed_is_closed(_shop: Shop, patch: pytest.MonkeyPatch) -> None:
    """An order that had a hold gets that one again, closed or not."""
    patch.setattr(
        repository, "OPEN_HOLDS", without(repository.OPEN_HOLDS, "ORDER BY", f"{OF_NO_ORDER_THAT_HAD_ONE} ORDER BY")
    )
    patch.setattr(repository, "LOCK_OPEN_HOLDS", without(repository.LOCK_OPEN_HOLDS, "AND state <> 'closed'"))


@guard(
    STOCK,
    "P3",
    "confirming leaves a closed hold closed",
    test=test_a_dispatch_that_is_heard_of_before_the_creation_of_the_order_books_out_once_and_the_hold_stays_closed,
    red="a closed hold is open again",
)
async def confirms_only_held(_shop: Shop, patch: pytest.MonkeyPatch) -> None:
    """`order.created` confirms its hold in whatever state."""
    patch.setattr(repository, "CONFIRM", without(repository.CONFIRM, "AND state = ANY(:before)"))


@guard(
    STOCK,
    "P2",
    "a release leaves a confirmed hold alone",
    test=test_a_release_of_a_confirmed_hold_does_nothing,
    red="the stock of a stored order was given back",
)
async def releases_only_held(_shop: Shop, patch: pytest.MonkeyPatch) -> None:
    """Every hold is taken for one that is merely held."""
    patch.setattr(
        repository, "LOCK_HOLDS", without(repository.LOCK_HOLDS, "hold_id, state", "hold_id, 'held' AS state")
    )


class ReleasesByOrder(ProductService):
    async def release(self, hold_ids: Sequence[HoldId]) -> None:
        held = sql("""
            SELECT hold_id FROM hold
            WHERE state = 'held' AND order_id IN (SELECT order_id FROM hold WHERE hold_id = ANY(:hold_ids))
        """)
        async with self._database.reading() as reading:
            found = [row.hold_id for row in await reading.fetch(held, hold_ids=list(hold_ids))]
        await super().release(found)


@guard(
    STOCK,
    "P2",
    "a release names the hold, not the order",
    test=test_a_release_that_comes_twice_and_late_leaves_the_next_hold_of_the_order_alone,
    red="an order was stored without stock",
)
async def release_by_hold(shop: Shop, _patch: pytest.MonkeyPatch) -> None:
    """What is released is whatever hold the order has."""
    shop.parts.product = ReleasesByOrder


async def ship_only_confirmed(transaction: Transaction, parcels: Sequence[Parcel]) -> None:
    states = await repository.lock_holds(transaction, [parcel.hold_id for parcel in parcels])
    if set(states.values()) != {"confirmed"}:
        raise Conflict("not confirmed")
    await ship(transaction, parcels)


@guard(
    STOCK,
    "P3",
    "a dispatch books out of a hold that is merely held",
    test=test_a_dispatch_that_is_heard_of_before_the_confirmation_of_the_hold_books_out,
    red="what left is not booked out",
)
async def dispatch_of_held(_shop: Shop, patch: pytest.MonkeyPatch) -> None:
    """A dispatch is refused until the hold is confirmed."""
    patch.setattr(consumer, "ship", ship_only_confirmed)
