"""What keeps an event until all have handled it, and no longer, taken away."""

import pytest

from app import relay
from modules.kernel import inbox, outbox
from tests.integration.events.mail import Mail
from tests.integration.events.test_inbox_order import (
    test_what_is_handled_while_a_module_is_asked_does_not_look_lost,
)
from tests.integration.events.test_relay_settling import (
    test_an_event_is_settled_only_when_the_last_subscriber_has_handled_it,
    test_an_event_that_is_dead_is_neither_settled_nor_published_again,
    test_an_event_that_is_parked_is_neither_settled_nor_published_again,
    test_only_what_was_settled_longer_ago_than_the_retention_is_pruned,
    test_places_on_a_bus_compare_as_two_numbers,
    test_the_pause_doubles_from_time_to_time_up_to_ten_minutes,
    test_while_a_subscriber_gives_no_answer_nothing_changes_but_what_is_new_is_published,
)
from tests.sabotage import worse_inboxes, worse_relays
from tests.sabotage.guards import Guard, guard, without

SETTLING: list[Guard[Mail]] = []

SETTLED_FOR = "state = 'settled' AND settled_at < clock_timestamp() - :retention"


@guard(
    SETTLING,
    "P2",
    "settled on the word of every subscriber",
    test=test_an_event_is_settled_only_when_the_last_subscriber_has_handled_it,
    red="settled before the last had handled it",
)
async def every_subscriber(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """The first that has handled it is enough."""
    patch.setattr(relay, "verdict", worse_relays.settled_by_the_first)


@guard(
    SETTLING,
    "P2",
    "what is parked is not settled",
    test=test_an_event_that_is_parked_is_neither_settled_nor_published_again,
    red="what is parked was settled",
)
async def parked_is_not_handled(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """What a subscriber has set aside counts as handled."""
    patch.setattr(relay, "verdict", worse_relays.settled_when_parked)


@guard(
    SETTLING,
    "P6",
    "dead letters are told of",
    test=test_an_event_that_is_dead_is_neither_settled_nor_published_again,
    red="a dead letter went out again",
)
async def dead_is_known(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """A subscriber tells of what it will try again, and of nothing that it has given up."""
    of_subject = "p.subject = c.subject)"
    patch.setattr(
        inbox, "PROGRESS", without(inbox.PROGRESS, of_subject, "p.subject = c.subject AND p.state <> 'dead')")
    )


@guard(
    SETTLING,
    "P2",
    "no answer is no word",
    test=test_while_a_subscriber_gives_no_answer_nothing_changes_but_what_is_new_is_published,
    red="silence was taken for a word",
)
async def silence(mail: Mail, _patch: pytest.MonkeyPatch) -> None:
    """Who gives no answer has nothing against it."""
    mail.make_relay = worse_relays.TakesSilenceForYes


@guard(
    SETTLING,
    "P6",
    "a subscriber says first whether it has read to the end, then what it has handled",
    test=test_what_is_handled_while_a_module_is_asked_does_not_look_lost,
    red="what was just handled looks lost",
)
async def end_first(mail: Mail, _patch: pytest.MonkeyPatch) -> None:
    """The other way round: what is handled in between is published again."""
    mail.make_inbox = worse_inboxes.LooksForTheEndLast


@guard(
    SETTLING,
    "P6",
    "pauses grow from one publication to the next",
    test=test_the_pause_doubles_from_time_to_time_up_to_ten_minutes,
    red="2.1 s after publication 3",
)
async def pauses_grow(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """An event that nobody gets goes out every second for ever."""
    patch.setattr(outbox, "UNSETTLED", without(outbox.UNSETTLED, " * pow(2, least(publications, 12) - 1)"))


@guard(
    SETTLING,
    "P2",
    "pauses end",
    test=test_the_pause_doubles_from_time_to_time_up_to_ten_minutes,
    red="600 s after publication 11",
)
async def pauses_end(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """They double for ever: an event that was lost often enough is not told any more."""
    patch.setattr(outbox, "UNSETTLED", without(outbox.UNSETTLED, "least(interval '10 min', ", "("))


@guard(
    SETTLING,
    "P2",
    "places on a bus compare as two numbers",
    test=test_places_on_a_bus_compare_as_two_numbers,
    red="places compare as texts",
)
async def places(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """They compare as texts: what is trimmed goes further than what is settled."""
    numbers = "split_part(stream_id, '-', 1)::numeric, split_part(stream_id, '-', 2)::numeric"
    patch.setattr(outbox, "SETTLED_UP_TO", without(outbox.SETTLED_UP_TO, numbers, "stream_id"))


@guard(
    SETTLING,
    "P2",
    "only what is settled is pruned",
    test=test_only_what_was_settled_longer_ago_than_the_retention_is_pruned,
    red="what is not settled was pruned",
)
async def prunes_settled(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """Whatever is old is pruned: what a module missed that was away for days is lost."""
    old = "recorded_at < clock_timestamp() - :retention"
    patch.setattr(outbox, "PRUNE", without(outbox.PRUNE, SETTLED_FOR, old))


@guard(
    SETTLING,
    "P2",
    "what is settled is kept for the retention",
    test=test_only_what_was_settled_longer_ago_than_the_retention_is_pruned,
    red="what was settled of late was pruned",
)
async def retention(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """It is pruned at once: nothing is left to be told again to a module that was put back to an earlier time."""
    patch.setattr(outbox, "PRUNE", without(outbox.PRUNE, " - :retention", " + 0 * CAST(:retention AS interval)"))
