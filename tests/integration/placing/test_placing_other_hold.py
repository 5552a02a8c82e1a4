"""Several attempts at one order, and holds that one gives back while another uses them."""

from modules.kernel.money import Money
from modules.product.port import ProductPort
from modules.sales.service import PlaceOrder
from tests.support.interleaving import CutOffProduct, Gate, GatedProduct, UnsteadyDatabase
from tests.support.orders import SHIP_TO, Outcome, order, told, variant
from tests.support.shop import Shop

ELSEWHERE = {**SHIP_TO, "city": "Bremen"}


async def overtaken(shop: Shop, request: PlaceOrder, product: ProductPort | None = None) -> Outcome:
    """The request's own hold comes after another attempt was stored and has left the house."""
    gate = Gate()
    late = shop.begin(shop.place(request, GatedProduct(product or shop.product(), before=gate)))
    await gate.reached()
    assert told(await shop.place(order("k", BOLT=1))) == "placed"
    await shop.created("k")
    await shop.dispatched("k")
    gate.open()
    return await late


async def test_an_attempt_held_after_another_was_stored_and_shipped_answers_that_order_and_gives_its_hold_back(
    shop: Shop,
) -> None:
    await shop.stock(BOLT=2)
    heard = told(await overtaken(shop, order("k", BOLT=1)))
    assert heard == "replayed", f"a client is refused its own order: {heard}"
    assert await shop.counters("BOLT") == (1, 0)


async def test_an_attempt_held_after_another_was_stored_and_shipped_never_stores_a_second_order(shop: Shop) -> None:
    await shop.stock(BOLT=2)
    await overtaken(shop, order("k", BOLT=1))
    assert await shop.orders() == 1, "an order was stored twice"


async def test_an_attempt_held_after_another_was_stored_and_shipped_has_its_hold_given_back_though_release_is_lost(
    shop: Shop,
) -> None:
    await shop.stock(BOLT=2)
    lossy = CutOffProduct(shop.product(), unreached="release")
    assert told(await overtaken(shop, order("k", BOLT=1), lossy)) == "replayed"
    assert await shop.counters("BOLT") == (1, 1)
    await shop.sweep()
    assert await shop.counters("BOLT") == (1, 0), "stock stays held for no order"


async def test_an_attempt_with_another_body_held_after_the_order_was_stored_and_shipped_is_refused(
    shop: Shop,
) -> None:
    await shop.stock(BOLT=3)
    assert told(await overtaken(shop, order("k", BOLT=2))) == "sales.idempotency_key_reused"
    assert await shop.counters("BOLT") == (2, 0)


async def test_an_attempt_refused_after_another_was_stored_and_shipped_the_last_unit_answers_that_order(
    shop: Shop,
) -> None:
    await shop.stock(BOLT=1)
    heard = told(await overtaken(shop, order("k", BOLT=1)))
    assert heard == "replayed", f"a client is refused its own order: {heard}"


async def slow_with_a_void_hold(shop: Shop, slow: PlaceOrder) -> Outcome:
    """Held first, decided void, overtaken by an attempt that is stored under another hold; then it goes on."""
    gate = Gate()
    first = shop.begin(shop.place(slow, GatedProduct(shop.product(), after=gate)))
    await gate.reached()
    await shop.sweep()
    assert told(await shop.place(order("k", BOLT=1))) == "placed"
    gate.open()
    return await first


async def test_an_attempt_whose_hold_became_void_while_another_was_stored_answers_that_order(shop: Shop) -> None:
    await shop.stock(BOLT=2)
    assert told(await slow_with_a_void_hold(shop, order("k", BOLT=1))) == "replayed"
    assert list((await shop.holds()).values()) == ["closed", "held"]


async def test_an_attempt_with_another_ship_to_whose_hold_became_void_while_another_was_stored_is_refused(
    shop: Shop,
) -> None:
    await shop.stock(BOLT=2)
    other = variant(order("k", BOLT=1), ship_to=ELSEWHERE)
    assert told(await slow_with_a_void_hold(shop, other)) == "sales.idempotency_key_reused"


async def test_a_release_that_comes_twice_and_late_leaves_the_next_hold_of_the_order_alone(shop: Shop) -> None:
    await shop.stock(BOLT=1)
    gate = Gate()
    placing = shop.begin(shop.place(order("k", BOLT=1), GatedProduct(shop.product(), after=gate)))
    await gate.reached()
    void = await shop.only_hold()
    await shop.sweep()
    gate.open()
    assert told(await placing) == "placed"
    await shop.product().release([void])
    assert await shop.counters("BOLT") == (1, 1), "an order was stored without stock"


def expecting(request: PlaceOrder, amount: int) -> PlaceOrder:
    return variant(request, expected_total=Money(amount, "EUR"))


async def test_a_clean_up_before_a_retry_with_the_same_hold_is_stored_makes_it_take_another_hold(shop: Shop) -> None:
    await shop.stock(BOLT=1)
    gate = Gate()
    right = expecting(order("k", BOLT=1), 100)
    retry = shop.begin(shop.place(right, GatedProduct(shop.product(), after=gate)))
    await gate.reached()
    shared = await shop.only_hold()
    wrong = await shop.place(expecting(order("k", BOLT=1), 1))
    gate.open()
    assert (told(wrong), told(await retry)) == ("sales.price_changed", "placed")
    assert await shop.hold_of("k") != shared, "an order was stored without stock"


async def test_a_clean_up_while_a_retry_with_the_same_hold_is_being_stored_waits_and_gives_nothing_back(
    shop: Shop,
) -> None:
    await shop.stock(BOLT=1)
    gate = Gate()
    right = expecting(order("k", BOLT=1), 100)
    retry = shop.begin(shop.place(right, database=UnsteadyDatabase(shop.sales_database, before_commit=gate)))
    await gate.reached()
    wrong = shop.begin(shop.place(expecting(order("k", BOLT=1), 1)))
    await shop.sales_waits()
    gate.open()
    assert told(await retry) == "placed"
    assert told(await wrong) == "sales.idempotency_key_reused"
    assert await shop.counters("BOLT") == (1, 1), "an order was stored without stock"


async def test_a_clean_up_decided_and_released_only_after_a_retry_took_the_next_hold_leaves_that_hold_alone(
    shop: Shop,
) -> None:
    await shop.stock(BOLT=1)
    gate = Gate()
    late = GatedProduct(shop.product(), before_release=gate)
    wrong = shop.begin(shop.place(expecting(order("k", BOLT=1), 1), late))
    await gate.reached()
    assert told(await shop.place(expecting(order("k", BOLT=1), 100))) == "placed"
    gate.open()
    assert told(await wrong) == "sales.idempotency_key_reused"
    assert await shop.counters("BOLT") == (1, 1)
