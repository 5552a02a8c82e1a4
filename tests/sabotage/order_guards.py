"""What makes an order be placed once, and with its stock, taken away."""

import pytest

from modules.sales import repository
from tests.integration.placing.test_placing_commit import (
    test_a_transaction_that_fails_before_commit_keeps_the_hold_until_it_is_settled_void,
    test_an_answer_to_commit_that_is_lost_is_unavailable_and_the_retry_is_answered_with_the_order,
)
from tests.integration.placing.test_placing_other_hold import (
    test_a_clean_up_while_a_retry_with_the_same_hold_is_being_stored_waits_and_gives_nothing_back,
    test_an_attempt_held_after_another_was_stored_and_shipped_has_its_hold_given_back_though_release_is_lost,
)
from tests.integration.placing.test_settle_answers import (
    test_settle_before_a_retry_is_stored_makes_it_give_back_the_void_hold_and_take_another,
)
from tests.integration.placing.test_settle_races import (
    test_settle_between_hold_and_store_decides_void_and_the_order_is_stored_under_another_hold,
    test_settle_between_hold_and_store_whose_commit_fails_gives_nothing_back,
    test_settle_while_the_order_is_being_stored_waits_for_it_and_answers_stored,
)
from tests.sabotage import worse_orders as worse
from tests.sabotage.guards import Guard, guard, without
from tests.support.shop import Shop

ORDERS: list[Guard[Shop]] = []

WITHOUT_STOCK = "an order was stored without stock"


@guard(
    ORDERS,
    "P2",
    "the decision row: settle writes *void* where there is nothing",
    test=test_settle_between_hold_and_store_decides_void_and_the_order_is_stored_under_another_hold,
    red=WITHOUT_STOCK,
)
async def decision_row(shop: Shop, _patch: pytest.MonkeyPatch) -> None:
    """Settle looks whether there is an order, and writes nothing."""
    shop.parts.sales = worse.OnlyLooks


@guard(
    ORDERS,
    "P2",
    "settle waits for an insert in flight (the decision's primary key)",
    test=test_settle_while_the_order_is_being_stored_waits_for_it_and_answers_stored,
    red=WITHOUT_STOCK,
)
async def settle_waits(shop: Shop, _patch: pytest.MonkeyPatch) -> None:
    """The primary key is dropped: `ON CONFLICT` finds no conflict and nothing to wait for."""
    await shop.alter(shop.sales_database, "ALTER TABLE hold_decision DROP CONSTRAINT hold_decision_pkey")


@guard(
    ORDERS,
    "P2",
    "settle reads in a new statement after it has waited",
    test=test_settle_while_the_order_is_being_stored_waits_for_it_and_answers_stored,
    red=WITHOUT_STOCK,
)
async def new_statement(shop: Shop, _patch: pytest.MonkeyPatch) -> None:
    """Writing and reading are one statement: it reads in the snapshot from before the wait."""
    shop.parts.sales = worse.LooksInTheSameStatement


@guard(
    ORDERS,
    "P2",
    "settle answers after its commit",
    test=test_settle_between_hold_and_store_whose_commit_fails_gives_nothing_back,
    red=WITHOUT_STOCK,
)
async def answer_after_commit(shop: Shop, _patch: pytest.MonkeyPatch) -> None:
    """The answer is given although the transaction came to nothing."""
    shop.parts.sales = worse.AnswersBeforeCommit


@guard(
    ORDERS,
    "P2",
    "no expiry by the clock",
    test=test_settle_between_hold_and_store_decides_void_and_the_order_is_stored_under_another_hold,
    red=WITHOUT_STOCK,
)
async def no_clock(shop: Shop, _patch: pytest.MonkeyPatch) -> None:
    """The sweeper releases what has expired without asking sales."""
    shop.parts.sweeper = worse.GoesByTheClock


@guard(
    ORDERS,
    "P2",
    "void decisions are kept",
    test=test_settle_between_hold_and_store_decides_void_and_the_order_is_stored_under_another_hold,
    red=WITHOUT_STOCK,
)
async def void_is_kept(shop: Shop, _patch: pytest.MonkeyPatch) -> None:
    """Void decisions are deleted as soon as their holds are released."""
    shop.parts.sweeper = worse.pruning(shop.sales_database)


@guard(
    ORDERS,
    "P2",
    "a clean-up decides void before it releases",
    test=test_a_clean_up_while_a_retry_with_the_same_hold_is_being_stored_waits_and_gives_nothing_back,
    red=WITHOUT_STOCK,
)
async def void_before_release(shop: Shop, _patch: pytest.MonkeyPatch) -> None:
    """It releases first."""
    shop.parts.placing = worse.ReleasesFirst


@guard(
    ORDERS,
    "P2",
    "a lost answer to COMMIT is unknown, not failed",
    test=test_an_answer_to_commit_that_is_lost_is_unavailable_and_the_retry_is_answered_with_the_order,
    red="the stock of an order that may be stored was given back",
)
async def lost_is_unknown(shop: Shop, _patch: pytest.MonkeyPatch) -> None:
    """The holds of a batch whose COMMIT got no answer are released."""
    shop.parts.placing = worse.TakesLostForFailed


@guard(
    ORDERS,
    "P2",
    "an order is acknowledged after the answer to COMMIT",
    test=test_a_transaction_that_fails_before_commit_keeps_the_hold_until_it_is_settled_void,
    red="an order that is not stored was acknowledged",
)
async def acknowledged_after_commit(shop: Shop, _patch: pytest.MonkeyPatch) -> None:
    """It counts as placed as soon as it is inserted."""
    shop.parts.placing = worse.AcknowledgesBeforeCommit


@guard(
    ORDERS,
    "P1",
    "the sweeper",
    test=test_a_transaction_that_fails_before_commit_keeps_the_hold_until_it_is_settled_void,
    red="stock stays held for no order",
)
async def the_sweeper(shop: Shop, _patch: pytest.MonkeyPatch) -> None:
    """Nobody asks what became of a hold."""
    shop.parts.sweeper = worse.NeverSweeps


@guard(
    ORDERS,
    "P6",
    "a void hold is released before another is asked for",
    test=test_settle_before_a_retry_is_stored_makes_it_give_back_the_void_hold_and_take_another,
    red="an order with stock cannot be placed",
)
async def released_before_asked_again(shop: Shop, _patch: pytest.MonkeyPatch) -> None:
    """Product is asked again while the void hold is open, and answers that one."""
    shop.parts.placing = worse.AsksAgainAtOnce


@guard(
    ORDERS,
    "P1",
    "the decision turns void where the order exists under another hold",
    test=test_an_attempt_held_after_another_was_stored_and_shipped_has_its_hold_given_back_though_release_is_lost,
    red="stock stays held for no order",
)
async def void_after_all(_shop: Shop, patch: pytest.MonkeyPatch) -> None:
    """The hold stays decided for the order that another hold serves."""
    patch.setattr(
        repository, "DECIDE_VOID_AFTER_ALL", without(repository.DECIDE_VOID_AFTER_ALL, "WHERE", "WHERE false AND")
    )
