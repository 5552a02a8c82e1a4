"""What tells whose fault it is when an event is not handled, and who has to wait for it, taken away."""

from datetime import timedelta

import pytest

from modules.kernel import inbox
from tests.integration.events.mail import Mail
from tests.integration.events.test_inbox_failures import (
    test_a_dead_letter_blocks_its_own_subject_only,
    test_a_pause_is_as_long_as_its_attempt_asks_for,
    test_after_eight_attempts_it_is_dead_and_never_tried_again,
    test_an_event_that_was_handled_or_parked_before_is_not_given_up,
    test_before_its_pause_is_over_it_is_not_tried,
)
from tests.integration.events.test_inbox_order import (
    test_each_parked_event_is_taken_up_in_a_transaction_of_its_own,
    test_what_is_parked_over_a_gap_is_taken_up_as_soon_as_the_gap_closes,
)
from tests.integration.events.test_inbox_outages import (
    test_a_parked_event_whose_run_was_killed_rests_before_it_is_tried_again,
    test_a_process_that_is_stopped_in_the_middle_of_an_attempt_has_not_tried,
    test_an_outage_in_which_not_even_that_can_be_written_down_is_not_counted_either,
    test_an_outage_is_not_counted_though_another_process_has_given_up_since,
    test_an_outage_is_not_counted_though_another_process_is_at_it,
    test_an_outage_while_a_parked_event_is_tried_is_not_counted,
)
from tests.integration.events.test_inbox_races import (
    test_subjects_are_locked_in_their_order_however_their_events_come,
)
from tests.sabotage import worse_inboxes as worse
from tests.sabotage.guards import Guard, guard, without

HANDLING: list[Guard[Mail]] = []
NOBODY_ELSE = "state = 'retrying' AND attempts = :attempts"


@guard(
    HANDLING,
    "P6",
    "what is parked is taken up in transactions of its own",
    test=test_each_parked_event_is_taken_up_in_a_transaction_of_its_own,
    red="parked events share a transaction",
)
async def one_by_one(mail: Mail, _patch: pytest.MonkeyPatch) -> None:
    """All that is parked of a subject is run in one: each pays for the one that fails."""
    mail.make_inbox = worse.TakesUpAllAtOnce


@guard(
    HANDLING,
    "P2",
    "what waits over a gap is taken up when it closes",
    test=test_what_is_parked_over_a_gap_is_taken_up_as_soon_as_the_gap_closes,
    red="an event that came too early was lost",
)
async def taken_up(mail: Mail, _patch: pytest.MonkeyPatch) -> None:
    """Nobody looks what waits behind an event that was handled."""
    mail.make_inbox = worse.LooksAtNothingBehind


@guard(
    HANDLING,
    "P6",
    "what failed rests before it is tried again",
    test=test_before_its_pause_is_over_it_is_not_tried,
    red="it is due before its pause is over",
)
async def rests(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """Whatever is parked is due: eight attempts are over in a moment."""
    for name in ("DUE", "NEXT_PARKED"):
        patch.setattr(inbox, name, without(getattr(inbox, name), " AND p.next_at <= clock_timestamp()"))


@guard(
    HANDLING,
    "P6",
    "pauses grow from one attempt to the next",
    test=test_a_pause_is_as_long_as_its_attempt_asks_for,
    red="another pause after attempt 6",
)
async def pauses_grow(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """Each is as long as the first: what could not be handled for half a second is a dead letter."""
    patch.setattr(inbox, "pause_after", lambda _attempts: timedelta(milliseconds=50))


@guard(
    HANDLING,
    "P6",
    "after eight attempts an event is given up",
    test=test_after_eight_attempts_it_is_dead_and_never_tried_again,
    red="an event is tried for ever",
)
async def given_up(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """It is tried for ever, and nobody is told."""
    patch.setattr(inbox, "MAX_ATTEMPTS", 1_000)


@guard(
    HANDLING,
    "P3",
    "what follows a dead letter waits",
    test=test_a_dead_letter_blocks_its_own_subject_only,
    red="a dead letter was run, or overtaken",
)
async def never_overtaken(mail: Mail, _patch: pytest.MonkeyPatch) -> None:
    """What is given up is passed over: later events of its subject take effect without it."""
    mail.make_inbox = worse.StepsOverTheDead


@guard(
    HANDLING,
    "P6",
    "a dead letter keeps no other subject waiting",
    test=test_a_dead_letter_blocks_its_own_subject_only,
    red="a dead letter keeps other subjects waiting",
)
async def its_own_subject(mail: Mail, _patch: pytest.MonkeyPatch) -> None:
    """A module that has given something up handles nothing until somebody has looked at it."""
    mail.make_inbox = worse.StopsAtTheDead


@guard(
    HANDLING,
    "P6",
    "an outage is no attempt at what is parked",
    test=test_an_outage_while_a_parked_event_is_tried_is_not_counted,
    red="an outage was taken for the fault of an event",
)
async def uncounted(mail: Mail, _patch: pytest.MonkeyPatch) -> None:
    """An attempt that was counted stays counted: eight outages, and it is a dead letter."""
    mail.make_inbox = worse.CountsOutages


@guard(
    HANDLING,
    "P6",
    "an attempt that an outage ended is taken back when that can be written down",
    test=test_an_outage_in_which_not_even_that_can_be_written_down_is_not_counted_either,
    red="an outage was taken for the fault of an event",
)
async def taken_back_later(mail: Mail, _patch: pytest.MonkeyPatch) -> None:
    """It is tried once, while the database is away."""
    mail.make_inbox = worse.TakesBackOnce


@guard(
    HANDLING,
    "P6",
    "an attempt that an outage ended is taken back whatever others have done since",
    test=test_an_outage_is_not_counted_though_another_process_has_given_up_since,
    red="it was given up for an outage",
)
async def taken_back_whatever(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """Only while nobody else has tried it."""
    patch.setattr(inbox, "TAKE_BACK", without(inbox.TAKE_BACK, "attempts >= :attempts", NOBODY_ELSE))


@guard(
    HANDLING,
    "P6",
    "what is given up is decided by what is counted then",
    test=test_an_outage_is_not_counted_though_another_process_is_at_it,
    red="it was given up for an outage",
)
async def counted_then(mail: Mail, _patch: pytest.MonkeyPatch) -> None:
    """It is decided by what was counted when the attempt began."""
    mail.make_inbox = worse.GoesByItsOwnCount


@guard(
    HANDLING,
    "P6",
    "an attempt that a stop cut off is taken back",
    test=test_a_process_that_is_stopped_in_the_middle_of_an_attempt_has_not_tried,
    red="a stop was counted",
)
async def stops(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """It stays counted: eight rolling restarts, and what had failed once is a dead letter."""

    async def leaves_it(_inbox: inbox.Inbox) -> None: ...

    patch.setattr(inbox.Inbox, "_stopped", leaves_it)


@guard(
    HANDLING,
    "P6",
    "what is being tried is not due meanwhile",
    test=test_a_parked_event_whose_run_was_killed_rests_before_it_is_tried_again,
    red="what has just killed a process is due at once",
)
async def not_due_meanwhile(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """Its next attempt may begin with this one: what kills one process kills the next in the same moment."""
    patch.setattr(inbox, "NEXT_PARKED", without(inbox.NEXT_PARKED, " + :longest", " + 0 * CAST(:longest AS interval)"))


@guard(
    HANDLING,
    "P6",
    "subjects are locked in one order",
    test=test_subjects_are_locked_in_their_order_however_their_events_come,
    red="two consumers waited in a circle",
)
async def one_order(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """They are locked in the opposite order."""
    order = "ORDER BY source, subject"
    patch.setattr(inbox, "LOCK_CURSORS", without(inbox.LOCK_CURSORS, order, f"{order} DESC"))


@guard(
    HANDLING,
    "P3",
    "what was handled is not given up",
    test=test_an_event_that_was_handled_or_parked_before_is_not_given_up,
    red="given up what was handled",
)
async def seen_before(mail: Mail, _patch: pytest.MonkeyPatch) -> None:
    """Whatever has killed processes is a dead letter, though its effect may be there."""
    mail.make_inbox = worse.GivesUpWhatever
