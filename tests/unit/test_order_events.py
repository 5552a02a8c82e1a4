"""What delivery's word does to an order: every status of it, with every status of its one parcel."""

from collections.abc import Iterator

import pytest

from modules.delivery.model import REPORTED
from modules.delivery.model import STEPS as SHIPMENT_STEPS
from modules.sales.model import OF_PART, STEPS, steps_to

COLUMNS, *ROWS = """
                      pending     packed   dispatched   in_transit   delivered   failed            returned   cancelled
    placed            confirmed   packed   shipped      shipped      delivered   delivery_failed   returned   .
    confirmed         .           packed   shipped      shipped      delivered   delivery_failed   returned   .
    packed            .           .        shipped      shipped      delivered   delivery_failed   returned   .
    cancelling        .           .        .            .            .           .                 .          cancelled
    partially_shipped .           .        shipped      shipped      delivered   delivery_failed   returned   .
    shipped           .           .        .            .            delivered   delivery_failed   returned   .
    partially_delivered .         .        .            .            delivered   delivery_failed   returned   .
    delivery_failed   .           .        shipped      shipped      delivered   .                 returned   .
    delivered         .           .        .            .            .           .                 returned   .
    cancelled         .           .        .            .            .           .                 .          .
    returned          .           .        .            .            .           .                 .          .
""".strip().splitlines()  # where it is then; a dot: nothing happens

TABLE = {
    (order, parcel): None if then == "." else then
    for order, *cells in (row.split() for row in ROWS)
    for parcel, then in zip(COLUMNS.split(), cells, strict=True)
}


def test_the_table_has_a_row_for_every_status_of_an_order_and_a_column_for_every_status_of_a_parcel() -> None:
    assert TABLE.keys() == {(order, parcel) for order in STEPS for parcel in SHIPMENT_STEPS}
    assert OF_PART.keys() == SHIPMENT_STEPS.keys()


@pytest.mark.parametrize(("order", "parcel"), TABLE)
def test_delivery_s_word_on_a_parcel_does_to_an_order_what_the_table_says(order: str, parcel: str) -> None:
    steps = steps_to(order, [parcel])
    assert (steps[-1] if steps else None) == TABLE[order, parcel]
    assert all(step in STEPS[before] for before, step in zip((order, *steps), steps, strict=False))


def ways(*so_far: str) -> Iterator[tuple[str, ...]]:
    """Every way that a parcel can take, failing twice at most."""
    yield so_far
    for step in SHIPMENT_STEPS[so_far[-1]]:
        if step in REPORTED and so_far.count(step) < 3:
            yield from ways(*so_far, step)


@pytest.mark.parametrize("way", list(ways("pending")), ids=" ".join)
def test_an_order_keeps_up_with_its_parcel_on_every_way_it_can_take(way: tuple[str, ...]) -> None:
    order = "placed"
    for parcel in way:
        order = (order, *steps_to(order, [parcel]))[-1]
        assert order == OF_PART[parcel]
