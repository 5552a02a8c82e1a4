"""What keeps parcels right, taken away: pieces are shipped twice or not at all, and carriers' words are lost."""

from typing import Any

import pytest

from modules.delivery import repository
from modules.kernel import idempotency
from modules.kernel.database import sql
from tests.integration.events.test_hearing import (
    test_of_two_reports_of_one_step_at_once_the_second_is_illegal,
    test_one_message_id_for_two_parcels_at_once_counts_for_the_first,
    test_what_an_early_step_waits_for_that_is_reported_while_it_is_heard_takes_it_along,
)
from tests.integration.events.test_splitting import (
    test_a_split_that_comes_to_nothing_leaves_all_as_it_was,
    test_of_two_splits_at_once_none_makes_a_part_that_there_is,
    test_of_two_splits_at_once_the_second_sees_what_the_first_has_left,
    test_split_first_what_leaves_is_only_what_stayed,
    test_two_with_one_key_at_once_are_one_split,
)
from tests.integration.events.whole import Whole
from tests.sabotage.guards import Guard, guard, without

PARTS: list[Guard[Whole]] = []


async def _alter(whole: Whole, statement: str) -> None:
    async with whole.databases["delivery"].transaction() as transaction:
        await transaction.execute(sql(statement))


async def _no_lock(_whole: Whole, patch: pytest.MonkeyPatch) -> None:
    """It is read without `FOR UPDATE`."""
    patch.setattr(repository, "LOCK_FULFILMENT", without(repository.LOCK_FULFILMENT, "FOR UPDATE"))


row_lock = guard(
    PARTS,
    "P3",
    "the lock on an order's row in delivery",
    test=test_of_two_splits_at_once_the_second_sees_what_the_first_has_left,
    red="two splits took the same pieces",
)(_no_lock)


async def _no_numbers(whole: Whole, _patch: pytest.MonkeyPatch) -> None:
    """`ALTER TABLE outbox DROP CONSTRAINT outbox_subject_sequence`"""
    await _alter(whole, "ALTER TABLE outbox DROP CONSTRAINT outbox_subject_sequence")


numbers = Guard(
    "P3",
    "the unique numbers of an order's events",
    _no_numbers,
    test_of_two_splits_at_once_none_makes_a_part_that_there_is,
    "",
)


@guard(
    PARTS,
    "P1",
    "the lock on an order's row in delivery",
    test=test_split_first_what_leaves_is_only_what_stayed,
    red="a parcel left with what was taken out of it",
    beside=[numbers],
)
async def row_lock_of_a_report(whole: Whole, patch: pytest.MonkeyPatch) -> None:
    """It is read without `FOR UPDATE`."""
    await _no_lock(whole, patch)


@guard(
    PARTS,
    "P3",
    "unique (order, part)",
    test=test_of_two_splits_at_once_none_makes_a_part_that_there_is,
    red="an order has two parts of one number",
    beside=[row_lock, numbers],
)
async def one_per_part(whole: Whole, _patch: pytest.MonkeyPatch) -> None:
    """`ALTER TABLE shipment DROP CONSTRAINT shipment_one_per_part`"""
    await _alter(whole, "ALTER TABLE shipment DROP CONSTRAINT shipment_one_per_part")


@guard(
    PARTS,
    "P3",
    "a split is one transaction",
    test=test_a_split_that_comes_to_nothing_leaves_all_as_it_was,
    red="pieces went out of a part and into none",
)
async def one_transaction(whole: Whole, patch: pytest.MonkeyPatch) -> None:
    """What goes is taken out in a transaction of its own."""
    leave = repository.leave

    async def by_itself(_transaction: Any, *what: Any) -> None:
        async with whole.databases["delivery"].transaction() as own:
            await leave(own, *what)

    patch.setattr(repository, "leave", by_itself)


@guard(
    PARTS,
    "P3",
    "the row of an `Idempotency-Key`",
    test=test_two_with_one_key_at_once_are_one_split,
    red="one key has split twice",
)
async def key_row(_whole: Whole, patch: pytest.MonkeyPatch) -> None:
    """Nobody looks what was asked under a key before."""

    async def nothing_before(*_asked: Any) -> None:
        return None

    patch.setattr(idempotency, "_claim", nothing_before)


@guard(
    PARTS,
    "P3",
    "the lock on an order's row in delivery, between two reports",
    test=test_of_two_reports_of_one_step_at_once_the_second_is_illegal,
    red="two reports were one step each",
)
async def row_lock_of_two_reports(whole: Whole, patch: pytest.MonkeyPatch) -> None:
    """It is read without `FOR UPDATE`."""
    await _no_lock(whole, patch)


@guard(
    PARTS,
    "P2",
    "the lock on an order's row in delivery, between a carrier's word and a report",
    test=test_what_an_early_step_waits_for_that_is_reported_while_it_is_heard_takes_it_along,
    red="a step that was told early is forgotten",
)
async def row_lock_of_an_early_step(whole: Whole, patch: pytest.MonkeyPatch) -> None:
    """It is read without `FOR UPDATE`."""
    await _no_lock(whole, patch)


@guard(
    PARTS,
    "P3",
    "unique (carrier, message id)",
    test=test_one_message_id_for_two_parcels_at_once_counts_for_the_first,
    red="one message has moved two parcels",
)
async def one_per_message(whole: Whole, _patch: pytest.MonkeyPatch) -> None:
    """`ALTER TABLE carrier_update DROP CONSTRAINT carrier_update_pkey`"""
    await _alter(whole, "ALTER TABLE carrier_update DROP CONSTRAINT carrier_update_pkey")
