"""One key is one order: the same key again, at the same time, and with other contents."""

from dataclasses import replace

from modules.kernel.ids import ClientId
from modules.sales.port import KeyReused
from modules.sales.service import Placed, PlaceOrder
from tests.support.interleaving import Gate, GatedProduct, UnsteadyDatabase
from tests.support.orders import SHIP_TO, Outcome, order, told, variant
from tests.support.shop import Shop

ELSEWHERE = {**SHIP_TO, "city": "Bremen"}


async def second_while_the_first_is_stored(
    shop: Shop, first: PlaceOrder, second: PlaceOrder
) -> tuple[Outcome, Outcome]:
    """The second is held and comes to store while the first's transaction is in flight."""
    gate = Gate()
    database = UnsteadyDatabase(shop.sales_database, before_commit=gate)
    storing = shop.begin(shop.place(first, database=database))
    await gate.reached()
    other = shop.begin(shop.place(second))
    await shop.sales_waits(unless=other)
    gate.open()
    return await storing, await other


async def test_the_same_key_and_body_while_the_first_is_being_stored_is_answered_with_the_one_order(
    shop: Shop,
) -> None:
    await shop.stock(BOLT=2)
    one = order("k", BOLT=1)
    first, second = await second_while_the_first_is_stored(shop, one, one)
    assert (told(first), told(second)) == ("placed", "replayed")
    assert isinstance(first, Placed)
    assert isinstance(second, Placed)
    assert first.order == second.order


async def test_the_same_key_with_another_ship_to_while_the_first_is_being_stored_is_refused(shop: Shop) -> None:
    await shop.stock(BOLT=2)
    one = order("k", BOLT=1)
    first, second = await second_while_the_first_is_stored(shop, one, variant(one, ship_to=ELSEWHERE))
    assert told(first) == "placed"
    assert isinstance(second, KeyReused), "two bodies are taken for one order"


async def test_the_same_key_with_other_lines_while_the_first_is_being_stored_may_come_back_and_is_refused_then(
    shop: Shop,
) -> None:
    await shop.stock(BOLT=5)
    other = order("k", BOLT=2)
    first, second = await second_while_the_first_is_stored(shop, order("k", BOLT=1), other)
    assert (told(first), told(second)) == ("placed", "product.hold_mismatch")
    assert told(await shop.place(other)) == "sales.idempotency_key_reused"


async def test_the_same_key_with_other_lines_is_refused_when_the_first_is_stored_just_before_the_no(
    shop: Shop,
) -> None:
    await shop.stock(BOLT=5)
    first_held, second_refused = Gate(), Gate()
    first = shop.begin(shop.place(order("k", BOLT=1), GatedProduct(shop.product(), after=first_held)))
    await first_held.reached()
    second = shop.begin(shop.place(order("k", BOLT=2), GatedProduct(shop.product(), after=second_refused)))
    await second_refused.reached()
    first_held.open()
    assert told(await first) == "placed"
    second_refused.open()
    assert told(await second) == "sales.idempotency_key_reused"


async def test_the_same_key_and_body_for_the_last_unit_while_the_first_has_it_held_is_one_order_for_both(
    shop: Shop,
) -> None:
    await shop.stock(BOLT=1)
    gate = Gate()
    first = shop.begin(shop.place(order("k", BOLT=1), GatedProduct(shop.product(), after=gate)))
    await gate.reached()
    second = await shop.place(order("k", BOLT=1))
    gate.open()
    heard = told(await first), told(second)
    assert heard == ("replayed", "placed"), f"a client is refused its own order: {heard}"


async def test_the_same_key_and_body_while_the_hold_of_the_first_is_being_written_waits_and_gets_it_too(
    shop: Shop,
) -> None:
    await shop.stock(BOLT=1)
    gate = Gate()
    slow = shop.product(UnsteadyDatabase(shop.product_database, before_commit=gate))
    first = shop.begin(shop.place(order("k", BOLT=1), slow))
    await gate.reached()
    second = shop.begin(shop.place(order("k", BOLT=1)))
    await shop.product_waits()
    gate.open()
    assert {told(await first), told(await second)} == {"placed", "replayed"}
    assert len(await shop.holds()) == 1


async def test_the_same_key_in_another_order_of_members_is_the_same_request(shop: Shop) -> None:
    await shop.stock(BOLT=2)
    one = order("k", BOLT=1)
    assert told(await shop.place(one)) == "placed"
    turned = variant(one, ship_to=dict(reversed(SHIP_TO.items())))
    assert told(await shop.place(turned)) == "replayed"


async def test_the_same_key_twice_in_a_batch_is_one_order(shop: Shop) -> None:
    await shop.stock(BOLT=1)
    batch = [order("k", BOLT=1), order("k", BOLT=1)]
    assert [told(one) for one in await shop.place_batch(batch)] == ["placed", "replayed"]


async def test_the_same_key_twice_in_a_batch_with_different_bodies_is_the_first_order(shop: Shop) -> None:
    await shop.stock(BOLT=3)
    batch = [order("k", BOLT=1), order("other", BOLT=1), order("k", BOLT=2)]
    heard = [told(one) for one in await shop.place_batch(batch)]
    assert heard == ["placed", "placed", "sales.idempotency_key_reused"]


async def test_the_same_key_of_two_clients_is_two_orders(shop: Shop) -> None:
    await shop.stock(BOLT=2)
    mine = order("k", BOLT=1)
    theirs = replace(mine, client_id=ClientId("somebody else"))
    assert [told(one) for one in await shop.place_batch([mine, theirs])] == ["placed", "placed"]


async def test_without_a_key_two_equal_requests_are_two_orders(shop: Shop) -> None:
    await shop.stock(BOLT=2)
    batch = [order(None, BOLT=1), order(None, BOLT=1)]
    assert [told(one) for one in await shop.place_batch(batch)] == ["placed", "placed"]
    assert await shop.orders() == 2


async def test_a_key_is_free_again_after_a_refusal(shop: Shop) -> None:
    await shop.stock(BOLT=0)
    assert told(await shop.place(order("k", BOLT=1))) == "product.out_of_stock"
    await shop.stock(BOLT=2)
    assert told(await shop.place(order("k", BOLT=2))) == "placed"
