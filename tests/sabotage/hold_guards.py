"""What makes a hold the one for an order, for all of it, taken away."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from modules.kernel.database import Transaction
from modules.kernel.ids import HoldId, OrderId
from modules.product import repository
from modules.product.model import left
from modules.product.port import Availability, Line
from modules.product.service import ProductService, holds
from modules.sales import repository as sales
from tests.integration.placing.test_holds import (
    test_an_open_hold_that_is_asked_for_with_other_lines_is_a_mismatch_and_stays,
)
from tests.integration.placing.test_placing_commit import (
    test_a_transaction_that_fails_before_commit_keeps_the_hold_until_it_is_settled_void,
)
from tests.integration.placing.test_placing_stock import (
    test_a_hold_has_all_its_lines_or_there_is_none,
    test_the_same_sku_in_two_lines_is_added_up,
)
from tests.sabotage.guards import Guard, guard
from tests.support.shop import Shop

HOLDS: list[Guard[Shop]] = []


class HoldsWhatThereIs(ProductService):
    """Holds those lines that there is enough for."""

    async def _decide(
        self, transaction: Transaction, new: Mapping[int, Any], baskets: Mapping[int, Mapping[str, int]]
    ) -> dict[int, Availability]:
        stock = await repository.lock_stock(transaction, sorted({sku for lines in baskets.values() for sku in lines}))
        there = {
            place: {sku: quantity for sku, quantity in lines.items() if left(stock[sku], {}) >= quantity}
            for place, lines in baskets.items()
        }
        return await super()._decide(transaction, new, there)


@guard(
    HOLDS,
    "P2",
    "all lines of an order are held, or none",
    test=test_a_hold_has_all_its_lines_or_there_is_none,
    red="a part of a basket is held",
)
async def all_or_none(shop: Shop, _patch: pytest.MonkeyPatch) -> None:
    """Those are held that there is enough for."""
    shop.parts.product = HoldsWhatThereIs


@guard(
    HOLDS,
    "P1",
    "a hold that is refused is taken back",
    test=test_a_hold_has_all_its_lines_or_there_is_none,
    red="what was refused is held",
)
async def taken_back(_shop: Shop, patch: pytest.MonkeyPatch) -> None:
    """Its row stays, and is the answer to the next who asks for the order."""

    async def stays(_transaction: Transaction, _hold_ids: Sequence[Any]) -> None: ...

    patch.setattr(repository, "drop_holds", stays)


@guard(
    HOLDS,
    "P1",
    "the demand of an order is added up by SKU",
    test=test_the_same_sku_in_two_lines_is_added_up,
    red="what was asked for twice was held once",
)
async def added_up(_shop: Shop, patch: pytest.MonkeyPatch) -> None:
    """Of two lines over one SKU the last one counts."""

    def last(lines: Sequence[Line]) -> dict[str, int]:
        return {line.sku: line.quantity for line in lines}

    patch.setattr(holds, "demand", last)


@guard(
    HOLDS,
    "P3",
    "a hold is compared with what is asked for",
    test=test_an_open_hold_that_is_asked_for_with_other_lines_is_a_mismatch_and_stays,
    red="one hold was the answer to two baskets",
)
async def compared(_shop: Shop, patch: pytest.MonkeyPatch) -> None:
    """The open hold of an order is the answer, whatever is asked for."""
    patch.setattr(holds, "fingerprint", lambda _wanted: "")


@guard(
    HOLDS,
    "P1",
    "the decision about a hold is written with its order",
    test=test_a_transaction_that_fails_before_commit_keeps_the_hold_until_it_is_settled_void,
    red="stock stays held for no order",
)
async def with_its_order(shop: Shop, patch: pytest.MonkeyPatch) -> None:
    """It is written in a transaction of its own, before the order is: that may come to nothing."""
    decide = sales.decide

    async def by_itself(_transaction: Transaction, decisions: Mapping[HoldId, OrderId | None]) -> frozenset[HoldId]:
        async with shop.sales_database.transaction() as own:
            return await decide(own, decisions)

    patch.setattr(sales, "decide", by_itself)
