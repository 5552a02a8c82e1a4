"""What keeps the relay's shortcut past its outbox from leading past anybody, taken away."""

from collections.abc import Sequence

import pytest

from app import relay
from app.fresh import Fresh
from modules.kernel.database import Transaction
from modules.kernel.events import NewEvent
from modules.kernel.outbox import Outbox
from tests.integration.events.mail import Mail
from tests.integration.events.test_relay_fresh import (
    test_it_is_written_down_before_anybody_looks_and_goes_out_once,
    test_it_overtakes_nobody_who_has_been_waiting,
    test_what_another_process_records_is_looked_for_however_much_is_recorded_here,
    test_what_is_recorded_just_before_the_outbox_is_read_goes_out_once,
    test_what_never_happened_is_not_published,
    test_what_the_bus_does_not_take_is_not_overtaken_by_what_follows_it,
    test_what_went_out_on_a_bus_that_is_gone_goes_out_on_the_next,
    test_who_is_stopped_writes_down_what_is_published,
)
from tests.sabotage.guards import Guard, guard

FRESH: list[Guard[Mail]] = []


class OffersTooSoon(Outbox):
    """Hands over what it has recorded, whatever becomes of it."""

    async def record(self, transaction: Transaction, events: Sequence[NewEvent]) -> None:
        soon = Transaction(transaction._connection)
        await super().record(soon, events)
        soon.committed()


@guard(
    FRESH,
    "P2",
    "what was recorded is handed over after the commit",
    test=test_what_never_happened_is_not_published,
    red="an event tells of what never happened",
)
async def after_the_commit(mail: Mail, _patch: pytest.MonkeyPatch) -> None:
    """It is handed to the relay as soon as it is recorded."""
    mail.make_outbox = OffersTooSoon


async def _nothing(*_: object) -> None: ...


@guard(
    FRESH,
    "P6",
    "what is published is written down before the outbox is looked into",
    test=test_it_is_written_down_before_anybody_looks_and_goes_out_once,
    red="published twice",
)
async def written_down_first(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """It stays recorded, and is found again."""
    patch.setattr(relay.Relay, "_write_down", _nothing)


class KnowsBetter(Fresh):
    """Has all there is, it thinks."""

    def miss(self) -> None:
        self._events.clear()


@guard(
    FRESH,
    "P6",
    "behind a full batch there may be more",
    test=test_it_overtakes_nobody_who_has_been_waiting,
    red="it went out before what it follows",
)
async def behind_a_batch(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """Whoever has taken as much as it can goes on with what is new."""
    patch.setattr(relay, "Fresh", KnowsBetter)


@guard(
    FRESH,
    "P6",
    "what the bus did not take goes first",
    test=test_what_the_bus_does_not_take_is_not_overtaken_by_what_follows_it,
    red="it went out before what it follows",
)
async def refused_goes_first(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """It goes out with the next look into the outbox, however much is recorded until then."""
    patch.setattr(relay, "Fresh", KnowsBetter)


@guard(
    FRESH,
    "P6",
    "who hears of others looks for what they recorded",
    test=test_what_another_process_records_is_looked_for_however_much_is_recorded_here,
    red="what others record waits behind what is recorded here",
)
async def looks_for_others(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """It goes on with its own as long as there is any."""
    patch.setattr(relay.Relay, "heard", lambda one: one._woken.set())


@guard(
    FRESH,
    "P6",
    "what the outbox showed is not fresh any more",
    test=test_what_is_recorded_just_before_the_outbox_is_read_goes_out_once,
    red="published twice",
)
async def not_fresh_any_more(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """What is committed while it looks it has twice."""
    patch.setattr(Fresh, "seen", lambda _fresh, _ids: None)


@guard(
    FRESH,
    "P6",
    "who is stopped writes down what it has published",
    test=test_who_is_stopped_writes_down_what_is_published,
    red="who comes after publishes it once more",
)
async def written_down_at_last(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """It gives its lease back, and no more."""
    patch.setattr(relay.Relay, "_leave", lambda one, token: one._outbox.end_lease(token))


@guard(
    FRESH,
    "P2",
    "what is not written down is forgotten with its bus",
    test=test_what_went_out_on_a_bus_that_is_gone_goes_out_on_the_next,
    red="what the last bus held was lost",
)
async def forgotten_with_its_bus(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """It is written down as published on the bus that is there now."""
    patch.setattr(relay.Relay, "_begin_anew", lambda _relay: None)
