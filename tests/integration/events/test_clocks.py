"""Clocks of machines that are wrong, or jump: what has to end in time goes by the database's."""

from datetime import UTC, datetime, timedelta

import pytest
from dependency_injector import providers

from modules.kernel.clock import Clock
from tests.integration.events.whole import Whole

SINCE = "extract(epoch FROM clock_timestamp() - {})"


class WrongClock:
    """A machine's clock that is off by so much."""

    def __init__(self, off: timedelta) -> None:
        self.off = off

    def now(self) -> datetime:
        return datetime.now(UTC) + self.off


@pytest.fixture(params=[-3650, 3650], ids=["ten years slow", "ten years fast"])
def wrong(request: pytest.FixtureRequest, whole: Whole) -> Whole:
    """The whole system on a machine whose clock is wrong."""
    clock: Clock = WrongClock(timedelta(days=request.param))
    whole.container.clock.override(providers.Object(clock))
    return whole


async def age(whole: Whole, module: str, table: str, column: str) -> float:
    """How long ago, by the database's clock, an instant was that is written down."""
    (row,) = await whole.rows(module, f"SELECT {SINCE.format(column)} AS s FROM {table}")  # noqa: S608  # names from here
    return float(row.s)


async def test_a_hold_waits_for_its_order_as_long_as_it_should_and_is_settled_then(wrong: Whole) -> None:
    await wrong.stock(BOLT=5)
    await wrong.place("k", BOLT=1)
    assert -60 <= await age(wrong, "product", "hold", "expires_at") < 0, "a hold ends by a machine's clock"
    assert await wrong.container.sweeper().sweep() == 0
    await wrong.do("product", "UPDATE hold SET expires_at = clock_timestamp() - interval '1 s'")
    assert await wrong.container.sweeper().sweep() == 1


async def test_events_are_recorded_published_and_leased_by_the_databases_clock(wrong: Whole) -> None:
    await wrong.stock(BOLT=5)
    order_id = await wrong.place("k", BOLT=1)
    await wrong.relay("sales")
    for column in ("recorded_at", "published_at"):
        assert 0 <= await age(wrong, "sales", "outbox", column) < 60, f"{column} is by a machine's clock"
    assert -3 <= await age(wrong, "sales", "relay_lease", "expires_at") < 60, "a lease is by a machine's clock"
    await wrong.deliver()
    await wrong.come_to_rest()
    assert (await wrong.unsettled(), await wrong.status(order_id), await wrong.faults()) == (0, "confirmed", [])


async def test_a_clock_that_jumps_in_the_middle_costs_nothing(whole: Whole) -> None:
    clock = WrongClock(timedelta())
    whole.container.clock.override(providers.Object(clock))
    await whole.stock(BOLT=5)
    order_id = await whole.place("k", BOLT=1)
    for days, status in ((-1, "packed"), (400, "dispatched"), (-400, "in_transit"), (0, "delivered")):
        clock.off = timedelta(days=days)
        await whole.come_to_rest()
        await whole.report(order_id, status)
    await whole.come_to_rest()
    assert (await whole.status(order_id), await whole.faults()) == ("delivered", [])
    assert await whole.rows("product", "SELECT on_hand, held FROM stock") == [(4, 0)]
