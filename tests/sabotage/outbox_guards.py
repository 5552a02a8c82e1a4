"""What keeps an event until every subscriber has handled it, taken away."""

import pytest

from app import relay
from modules.kernel import outbox
from tests.integration.events.mail import Mail
from tests.integration.events.test_outbox import (
    test_a_transaction_that_fails_records_no_event_and_wakes_nobody,
    test_an_event_that_commits_after_a_later_one_was_published_is_published_too,
)
from tests.integration.events.test_outbox_full import (
    test_an_outbox_with_more_than_its_bound_records_nothing_and_says_when_to_come_back,
)
from tests.integration.events.test_relay_buses import (
    test_after_a_restart_what_the_process_held_is_published_again_and_takes_effect_once,
)
from tests.integration.events.test_relay_lease import (
    test_a_standby_takes_over_at_once_when_the_lease_is_given_back,
    test_what_a_relay_published_after_its_lease_had_passed_on_is_not_marked_by_it,
)
from tests.integration.events.test_relay_settling import (
    test_a_subscriber_that_is_behind_is_not_flooded,
    test_an_event_is_settled_on_the_word_of_its_subscriber,
    test_an_event_that_is_parked_is_neither_settled_nor_published_again,
    test_an_event_that_the_bus_took_and_lost_is_published_again_after_its_pause,
)
from tests.sabotage import worse_inboxes as worse
from tests.sabotage.guards import Guard, guard, without

OUTBOX: list[Guard[Mail]] = []

BY_TOKEN = "AND EXISTS (SELECT FROM relay_lease WHERE token = :token FOR SHARE)"
ANYBODY = "AND CAST(:token AS bigint) IS NOT NULL"


@guard(
    OUTBOX,
    "P2",
    "an event is recorded in the transaction it tells of",
    test=test_a_transaction_that_fails_records_no_event_and_wakes_nobody,
    red="an event tells of what never happened",
)
async def same_transaction(mail: Mail, _patch: pytest.MonkeyPatch) -> None:
    """It is recorded in a transaction of its own."""
    mail.make_outbox = worse.RecordsByItself


@guard(
    OUTBOX,
    "P2",
    "rows are taken by their state",
    test=test_an_event_that_commits_after_a_later_one_was_published_is_published_too,
    red="an event was stepped over",
)
async def by_state(mail: Mail, _patch: pytest.MonkeyPatch) -> None:
    """`id > last`: a number is given out before it commits."""
    mail.make_outbox = worse.GoesOnFromTheLast


@guard(
    OUTBOX,
    "P2",
    "settled on the subscribers' word, not on publishing",
    test=test_an_event_is_settled_on_the_word_of_its_subscriber,
    red="settled before it was handled",
)
async def not_on_publishing(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """What the bus has taken is settled."""
    patch.setattr(relay, "verdict", worse.settled_at_once)


@guard(
    OUTBOX,
    "P2",
    "settled on the subscribers' word, not on the bus's",
    test=test_an_event_that_the_bus_took_and_lost_is_published_again_after_its_pause,
    red="an event that was lost is settled",
)
async def not_on_acknowledging(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """What nobody has left to read (all is acknowledged) is settled, whether it was handled or lost."""
    patch.setattr(relay, "verdict", worse.settled_when_read)


@guard(
    OUTBOX,
    "P2",
    "what is lost is published again",
    test=test_an_event_that_the_bus_took_and_lost_is_published_again_after_its_pause,
    red="an event was lost",
)
async def again(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """What the bus took is waited for, however long."""
    patch.setattr(relay, "verdict", worse.never_again)


@guard(
    OUTBOX,
    "P6",
    "what is parked is not published again",
    test=test_an_event_that_is_parked_is_neither_settled_nor_published_again,
    red="what is parked was published again",
)
async def parked_is_known(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """Whatever is not handled counts as lost."""
    patch.setattr(relay, "verdict", worse.again_while_parked)


@guard(
    OUTBOX,
    "P6",
    "who is behind is not sent it again",
    test=test_a_subscriber_that_is_behind_is_not_flooded,
    red="who is behind was flooded",
)
async def at_end(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """Nobody asks whether a subscriber has read to the end."""
    patch.setattr(relay, "verdict", worse.again_while_behind)


@guard(
    OUTBOX,
    "P2",
    "what went out on another bus counts as unpublished",
    test=test_after_a_restart_what_the_process_held_is_published_again_and_takes_effect_once,
    red="what the last process held was lost",
)
async def other_bus(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """A new bus is taken for the old one: what that held comes again only when its subscriber is asked, and later."""
    patch.setattr(outbox, "OTHER_BUS", without(outbox.OTHER_BUS, "bus <> :bus", "bus <> :bus AND false"))


@guard(
    OUTBOX,
    "P3",
    "the token of the relay's lease",
    test=test_what_a_relay_published_after_its_lease_had_passed_on_is_not_marked_by_it,
    red="a stale relay wrote",
)
async def token(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """A relay writes what it did, whoever has the lease by then. It costs a pause or a duplicate, never an event."""
    patch.setattr(outbox, "PUBLISHED", without(outbox.PUBLISHED, BY_TOKEN, ANYBODY))


@guard(
    OUTBOX,
    "P6",
    "the bound of events that wait to be published",
    test=test_an_outbox_with_more_than_its_bound_records_nothing_and_says_when_to_come_back,
    red="more was recorded than is taken on",
)
async def bound(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """An outbox takes on whatever it is told, until its disk is full."""
    patch.setattr(outbox.Outbox, "admit", lambda _outbox: None)


@guard(
    OUTBOX,
    "P6",
    "a lease is given back",
    test=test_a_standby_takes_over_at_once_when_the_lease_is_given_back,
    red="who left keeps the lease",
)
async def given_back(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """Who leaves lets it run out: nothing is published for three seconds."""

    async def nothing(_relay: relay.Relay) -> None: ...

    patch.setattr(relay.Relay, "_end", nothing)
