"""What has one relay publish, in time, and on the bus that there is, taken away."""

import pytest

from app import relay
from modules.kernel import outbox
from tests.integration.events.mail import Mail
from tests.integration.events.test_outbox import (
    test_the_relay_is_woken_once_for_a_transaction_and_not_before_it_has_committed,
)
from tests.integration.events.test_relay_buses import (
    test_a_bus_that_is_away_is_left_alone_for_half_a_second_however_often_the_relay_is_woken,
    test_a_bus_that_was_replaced_is_seen_when_the_lease_is_renewed,
    test_on_another_bus_pauses_begin_at_a_second_again,
    test_what_the_bus_does_not_take_stays_recorded_and_goes_out_with_the_next_turn,
)
from tests.integration.events.test_relay_lease import (
    test_a_lease_passes_on_only_when_a_write_under_it_has_ended,
    test_a_relay_that_finds_its_lease_gone_publishes_nothing_more,
    test_a_standby_takes_over_when_the_lease_has_run_out,
    test_what_a_relay_published_after_its_lease_had_passed_on_is_not_marked_by_it,
    test_while_one_relay_works_the_others_stand_by,
    test_with_a_token_that_has_passed_on_no_write_does_anything,
)
from tests.integration.events.test_relay_rest import (
    test_a_relay_at_rest_hears_of_what_another_process_has_recorded,
    test_a_relay_with_nothing_to_do_looks_soon_for_what_other_processes_have_recorded,
    test_a_subscriber_that_keeps_the_relay_waiting_for_its_word_keeps_no_event_waiting,
    test_who_stands_by_rings_once_for_all_that_was_recorded_and_never_for_a_ring,
)
from tests.sabotage import worse_relays as worse
from tests.sabotage.guards import Guard, guard, without
from tests.sabotage.outbox_guards import ANYBODY, BY_TOKEN

RELAY: list[Guard[Mail]] = []

ALL_WRITES = test_with_a_token_that_has_passed_on_no_write_does_anything


@guard(
    RELAY,
    "P3",
    "one relay at a time",
    test=test_while_one_relay_works_the_others_stand_by,
    red="two relays work at once",
)
async def one_at_a_time(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """Whoever asks for the lease gets it."""
    free = "WHERE held.holder = excluded.holder OR held.expires_at < clock_timestamp()"
    patch.setattr(outbox, "LEASE", without(outbox.LEASE, free))


@guard(
    RELAY,
    "P2",
    "a lease that ran out passes on",
    test=test_a_standby_takes_over_when_the_lease_has_run_out,
    red="nobody publishes any more",
)
async def passes_on(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """It is its holder's for ever."""
    patch.setattr(outbox, "LEASE", without(outbox.LEASE, " OR held.expires_at < clock_timestamp()"))


@guard(
    RELAY,
    "P3",
    "another holder has another token",
    test=test_what_a_relay_published_after_its_lease_had_passed_on_is_not_marked_by_it,
    red="a stale relay wrote",
)
async def new_token(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """The token stays what it was: nobody can tell a stale relay from the present one."""
    raised = "CASE WHEN held.holder = excluded.holder THEN 0 ELSE 1 END"
    patch.setattr(outbox, "LEASE", without(outbox.LEASE, raised, "0"))


@guard(
    RELAY,
    "P2",
    "the token of the relay's lease, where an event is settled",
    test=ALL_WRITES,
    red="a stale relay settled",
)
async def token_where_settled(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """Whoever has asked the subscribers writes down what they said, however long ago that was."""
    patch.setattr(outbox, "CHECKED", without(outbox.CHECKED, BY_TOKEN, ANYBODY))


@guard(
    RELAY,
    "P6",
    "the token of the relay's lease, where another bus is met",
    test=ALL_WRITES,
    red="a stale relay took its bus for the present one",
)
async def token_of_a_bus(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """Whoever meets another bus has everything go out again."""
    patch.setattr(outbox, "OTHER_BUS", without(outbox.OTHER_BUS, BY_TOKEN, ANYBODY))


@guard(
    RELAY,
    "P6",
    "the token of the relay's lease, where events are pruned",
    test=ALL_WRITES,
    red="a stale relay pruned",
)
async def token_of_pruning(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """Whoever wants to prunes."""
    patch.setattr(outbox, "PRUNE", without(outbox.PRUNE, BY_TOKEN, ANYBODY))


@guard(
    RELAY,
    "P6",
    "the token of the relay's lease, where it is given back",
    test=ALL_WRITES,
    red="a stale relay gave back another's lease",
)
async def token_given_back(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """Whoever leaves gives it back, whosever it is by then."""
    patch.setattr(
        outbox, "LEASE_END", without(outbox.LEASE_END, "token = :token", "CAST(:token AS bigint) IS NOT NULL")
    )


@guard(
    RELAY,
    "P3",
    "a lease passes on when a write under it has ended",
    test=test_a_lease_passes_on_only_when_a_write_under_it_has_ended,
    red="the lease passed on in the middle of a write",
)
async def shared_lock(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """The token is read without `FOR SHARE`: it may be another's before the write commits."""
    patch.setattr(outbox, "PUBLISHED", without(outbox.PUBLISHED, " FOR SHARE"))


@guard(
    RELAY,
    "P6",
    "whose write did nothing asks for its lease again",
    test=test_a_relay_that_finds_its_lease_gone_publishes_nothing_more,
    red="a stale relay went on",
)
async def asks_again(mail: Mail, _patch: pytest.MonkeyPatch) -> None:
    """It goes on until it has to renew it, and all it publishes goes out twice."""
    mail.make_relay = worse.KnowsNoBetter


@guard(
    RELAY,
    "P6",
    "a relay is woken after the commit",
    test=test_the_relay_is_woken_once_for_a_transaction_and_not_before_it_has_committed,
    red="the relay was woken before there was anything to see",
)
async def after_commit(mail: Mail, _patch: pytest.MonkeyPatch) -> None:
    """It is woken as soon as an event is recorded, sees nothing, and rests again."""
    mail.make_outbox = worse.WakesTooSoon


@guard(
    RELAY,
    "P6",
    "publishing waits for no subscriber's answer",
    test=test_a_subscriber_that_keeps_the_relay_waiting_for_its_word_keeps_no_event_waiting,
    red="an event waited for another's subscriber",
)
async def waits_for_nobody(mail: Mail, _patch: pytest.MonkeyPatch) -> None:
    """Each round asks what became of the last one: a subscriber that is halted halts its emitter."""
    mail.make_relay = worse.AsksBeforeItGoesOn


@guard(
    RELAY,
    "P2",
    "a relay looks by itself",
    test=test_a_relay_with_nothing_to_do_looks_soon_for_what_other_processes_have_recorded,
    red="what others record waits until somebody wakes the relay",
)
async def looks_by_itself(mail: Mail, _patch: pytest.MonkeyPatch) -> None:
    """It rests until it is woken: what a process records that has no lease is published by nobody."""
    mail.make_relay = worse.RestsUntilWoken


@guard(
    RELAY,
    "P6",
    "who stands by rings for who has the lease",
    test=test_a_relay_at_rest_hears_of_what_another_process_has_recorded,
    red="who has the lease does not hear of what others record",
)
async def rings(mail: Mail, _patch: pytest.MonkeyPatch) -> None:
    """Its events wait until the other looks by itself."""
    mail.make_outbox = worse.Rings


@guard(
    RELAY,
    "P6",
    "nobody rings for a ring",
    test=test_who_stands_by_rings_once_for_all_that_was_recorded_and_never_for_a_ring,
    red="a bell was rung for a ring, or more than once",
)
async def not_for_a_ring(mail: Mail, _patch: pytest.MonkeyPatch) -> None:
    """Whoever hears the bell is woken: those who stand by ring for each other without end."""
    mail.make_relay = worse.HearsAlways


@guard(
    RELAY,
    "P2",
    "the bus's own answer about each event",
    test=test_what_the_bus_does_not_take_stays_recorded_and_goes_out_with_the_next_turn,
    red="what the bus did not take counts as published",
)
async def each_answer(mail: Mail, _patch: pytest.MonkeyPatch) -> None:
    """An answer to a batch is taken for an answer about all of it."""
    mail.make_relay = worse.TakesSomeForAll


@guard(
    RELAY,
    "P6",
    "a bus that is away is left alone for a while",
    test=test_a_bus_that_is_away_is_left_alone_for_half_a_second_however_often_the_relay_is_woken,
    red="a bus that is away was tried again at once",
)
async def bus_rests(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """It is tried whenever an event is recorded, each time until it has given no answer."""
    patch.setattr(relay, "BUS_REST_S", 0.0)


@guard(
    RELAY,
    "P6",
    "on another bus pauses begin anew",
    test=test_on_another_bus_pauses_begin_at_a_second_again,
    red="what a new bus loses is waited for as long as on the old one",
)
async def pauses_anew(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """How often an event went out is remembered from bus to bus."""
    patch.setattr(outbox, "OTHER_BUS", without(outbox.OTHER_BUS, ", publications = 0"))


@guard(
    RELAY,
    "P2",
    "with its lease a relay looks again which bus it has",
    test=test_a_bus_that_was_replaced_is_seen_when_the_lease_is_renewed,
    red="what the emptied bus held was lost",
)
async def looks_which_bus(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """It asks once: a bus that is emptied under it is taken for the one that it was."""
    patch.setattr(relay.Relay, "_lease", worse.KnowsItsBus._lease)
