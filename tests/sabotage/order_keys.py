"""What makes a key name one order, taken away. The constraints cover each other: each is the last one left for once."""

import pytest

from modules.sales import repository
from tests.integration.placing.test_placing_one_key import (
    test_the_same_key_with_another_ship_to_while_the_first_is_being_stored_is_refused,
)
from tests.integration.placing.test_placing_other_hold import (
    test_an_attempt_held_after_another_was_stored_and_shipped_answers_that_order_and_gives_its_hold_back,
    test_an_attempt_held_after_another_was_stored_and_shipped_never_stores_a_second_order,
    test_an_attempt_refused_after_another_was_stored_and_shipped_the_last_unit_answers_that_order,
)
from tests.sabotage import worse_orders as worse
from tests.sabotage.guards import Guard, Removal, guard, without
from tests.support.shop import Shop

KEYS: list[Guard[Shop]] = []

PARTS = {
    "order_line": "order_line_pkey",
    "order_transition": "order_transition_pkey",
    "outbox": "outbox_subject_sequence",
}


@guard(
    KEYS,
    "P3",
    "a refusal looks for the order once more",
    test=test_an_attempt_refused_after_another_was_stored_and_shipped_the_last_unit_answers_that_order,
    red="a client is refused its own order",
)
async def looks_again(shop: Shop, _patch: pytest.MonkeyPatch) -> None:
    """It is told without looking."""
    shop.parts.placing = worse.NeverLooksAgain


@guard(
    KEYS,
    "P3",
    "fingerprints are compared",
    test=test_the_same_key_with_another_ship_to_while_the_first_is_being_stored_is_refused,
    red="two bodies are taken for one order",
)
async def fingerprints(shop: Shop, _patch: pytest.MonkeyPatch) -> None:
    """Whatever comes with a known key is answered with its order."""
    shop.parts.placing = worse.TakesAnyBody


@guard(
    KEYS,
    "P3",
    "the order's primary key, and asking for its conflict",
    test=test_an_attempt_held_after_another_was_stored_and_shipped_answers_that_order_and_gives_its_hold_back,
    red="a client is refused its own order: ConstraintViolated: order_one_per_key",
)
async def primary_key(shop: Shop, patch: pytest.MonkeyPatch) -> None:
    """The key is dropped, and the insert no longer asks for a conflict."""
    await shop.alter(shop.sales_database, 'ALTER TABLE "order" DROP CONSTRAINT order_pkey CASCADE')
    patch.setattr(repository, "INSERT_ORDERS", without(repository.INSERT_ORDERS, "ON CONFLICT (id) DO NOTHING"))


async def _one_per_key(shop: Shop, _patch: pytest.MonkeyPatch) -> None:
    """The constraint is dropped."""
    await shop.alter(shop.sales_database, 'ALTER TABLE "order" DROP CONSTRAINT order_one_per_key')


async def _keys_of_parts(shop: Shop, _patch: pytest.MonkeyPatch) -> None:
    """The keys are dropped: a second order's lines, first step and event go beside those of the first."""
    for table, constraint in PARTS.items():
        await shop.alter(shop.sales_database, f"ALTER TABLE {table} DROP CONSTRAINT {constraint}")


NAMES: dict[str, Removal[Shop]] = {
    "the order's primary key": primary_key.remove,
    "one order per client and key (`order_one_per_key`)": _one_per_key,
    "the keys of lines, steps and events": _keys_of_parts,
}


def _each_as_the_last() -> None:
    test = test_an_attempt_held_after_another_was_stored_and_shipped_never_stores_a_second_order
    alone = {name: Guard("P3", name, remove, test, "") for name, remove in NAMES.items()}
    for name, remove in NAMES.items():
        others = [other for other in alone.values() if other.name != name]
        guard(KEYS, "P3", name, test=test, red="an order was stored twice", beside=others)(remove)


_each_as_the_last()
