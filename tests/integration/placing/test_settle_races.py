"""The sweeper asks what became of a hold, at every moment of an order's being placed."""

from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID

import pytest

from modules.kernel.errors import NotReached, Unavailable
from modules.kernel.events import Progress
from modules.kernel.ids import HoldId, new_id
from modules.product.port import Availability, AvailabilityRequest
from modules.product.service import Sweeper
from modules.sales.port import Settlement
from tests.support.interleaving import CutOffProduct, Gate, GatedProduct, UnsteadyDatabase
from tests.support.shop import Shop, told


async def test_settle_while_the_order_is_being_stored_waits_for_it_and_answers_stored(shop: Shop) -> None:
    await shop.stock(BOLT=1)
    gate = Gate()
    database = UnsteadyDatabase(shop.sales_database, before_commit=gate)
    placing = shop.begin(shop.place(shop.order("k", BOLT=1), database=database))
    await gate.reached()
    sweeping = shop.begin(shop.sweep())
    await shop.sales_waits(unless=sweeping)
    gate.open()
    assert told(await placing) == "placed"
    await sweeping
    assert list((await shop.holds()).values()) == ["confirmed"], "an order was stored without stock"


async def test_settle_while_the_order_s_transaction_fails_waits_for_it_and_gives_the_stock_back(shop: Shop) -> None:
    await shop.stock(BOLT=1)
    gate = Gate()
    database = UnsteadyDatabase(shop.sales_database, before_commit=gate, fails=True)
    placing = shop.begin(shop.place(shop.order("k", BOLT=1), database=database))
    await gate.reached()
    sweeping = shop.begin(shop.sweep())
    await shop.sales_waits()
    gate.open()
    assert told(await placing) == "not_reached"
    await sweeping
    assert await shop.counters("BOLT") == (1, 0)


async def test_settle_between_hold_and_store_decides_void_and_the_order_is_stored_under_another_hold(
    shop: Shop,
) -> None:
    await shop.stock(BOLT=1)
    gate = Gate()
    placing = shop.begin(shop.place(shop.order("k", BOLT=1), GatedProduct(shop.product(), after=gate)))
    await gate.reached()
    first = await shop.only_hold()
    await shop.sweep()
    gate.open()
    outcome = told(await placing)
    assert outcome == "placed", f"an order with stock cannot be placed: {outcome}"
    assert await shop.hold_of("k") != first, "an order was stored without stock"
    assert await shop.counters("BOLT") == (1, 1)


async def test_settle_between_hold_and_store_whose_commit_fails_gives_nothing_back(shop: Shop) -> None:
    await shop.stock(BOLT=1)
    gate = Gate()
    placing = shop.begin(shop.place(shop.order("k", BOLT=1), GatedProduct(shop.product(), after=gate)))
    await gate.reached()
    first = await shop.only_hold()
    with suppress(Unavailable):
        await shop.sweep(UnsteadyDatabase(shop.sales_database, fails=True))
    gate.open()
    assert told(await placing) == "placed"
    assert await shop.hold_of("k") == first


async def test_settle_whose_answer_is_lost_gives_nothing_back_until_it_is_asked_again(shop: Shop) -> None:
    await shop.stock(BOLT=1)
    await shop.place(shop.order("k", BOLT=1), database=UnsteadyDatabase(shop.sales_database, fails=True))
    with pytest.raises(Unavailable):
        await shop.sweep(UnsteadyDatabase(shop.sales_database, forgets=True))
    assert await shop.counters("BOLT") == (1, 1)
    await shop.sweep()
    assert await shop.counters("BOLT") == (1, 0)


class SweptAtOnce(GatedProduct):
    """Product, whose sweeper runs after each hold before the answer arrives."""

    def __init__(self, shop: Shop, times: int) -> None:
        super().__init__(shop.product())
        self._shop = shop
        self._times = times

    async def availability(self, requests: Sequence[AvailabilityRequest]) -> Sequence[Availability]:
        answers = await super().availability(requests)
        if self._times:
            self._times -= 1
            await self._shop.sweep()
        return answers


async def test_settle_between_hold_and_store_twice_in_a_row_is_unavailable_and_the_retry_places_the_order(
    shop: Shop,
) -> None:
    await shop.stock(BOLT=1)
    one = shop.order("k", BOLT=1)
    assert told(await shop.place(one, SweptAtOnce(shop, times=2))) == "unavailable"
    assert (await shop.orders(), await shop.counters("BOLT")) == (0, (1, 0))
    assert told(await shop.place(one)) == "placed"


async def test_settle_between_hold_and_store_of_one_leaves_its_neighbour_in_the_batch_alone(shop: Shop) -> None:
    await shop.stock(BOLT=2)
    await shop.place(shop.order("a", BOLT=1), database=UnsteadyDatabase(shop.sales_database, fails=True))
    void = await shop.only_hold()
    await shop.sales().settle([void])
    batch = [shop.order("a", BOLT=1), shop.order("b", BOLT=1)]
    assert [told(one) for one in await shop.place_batch(batch)] == ["placed", "placed"]
    assert await shop.hold_of("a") != void


async def test_a_void_hold_that_cannot_be_released_leaves_its_neighbour_in_the_batch_placed(shop: Shop) -> None:
    await shop.stock(BOLT=2)
    await shop.place(shop.order("a", BOLT=1), database=UnsteadyDatabase(shop.sales_database, fails=True))
    await shop.sales().settle([await shop.only_hold()])
    batch = [shop.order("a", BOLT=1), shop.order("b", BOLT=1)]
    heard = await shop.place_batch(batch, CutOffProduct(shop.product(), unreached="release"))
    assert [told(one) for one in heard] == ["not_reached", "placed"]


async def test_settle_answers_the_same_again_one_word_per_hold_in_order(shop: Shop) -> None:
    await shop.stock(BOLT=2)
    await shop.place(shop.order("stored", BOLT=1))
    stored = await shop.only_hold()
    await shop.place(shop.order("lost", BOLT=1), database=UnsteadyDatabase(shop.sales_database, fails=True))
    (lost,) = set(await shop.holds()) - {stored}
    unheard_of = HoldId(new_id())
    asked = [unheard_of, stored, HoldId(lost), stored]
    words = [Settlement.VOID, Settlement.STORED, Settlement.VOID, Settlement.STORED]
    assert await shop.sales().settle(asked) == words
    assert await shop.sales().settle(asked) == words


class SalesAway:
    """Sales, as seen from where it cannot be reached."""

    async def settle(self, hold_ids: Sequence[HoldId]) -> Sequence[Settlement]:
        raise NotReached(f"no word on {hold_ids}")

    async def progress(self, source: str, subjects: Sequence[UUID]) -> Progress:
        raise NotReached(f"no word on {source} {subjects}")


async def test_the_sweeper_keeps_everything_while_sales_is_away_and_confirms_what_is_stored_afterwards(
    shop: Shop,
) -> None:
    await shop.stock(BOLT=1)
    await shop.place(shop.order("k", BOLT=1))

    with pytest.raises(Unavailable):
        await Sweeper(shop.product_database, shop.product_service(), SalesAway()).sweep()
    assert await shop.counters("BOLT") == (1, 1)
    await shop.sweep()
    assert list((await shop.holds()).values()) == ["confirmed"]
