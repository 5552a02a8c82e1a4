"""Less is counted than open orders hold: the orders keep it, and nobody else is sold what is not there."""

from contextlib import suppress
from random import Random

import pytest

from modules.kernel.database import ConstraintViolated
from modules.kernel.ids import HoldId
from modules.product.port import BelowHeld, NewProduct, StockChange, StockView
from modules.product.service import Catalogue
from modules.sales.service import Placed
from tests.support.interleaving import Gate, UnsteadyDatabase
from tests.support.orders import order, told
from tests.support.shop import Shop


async def move(shop: Shop, kind: str, quantity: int, *, force: bool = False, key: str | None = None) -> StockView:
    change = StockChange(kind, quantity, key or f"{kind} {quantity}", "a look at the shelf", force)
    return await shop.catalogue.change_stock("maria", "BOLT", change)


async def short(shop: Shop, *, on_hand: int = 5, held: int = 3, counted: int = 1) -> StockView:
    """So many bolts are on hand, an order holds some of them, and fewer are counted."""
    await shop.stock(BOLT=on_hand)
    assert told(await shop.place(order("short", BOLT=held))) == "placed"
    await shop.created("short")
    return await move(shop, "count", counted, force=True)


async def stock(shop: Shop) -> tuple[int, int, int]:
    """On hand, held, and missing."""
    (view,) = await shop.catalogue.stock(["BOLT"])
    return view.on_hand, view.held, view.shortage


async def sold(shop: Shop, tries: int = 5) -> int:
    """How many more are sold, one at a time."""
    outcomes = [await shop.place(order(f"more {number}", BOLT=1)) for number in range(tries)]
    return sum(isinstance(one, Placed) for one in outcomes)


async def test_what_is_missing_is_written_down_and_the_orders_keep_what_they_hold(shop: Shop) -> None:
    assert await short(shop) == StockView("BOLT", on_hand=3, held=3, available=0, shortage=2)
    rows = await shop.rows(
        shop.product_database,
        "SELECT kind, quantity, actor, reason FROM stock_movement WHERE actor = 'maria' ORDER BY 1",
    )
    told_ = [(row.kind, row.quantity, row.actor, row.reason) for row in rows]
    assert told_ == [("count", 1, "maria", "a look at the shelf"), ("shortage", 2, "maria", "a look at the shelf")]
    assert await sold(shop) == 0
    await shop.dispatched("short")
    assert await stock(shop) == (0, 0, 2)


async def test_without_force_a_count_below_what_is_held_is_refused(shop: Shop) -> None:
    await short(shop)
    for counted in (0, 2):
        with pytest.raises(BelowHeld):
            await move(shop, "count", counted)
    with pytest.raises(BelowHeld):
        await move(shop, "correction", -1)
    with pytest.raises(BelowHeld):
        await shop.catalogue.import_products("file", [NewProduct("BOLT", "Bolt", 100, "EUR", 2)])
    assert await stock(shop) == (3, 3, 2)


async def test_what_is_missing_is_never_sold_whatever_comes_in(shop: Shop) -> None:
    await short(shop)
    with suppress(ConstraintViolated):
        await move(shop, "receipt", 3)
    assert await sold(shop) <= 1, "what is missing was sold"


@pytest.mark.parametrize(
    ("kind", "quantity", "after"),
    [
        ("receipt", 1, (3, 3, 1)),
        ("receipt", 2, (3, 3, 0)),
        ("receipt", 3, (4, 3, 0)),
        ("correction", 1, (3, 3, 1)),
        ("correction", 4, (5, 3, 0)),
        ("count", 3, (3, 3, 0)),
        ("count", 7, (7, 3, 0)),
    ],
    ids=str,
)
async def test_what_comes_in_or_is_found_makes_up_for_what_is_missing_first(
    shop: Shop, kind: str, quantity: int, after: tuple[int, int, int]
) -> None:
    await short(shop)
    view = await move(shop, kind, quantity, key="another")
    assert (view.on_hand, view.held, view.shortage) == after == await stock(shop)
    assert await sold(shop) == after[0] - after[1]


@pytest.mark.parametrize(("counted", "missing"), [(0, 3), (1, 2), (2, 1), (3, 0), (5, 0)])
async def test_a_second_count_says_what_is_missing_now(shop: Shop, counted: int, missing: int) -> None:
    await short(shop)
    view = await move(shop, "count", counted, force=True, key="again")
    assert (view.shortage, view.available) == (missing, max(0, counted - 3))


async def test_a_forced_count_that_is_sent_twice_counts_once(shop: Shop) -> None:
    await short(shop)
    assert await move(shop, "count", 1, force=True) == StockView("BOLT", 3, 3, 0, 2)
    await move(shop, "receipt", 4)
    assert await move(shop, "count", 1, force=True) == StockView("BOLT", 5, 3, 2, 0)


async def test_what_a_cancelled_order_gives_back_makes_up_for_what_is_missing_first(unchecked_shop: Shop) -> None:
    shop = unchecked_shop
    await shop.stock(BOLT=5)
    for key, quantity in (("kept", 1), ("given up", 2)):
        await shop.place(order(key, BOLT=quantity))
    await move(shop, "count", 2, force=True)
    assert await stock(shop) == (3, 3, 1)
    await shop.cancelled("given up")
    assert await stock(shop) == (2, 1, 0)
    assert await sold(shop) == 1


async def test_what_is_held_while_it_is_counted_counts_as_held(shop: Shop) -> None:
    await shop.stock(BOLT=5)
    gate = Gate()
    holding = shop.product(UnsteadyDatabase(shop.product_database, before_commit=gate))
    placing = shop.begin(shop.place(order("k", BOLT=3), holding))
    await gate.reached()
    counting = shop.begin(move(shop, "count", 1, force=True))
    await shop.product_waits(unless=counting)
    gate.open()
    assert told(await placing) == "placed"
    assert await counting == StockView("BOLT", 3, 3, 0, 2)


async def test_an_order_that_is_placed_while_a_shortage_is_booked_waits_and_is_told_that_nothing_is_left(
    shop: Shop,
) -> None:
    await shop.stock(BOLT=5)
    await shop.place(order("held", BOLT=3))
    gate = Gate()
    slow = Catalogue(UnsteadyDatabase(shop.product_database, before_commit=gate))
    counting = shop.begin(slow.change_stock("maria", "BOLT", StockChange("count", 1, "k", force=True)))
    await gate.reached()
    placing = shop.begin(shop.place(order("late", BOLT=1)))
    await shop.product_waits(unless=placing)
    gate.open()
    await counting
    assert told(await placing) == "product.out_of_stock"


async def test_a_recount_leaves_missing_what_was_counted_as_missing(shop: Shop) -> None:
    await short(shop)
    assert await shop.catalogue.recount("maria", ["BOLT"]) == []
    await shop.alter_rows("UPDATE stock SET shortage = 0")
    assert await shop.catalogue.recount("maria", ["BOLT"]) == [StockView("BOLT", 3, 3, 0, 2)]


@pytest.mark.parametrize("seed", range(12))
async def test_whatever_happens_exactly_what_is_there_and_not_held_can_be_sold(unchecked_shop: Shop, seed: int) -> None:
    shop = unchecked_shop
    chance = Random(seed)  # noqa: S311  # the same turns each time
    there, open_ = 9, dict[str, tuple[HoldId, int]]()
    await shop.stock(BOLT=there)
    for turn in range(25):
        key, quantity, what = (
            f"{turn}",
            chance.randint(1, 4),
            chance.choice(("hold", "hold", "in", "count", "out", "free")),
        )
        free = max(0, there - sum(held for _, held in open_.values()))
        if what == "hold":
            outcome = await shop.place(order(key, BOLT=quantity))
            assert isinstance(outcome, Placed) is (quantity <= free), (turn, there, open_)
            if isinstance(outcome, Placed):
                open_[key] = (await shop.hold_of(key), quantity)
        elif what == "in":
            await move(shop, "receipt", quantity, key=key)
            there += quantity
        elif what == "count":
            there = chance.randint(0, 9)
            await move(shop, "count", there, force=True, key=key)
        elif open_:
            gone = chance.choice(sorted(open_))
            _, held = open_.pop(gone)
            await (shop.dispatched(gone) if what == "out" else shop.cancelled(gone))
            there -= held if what == "out" else 0
        on_hand, held, missing = await stock(shop)
        assert (on_hand - missing, held) == (there, sum(quantity for _, quantity in open_.values()))
        assert await shop.catalogue.verify_stock() == []
