"""Each guard of outbox and inbox: with it the promise holds, without it the promise's test is red."""

import pytest

from app.bus import consumer
from modules.kernel import outbox
from modules.kernel.database import Database
from tests.contract import test_bus
from tests.contract.bus_depots import InProcess
from tests.integration.events.letters import SOURCE
from tests.integration.events.mail import Mail, check
from tests.integration.events.sending import Sender, lease_runs_out, pause_is_over
from tests.integration.events.whole import Whole
from tests.sabotage.adoption_guards import ADOPTION
from tests.sabotage.booking_guards import BOOKING
from tests.sabotage.cancel_guards import CANCELLING
from tests.sabotage.fresh_guards import FRESH
from tests.sabotage.guards import Guard, breaks, keeps, seen_red, without
from tests.sabotage.handling_guards import HANDLING
from tests.sabotage.inbox_guards import INBOX
from tests.sabotage.outbox_guards import ANYBODY, BY_TOKEN, OUTBOX
from tests.sabotage.part_guards import PARTS
from tests.sabotage.relay_guards import RELAY
from tests.sabotage.settling_guards import SETTLING
from tests.support.interleaving import Gate

some_guards = pytest.mark.parametrize("promised", [*INBOX, *OUTBOX], ids=str)  # all else is green in its own suite
every_guard = pytest.mark.parametrize(
    "promised", [*INBOX, *HANDLING, *ADOPTION, *OUTBOX, *SETTLING, *RELAY, *FRESH], ids=str
)
every_part = pytest.mark.parametrize("promised", [*PARTS, *CANCELLING], ids=str)
every_key = pytest.mark.parametrize("promised", BOOKING, ids=str)


@some_guards
async def test_with_its_guard_a_promise_holds(
    promised: Guard[Mail], unchecked_mail: Mail, monkeypatch: pytest.MonkeyPatch
) -> None:
    await keeps(promised, unchecked_mail, check, monkeypatch)


@every_guard
async def test_without_its_guard_a_promise_is_seen_broken(
    promised: Guard[Mail], unchecked_mail: Mail, monkeypatch: pytest.MonkeyPatch
) -> None:
    await breaks(promised, unchecked_mail, check, monkeypatch)


async def nothing_more(_whole: Whole) -> None:
    """The test says it all."""


@every_key
async def test_with_its_key_a_promise_holds(
    promised: Guard[Whole], whole: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    await keeps(promised, whole, nothing_more, monkeypatch)


@every_key
async def test_without_its_key_a_promise_is_seen_broken(
    promised: Guard[Whole], whole: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    await breaks(promised, whole, nothing_more, monkeypatch)


@pytest.fixture
def spoilt(sales_database: Database, delivery_database: Database, product_database: Database) -> Whole:
    """The whole system on databases of its own, whose schema may be spoilt."""
    return Whole({"sales": sales_database, "delivery": delivery_database, "product": product_database})


@every_part
async def test_with_its_guard_a_promise_of_parcels_holds(
    promised: Guard[Whole], spoilt: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    await keeps(promised, spoilt, nothing_more, monkeypatch)


@every_part
async def test_without_its_guard_a_promise_of_parcels_is_seen_broken(
    promised: Guard[Whole], spoilt: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    await breaks(promised, spoilt, nothing_more, monkeypatch)


@seen_red(
    "P6",
    "the bound of what waits for a subscriber in its own process",
    test=test_bus.test_it_holds_up_who_sends_faster_than_is_handled,
    red="it takes more than it can hold",
)
async def test_without_the_bound_of_what_waits_a_bus_takes_more_than_it_can_hold(
    unchecked_mail: Mail, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A subscriber that is slow has any number of events waiting in memory."""
    monkeypatch.setattr(consumer, "PREFETCH", 0)
    with pytest.raises(AssertionError, match="it takes more than it can hold"):
        await test_bus.test_it_holds_up_who_sends_faster_than_is_handled(InProcess(), unchecked_mail)


async def test_without_the_token_of_the_lease_an_event_is_late_or_doubled_and_still_takes_effect_once(
    unchecked_mail: Mail, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PUBLISHED", "CHECKED"):
        monkeypatch.setattr(outbox, name, without(getattr(outbox, name), BY_TOKEN, ANYBODY))
    await unchecked_mail.record("A1 B1")
    gate = Gate()
    stale, active = Sender(unchecked_mail, before=gate.passed), Sender(unchecked_mail, refuses="A1")
    publishing = unchecked_mail.begin(stale.turn())
    await gate.reached()
    await lease_runs_out(unchecked_mail)
    await active.send()
    gate.open()
    await publishing  # what it marks is on a bus that nobody reads
    active.bus._refuses.clear()
    await active.send()
    assert await unchecked_mail.outgoing() == {"A1": "published", "B1": "settled"}
    await pause_is_over(unchecked_mail)
    await active.send()
    await active.send()
    await stale.deliver()
    assert await stale.inbox.at_end(SOURCE)
    assert sorted((await unchecked_mail.effects()).split()) == ["A1", "B1"]
    await check(unchecked_mail)
