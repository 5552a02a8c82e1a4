"""What product means to sales, however it is reached."""

import pytest

from modules.kernel import rpc
from modules.kernel.errors import DeadlineExceeded
from modules.kernel.events import Progress, source_of
from modules.kernel.ids import HoldId, OrderId, new_id
from modules.kernel.money import Money
from modules.product.port import Availability, AvailabilityRequest, Line, LineAvailability, ProductPort
from tests.contract.baskets import asks, held_by, said, wants
from tests.contract.port_facts import assert_frozen, same_again
from tests.support.orders import order
from tests.support.shop import Shop

PRICE = Money(100, "EUR")


# asking


async def test_a_question_is_answered_per_line_in_the_order_asked_and_holds_nothing(
    product: ProductPort, shop: Shop
) -> None:
    await shop.stock(BOLT=5, NUT=2)
    (answer,) = await same_again(lambda: product.availability([asks(NUT=2, BOLT=1)]))
    assert answer == Availability(
        True, (LineAvailability("NUT", 2, 2, "Nut", PRICE), LineAvailability("BOLT", 1, 5, "Bolt", PRICE))
    )
    assert (await shop.holds(), await shop.counters("NUT")) == ({}, (2, 0))


async def test_the_same_sku_twice_is_added_up(product: ProductPort, shop: Shop) -> None:
    await shop.stock(BOLT=3)
    (answer,) = await product.availability([AvailabilityRequest((Line("BOLT", 2), Line("BOLT", 2)))])
    assert answer == Availability(False, (LineAvailability("BOLT", 4, 3, "Bolt", PRICE),))


async def test_an_unknown_sku_has_no_name_and_no_price(product: ProductPort, shop: Shop) -> None:
    await shop.stock(BOLT=3)
    (answer,) = await product.availability([asks(BOLT=1, GHOST=1)])
    assert not answer.available
    assert answer.lines[1] == LineAvailability("GHOST", 1, 0, None, None)


async def test_an_empty_batch_has_an_empty_answer(product: ProductPort) -> None:
    assert list(await product.availability([])) == []
    await product.release([])


# holding


async def test_a_hold_sets_all_lines_aside_and_says_until_when(product: ProductPort, shop: Shop) -> None:
    await shop.stock(BOLT=5, NUT=2)
    (answer,) = await product.availability([wants(BOLT=3, NUT=2)])
    assert answer.available
    assert answer.hold_expires_at is not None
    assert answer.hold_expires_at.utcoffset() is not None
    assert await shop.holds() == {answer.hold_id: "held"}
    assert (await shop.counters("BOLT"), await shop.counters("NUT")) == ((5, 3), (2, 2))


async def test_a_repeat_for_the_same_order_and_lines_answers_the_same_hold(product: ProductPort, shop: Shop) -> None:
    await shop.stock(BOLT=5, NUT=5)
    id_ = OrderId(new_id())
    first = await product.availability([wants(id_, BOLT=3, NUT=1)])
    again = await product.availability([wants(id_, NUT=1, BOLT=3), wants(id_, BOLT=3, NUT=1)])
    assert held_by(again) == held_by(first) * 2
    assert await shop.counters("BOLT") == (5, 3)


@pytest.mark.parametrize(
    ("basket", "refusal"),
    [({"BOLT": 4}, "product.out_of_stock"), ({"BOLT": 1, "GHOST": 1}, "product.unknown_sku")],
    ids=str,
)
async def test_a_hold_is_given_for_all_lines_or_none(
    product: ProductPort, shop: Shop, basket: dict[str, int], refusal: str
) -> None:
    await shop.stock(BOLT=3, NUT=3)
    (answer,) = await product.availability([wants(NUT=1, **basket)])
    assert (answer.available, answer.hold_id, answer.refusal) == (False, None, refusal)
    assert {line.sku: line.available_quantity for line in answer.lines} == {
        "NUT": 3,
        **{sku: 0 if sku == "GHOST" else 3 for sku in basket},
    }
    assert (await shop.holds(), await shop.counters("NUT")) == ({}, (3, 0))


async def test_a_refusal_is_not_remembered(product: ProductPort, shop: Shop) -> None:
    await shop.stock(BOLT=1)
    wanted = wants(BOLT=2)
    assert said(await product.availability([wanted])) == ["product.out_of_stock"]
    await shop.stock(BOLT=2)
    assert said(await product.availability([wanted])) == ["held"]


async def test_other_lines_for_an_order_that_has_a_hold_are_a_mismatch(product: ProductPort, shop: Shop) -> None:
    await shop.stock(BOLT=5)
    id_ = OrderId(new_id())
    answers = await product.availability([wants(id_, BOLT=1), wants(id_, BOLT=2)])
    assert said(answers) == ["held", "product.hold_mismatch"]
    assert said(await product.availability([wants(id_, BOLT=2)])) == ["product.hold_mismatch"]
    assert await shop.counters("BOLT") == (5, 1)


async def test_a_batch_is_answered_in_order_and_a_bad_basket_leaves_its_neighbours_alone(
    product: ProductPort, shop: Shop
) -> None:
    await shop.stock(BOLT=5, NUT=1)
    batch = [wants(BOLT=2), wants(GHOST=1), asks(NUT=1), wants(BOLT=4), asks(GHOST=1), wants(BOLT=3)]
    answers = await product.availability(batch)
    heard = ["held", "product.unknown_sku", "True", "product.out_of_stock", "False", "held"]
    assert said(answers) == heard
    assert [[(line.sku, line.quantity) for line in one.lines] for one in answers] == [
        [(line.sku, line.quantity) for line in request.lines] for request in batch
    ]
    assert await shop.counters("BOLT") == (5, 5)


async def test_what_one_basket_of_a_batch_takes_the_next_cannot_have(product: ProductPort, shop: Shop) -> None:
    await shop.stock(BOLT=3)
    answers = await product.availability([wants(BOLT=2), wants(BOLT=2), wants(BOLT=1)])
    assert said(answers) == ["held", "product.out_of_stock", "held"]
    assert answers[1].lines[0].available_quantity == 1


async def test_answers_are_frozen(product: ProductPort, shop: Shop) -> None:
    await shop.stock(BOLT=3)
    assert_frozen(await product.availability([wants(BOLT=2), asks(BOLT=1)]))


# releasing


async def test_release_gives_back_what_was_held_once(product: ProductPort, shop: Shop) -> None:
    await shop.stock(BOLT=5)
    kept, given_up = held_by(await product.availability([wants(BOLT=2), wants(BOLT=1)]))
    for _ in range(2):
        await product.release([given_up])
        assert await shop.holds() == {kept: "held", given_up: "closed"}
        assert await shop.counters("BOLT") == (5, 2)


async def test_a_closed_hold_is_never_answered_again(product: ProductPort, shop: Shop) -> None:
    await shop.stock(BOLT=5)
    wanted = wants(BOLT=2)
    before = held_by(await product.availability([wanted]))
    await product.release(before)
    after = held_by(await product.availability([wanted]))
    assert len({*before, *after}) == 2


async def test_release_leaves_confirmed_and_unknown_holds_as_they_are(product: ProductPort, shop: Shop) -> None:
    await shop.stock(BOLT=5)
    await shop.place(order("k", BOLT=2))
    await shop.created("k")
    confirmed = await shop.hold_of("k")
    (void,) = held_by(await product.availability([wants(BOLT=1)]))
    await product.release([HoldId(new_id()), confirmed, void])
    assert await shop.holds() == {confirmed: "confirmed", void: "closed"}
    assert await shop.counters("BOLT") == (5, 2)


# progress


async def test_progress_of_an_empty_inbox_is_nothing_handled_and_nothing_parked(product: ProductPort) -> None:
    nothing = Progress(handled={}, parked={}, at_end=False)
    assert await same_again(lambda: product.progress(source_of("sales"), [new_id()])) == nothing
    assert await product.progress("urn:nobody", []) == nothing


async def test_progress_tells_of_the_subjects_that_were_asked_for(product: ProductPort, shop: Shop) -> None:
    await shop.stock(BOLT=5)
    for key in ("asked", "unasked"):
        await shop.place(order(key, BOLT=1))
        await shop.created(key)
    subject = next(iter(shop.acknowledged))
    progress = await product.progress(source_of("sales"), [subject, new_id()])
    assert progress == Progress(handled={subject: 1}, parked={}, at_end=False)


async def test_a_call_whose_time_is_over_is_not_begun(product: ProductPort, shop: Shop) -> None:
    await shop.stock(BOLT=5)
    with rpc.deadline(0), pytest.raises(DeadlineExceeded):
        await product.availability([wants(BOLT=1)])
    assert await shop.holds() == {}
