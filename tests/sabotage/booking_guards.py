"""What keeps stock right when an event comes again: the cursor, and behind it the key of each movement."""

import pytest

from modules.kernel import inbox, outbox
from modules.kernel.ids import new_id
from modules.product import repository
from modules.product.service import shipping
from modules.product.service.shipping import Parcel
from tests.integration.events.test_clocks import (
    test_a_hold_waits_for_its_order_as_long_as_it_should_and_is_settled_then,
    test_events_are_recorded_published_and_leased_by_the_databases_clock,
)
from tests.integration.events.test_natural_keys import (
    test_a_parcel_that_is_told_again_after_its_cursor_was_lost_is_booked_once,
    test_a_parcel_that_leaves_and_comes_back_is_booked_once_each_however_often_it_is_told,
)
from tests.integration.events.whole import Whole
from tests.sabotage import worse_inboxes as worse
from tests.sabotage.guards import Guard, guard, without

BOOKING: list[Guard[Whole]] = []
ELSEWHERE = "timestamptz '2036-01-01 00:00Z' + :ttl"  # what a machine would say whose clock is fast
TWICE = "a parcel was booked twice"


@guard(
    BOOKING,
    "P3",
    "the key of a movement (shipment, SKU, kind)",
    test=test_a_parcel_that_is_told_again_after_its_cursor_was_lost_is_booked_once,
    red=TWICE,
)
async def natural_key(_whole: Whole, patch: pytest.MonkeyPatch) -> None:
    """Each movement gets a key of its own, whatever it is about."""

    def fresh(kind: str, parcel: Parcel, sku: str) -> str:
        return f"{kind}:{parcel.shipment_id}:{sku}:{new_id()}"

    patch.setattr(shipping, "_key", fresh)


async def _no_cursor(_whole: Whole, patch: pytest.MonkeyPatch) -> None:
    """Nothing was seen before: an event at or below the cursor is handled."""
    patch.setattr(inbox, "sort_out", worse.takes_all_for_new)


cursor = guard(
    BOOKING,
    "P3",
    "the inbox cursor",
    test=test_a_parcel_that_leaves_and_comes_back_is_booked_once_each_however_often_it_is_told,
    red=TWICE,
    beside=[natural_key],
)(_no_cursor)

guard(
    BOOKING,
    "P3",
    "the key of a movement (shipment, SKU, kind)",
    test=test_a_parcel_that_leaves_and_comes_back_is_booked_once_each_however_often_it_is_told,
    red=TWICE,
    beside=[cursor],
)(natural_key.remove)


@guard(
    BOOKING,
    "P1",
    "a hold ends by the database's clock",
    test=test_a_hold_waits_for_its_order_as_long_as_it_should_and_is_settled_then,
    red="a hold ends by a machine's clock",
)
async def holds_clock(_whole: Whole, patch: pytest.MonkeyPatch) -> None:
    """The instant is reckoned by the machine that asks, whose clock is ten years fast."""
    statement = without(repository.OPEN_HOLDS, "clock_timestamp() + :ttl", ELSEWHERE)
    patch.setattr(repository, "OPEN_HOLDS", statement)


@guard(
    BOOKING,
    "P3",
    "the lease runs by the database's clock",
    test=test_events_are_recorded_published_and_leased_by_the_databases_clock,
    red="a lease is by a machine's clock",
)
async def lease_clock(_whole: Whole, patch: pytest.MonkeyPatch) -> None:
    """The instant is reckoned by the relay, whose clock is ten years fast: nobody could follow it."""
    patch.setattr(outbox, "LEASE", without(outbox.LEASE, "clock_timestamp() + :ttl", ELSEWHERE))
