"""What makes every event take effect once and in order, taken away."""

import pytest

from modules.kernel import inbox
from modules.kernel.database import sql
from tests.integration.events.mail import Mail
from tests.integration.events.test_inbox_failures import (
    test_later_events_of_the_subject_in_the_same_batch_wait_behind_the_one_that_fails,
    test_one_that_fails_stays_parked_when_it_comes_again,
)
from tests.integration.events.test_inbox_order import (
    test_a_type_without_a_handler_moves_the_cursor_all_the_same,
    test_an_event_over_a_gap_is_parked_and_leaves_the_cursor_where_it_is,
    test_an_event_that_comes_twice_takes_effect_once,
    test_events_of_one_batch_take_effect_in_order_however_they_are_shuffled,
    test_what_is_parked_over_a_gap_is_taken_up_as_soon_as_the_gap_closes,
)
from tests.integration.events.test_inbox_outages import (
    test_a_parked_event_that_ends_every_process_is_dead_without_a_ninth_run,
    test_an_answer_to_commit_that_is_lost_leaves_one_effect_after_the_repeat,
    test_an_outage_in_the_middle_of_a_bisected_batch_is_made_good_by_its_repeat,
)
from tests.integration.events.test_inbox_races import (
    test_an_event_that_another_consumer_is_just_parking_is_not_run_again,
    test_two_consumers_at_the_first_event_of_a_subject_wait_for_each_other_too,
    test_two_consumers_with_the_same_batch_wait_for_each_other_and_the_second_drops_it,
)
from tests.sabotage import worse_inboxes as worse
from tests.sabotage.guards import Guard, guard, without

INBOX: list[Guard[Mail]] = []
TWICE = "an event took effect twice"


@guard(INBOX, "P3", "the inbox cursor", test=test_an_event_that_comes_twice_takes_effect_once, red=TWICE)
async def cursor_check(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """Nothing was seen before: an event at or below the cursor is handled."""
    patch.setattr(inbox, "sort_out", worse.takes_all_for_new)


@guard(
    INBOX,
    "P3",
    "the lock on the inbox cursor",
    test=test_two_consumers_with_the_same_batch_wait_for_each_other_and_the_second_drops_it,
    red=TWICE,
)
async def cursor_lock(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """Cursors are read without being locked."""
    patch.setattr(inbox, "LOCK_CURSORS", worse.NO_LOCK)


@guard(
    INBOX,
    "P3",
    "a cursor row for a new subject, before anything is looked at",
    test=test_two_consumers_at_the_first_event_of_a_subject_wait_for_each_other_too,
    red=TWICE,
)
async def first_row(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """Only the cursors that exist are locked; the first event of a subject makes its row when it moves it."""
    patch.setattr(inbox, "locked", worse.locks_what_is_there)
    patch.setattr(inbox, "MOVE_CURSORS", worse.MOVE_OR_OPEN)


@guard(
    INBOX,
    "P3",
    "effect and cursor in one transaction",
    test=test_an_answer_to_commit_that_is_lost_leaves_one_effect_after_the_repeat,
    red=TWICE,
)
async def one_transaction(mail: Mail, _patch: pytest.MonkeyPatch) -> None:
    """The cursor is moved in a transaction of its own, after the effect's."""
    mail.make_inbox = worse.MovesLater


@guard(
    INBOX,
    "P3",
    "never over a gap",
    test=test_an_event_over_a_gap_is_parked_and_leaves_the_cursor_where_it_is,
    red="an event took effect before the one it follows",
)
async def no_gap(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """An event that comes too early is applied, and the cursor moved over the gap."""
    patch.setattr(inbox, "sort_out", worse.steps_over_gaps)


@guard(
    INBOX,
    "P2",
    "parking what comes too early",
    test=test_what_is_parked_over_a_gap_is_taken_up_as_soon_as_the_gap_closes,
    red="an event that came too early was lost",
)
async def parking(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """It is dropped: until its emitter asks and publishes it again, it is gone."""
    patch.setattr(inbox, "sort_out", worse.drops_over_gaps)


@guard(
    INBOX,
    "P2",
    "a cursor that moves over types without a handler",
    test=test_a_type_without_a_handler_moves_the_cursor_all_the_same,
    red="what follows waits for ever",
)
async def unhandled_types(mail: Mail, _patch: pytest.MonkeyPatch) -> None:
    """Events without a handler are filtered out before the cursor sees them."""
    mail.make_inbox = worse.Filters


@guard(
    INBOX,
    "P3",
    "a redelivery leaves what is parked alone",
    test=test_one_that_fails_stays_parked_when_it_comes_again,
    red="a parked event was run by its redelivery",
)
async def parked_alone(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """Only the cursor is looked at: a dead letter that comes again is run again."""
    patch.setattr(inbox, "sort_out", worse.runs_what_is_parked)


@guard(
    INBOX,
    "P3",
    "cursors are read in a new statement, after they are locked",
    test=test_an_event_that_another_consumer_is_just_parking_is_not_run_again,
    red="a parked event was run by its redelivery",
)
async def new_statement(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """One statement locks and reads: what is parked is read as it was before the wait for the lock."""
    patch.setattr(inbox, "LOCK_CURSORS", worse.NO_LOCK)
    patch.setattr(inbox, "READ_CURSORS", sql(inbox.READ_CURSORS + " ORDER BY c.source, c.subject FOR UPDATE OF c"))


@guard(
    INBOX,
    "P6",
    "a batch is sorted before it is sorted out",
    test=test_events_of_one_batch_take_effect_in_order_however_they_are_shuffled,
    red="parked what the batch itself led up to",
)
async def batch_sorted(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """Events are taken as they come: one may be parked and then handled, and its parked row stays for ever."""
    patch.setattr(inbox, "sort_out", worse.in_order_of_arrival)


@guard(
    INBOX,
    "P6",
    "a batch that fails is bisected",
    test=test_later_events_of_the_subject_in_the_same_batch_wait_behind_the_one_that_fails,
    red="an event pays for its neighbour",
)
async def bisection(mail: Mail, _patch: pytest.MonkeyPatch) -> None:
    """All of a batch that fails is parked."""
    mail.make_inbox = worse.BlamesAll


@guard(
    INBOX,
    "P6",
    "an outage is no event's fault",
    test=test_an_outage_in_the_middle_of_a_bisected_batch_is_made_good_by_its_repeat,
    red="an outage was taken for the fault of an event",
)
async def outages_apart(mail: Mail, _patch: pytest.MonkeyPatch) -> None:
    """No answer is an error like any other, and counted."""
    mail.make_inbox = worse.BlamesEvents


@guard(
    INBOX,
    "P6",
    "an attempt is counted before it is run",
    test=test_a_parked_event_that_ends_every_process_is_dead_without_a_ninth_run,
    red="an attempt was not counted",
)
async def counted_first(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """It is counted when it has failed: one that kills its process is tried for ever."""
    patch.setattr(
        inbox, "NEXT_PARKED", without(inbox.NEXT_PARKED, "attempts = p.attempts + 1", "attempts = p.attempts")
    )
