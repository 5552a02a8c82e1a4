"""What keeps pieces that are missing from being sold, taken away."""

import pytest

from modules.product import repository
from tests.integration.placing.test_shortage import test_what_is_missing_is_never_sold_whatever_comes_in
from tests.sabotage.guards import Guard, guard, without
from tests.support.shop import Shop

SHORTAGE: list[Guard[Shop]] = []

FREE = "greatest(0, on_hand + c.free_change + c.missing - held)"
NAME = "what there is beyond what is held makes up for what is missing first"


async def _sold_at_once(_shop: Shop, patch: pytest.MonkeyPatch) -> None:
    """What comes in is added to what is on hand, whatever is missing."""
    patch.setattr(repository, "BOOK", without(repository.BOOK, FREE, "0"))


made_up_for: Guard[Shop] = Guard(
    "P1", NAME, _sold_at_once, test_what_is_missing_is_never_sold_whatever_comes_in, "what is missing was sold"
)


@guard(
    SHORTAGE,
    "P1",
    "the CHECK on shortages (`stock_short_of_what_is_held`)",
    test=test_what_is_missing_is_never_sold_whatever_comes_in,
    red="what is missing was sold",
    beside=[made_up_for],
)
async def shortage_check(shop: Shop, _patch: pytest.MonkeyPatch) -> None:
    """The constraint is dropped."""
    await shop.alter(shop.product_database, "ALTER TABLE stock DROP CONSTRAINT stock_short_of_what_is_held")


guard(
    SHORTAGE,
    "P1",
    NAME,
    test=test_what_is_missing_is_never_sold_whatever_comes_in,
    red="what is missing was sold",
    beside=[shortage_check],
)(made_up_for.remove)
