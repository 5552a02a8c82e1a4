"""What settling answers, and what becomes of holds by it."""

from collections.abc import Sequence
from uuid import UUID

import pytest

from modules.kernel.errors import NotReached, Unavailable
from modules.kernel.events import LastTold, Progress
from modules.kernel.ids import HoldId, new_id
from modules.product.port import Availability, AvailabilityRequest
from modules.sales.port import Settlement
from tests.support.interleaving import CutOffProduct, GatedProduct, UnsteadyDatabase
from tests.support.orders import order, told
from tests.support.shop import Shop


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
    one = order("k", BOLT=1)
    assert told(await shop.place(one, SweptAtOnce(shop, times=2))) == "unavailable"
    assert (await shop.orders(), await shop.counters("BOLT")) == (0, (1, 0))
    assert told(await shop.place(one)) == "placed"


async def test_settle_before_a_retry_is_stored_makes_it_give_back_the_void_hold_and_take_another(shop: Shop) -> None:
    await shop.stock(BOLT=1)
    one = order("k", BOLT=1)
    await shop.place(one, database=UnsteadyDatabase(shop.sales_database, fails=True))
    void = await shop.only_hold()
    await shop.sales().settle([void])
    outcome = told(await shop.place(one))
    assert outcome == "placed", f"an order with stock cannot be placed: {outcome}"
    assert (await shop.holds())[void] == "closed"


async def test_settle_between_hold_and_store_of_one_leaves_its_neighbour_in_the_batch_alone(shop: Shop) -> None:
    await shop.stock(BOLT=2)
    await shop.place(order("a", BOLT=1), database=UnsteadyDatabase(shop.sales_database, fails=True))
    void = await shop.only_hold()
    await shop.sales().settle([void])
    batch = [order("a", BOLT=1), order("b", BOLT=1)]
    assert [told(one) for one in await shop.place_batch(batch)] == ["placed", "placed"]
    assert await shop.hold_of("a") != void


async def test_a_void_hold_that_cannot_be_released_leaves_its_neighbour_in_the_batch_placed(shop: Shop) -> None:
    await shop.stock(BOLT=2)
    await shop.place(order("a", BOLT=1), database=UnsteadyDatabase(shop.sales_database, fails=True))
    await shop.sales().settle([await shop.only_hold()])
    batch = [order("a", BOLT=1), order("b", BOLT=1)]
    heard = await shop.place_batch(batch, CutOffProduct(shop.product(), unreached="release"))
    assert [told(one) for one in heard] == ["not_reached", "placed"]


async def test_settle_answers_the_same_again_one_word_per_hold_in_order(shop: Shop) -> None:
    await shop.stock(BOLT=2)
    await shop.place(order("stored", BOLT=1))
    stored = await shop.only_hold()
    await shop.place(order("lost", BOLT=1), database=UnsteadyDatabase(shop.sales_database, fails=True))
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

    async def last_told(self, after: UUID | None, limit: int) -> Sequence[LastTold]:
        raise NotReached(f"no word on {limit} orders behind {after}")


async def test_the_sweeper_keeps_everything_while_sales_is_away_and_confirms_what_is_stored_afterwards(
    shop: Shop,
) -> None:
    await shop.stock(BOLT=1)
    await shop.place(order("k", BOLT=1))

    with pytest.raises(Unavailable):
        await shop.sweep(SalesAway())
    assert await shop.counters("BOLT") == (1, 1)
    await shop.sweep()
    assert list((await shop.holds()).values()) == ["confirmed"]
