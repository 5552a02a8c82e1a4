"""What delivery means to the relays and to the operator, however it is reached."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from modules.delivery import consumer
from modules.delivery.port import (
    DeliveryOperatorPort,
    DeliveryPort,
    IllegalTransition,
    NoSuchShipment,
    NothingToRestock,
    NotSplittable,
    ShipmentFact,
    ShipmentView,
    ShippedLine,
    StatusKeyReused,
    StatusReport,
    WrongSplit,
)
from modules.delivery.service import DeliveryService, Opening, Stopping
from modules.kernel.clock import SystemClock
from modules.kernel.database import Database, sql
from modules.kernel.errors import DomainError, PreconditionFailed
from modules.kernel.events import Event, LastTold, Progress, source_of
from modules.kernel.idempotency import RequestKeyReused
from modules.kernel.ids import ClientId, HoldId, OrderId, ShipmentId, new_id
from modules.kernel.inbox import Inbox
from modules.kernel.outbox import Outbox
from modules.sales.port import EventLine, OrderCreated
from tests.contract.port_adapters import Adapter
from tests.contract.port_facts import same_again
from tests.support.orders import SHIP_TO

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


class Depot:
    """Delivery on a database, with orders that sales tells of."""

    def __init__(self, database: Database) -> None:
        outbox, clock = Outbox(database), SystemClock()
        self._inbox = Inbox(database, consumer.handlers(Opening(outbox, clock), Stopping(outbox, clock)))
        self.service = DeliveryService(database, outbox, self._inbox, clock)

    async def order(self, sequence: int = 1) -> OrderId:
        """An order of two bolts reaches delivery."""
        id_ = OrderId(new_id())
        line = EventLine("BOLT", "Bolt", 2, 100)
        news = OrderCreated(
            id_, ClientId("customer"), HoldId(new_id()), None, "EUR", 200, (line,), SHIP_TO, datetime.now(UTC)
        )
        data: dict[str, Any] = orjson.loads(orjson.dumps(news))
        await self._inbox.handle(
            [Event(new_id(), source_of("sales"), news.TYPE, id_, sequence, datetime.now(UTC), data)]
        )
        return id_

    async def shipment(self, *statuses: str) -> ShipmentView:
        """A shipment that has taken these steps."""
        (view,) = await self.service.shipments(await self.order())
        for status in statuses:
            view = await self.service.report("carrier", view.id, StatusReport(status))
        return view


@pytest.fixture
def depot(delivery_database: Database) -> Depot:
    return Depot(delivery_database)


@pytest.fixture
async def delivery(adapter: Adapter, depot: Depot) -> AsyncIterator[DeliveryPort]:
    async with adapter.reach(DeliveryPort, depot.service, "delivery") as port:  # type: ignore[type-abstract]  # read for its methods
        yield port


@pytest.fixture
async def operator(adapter: Adapter, depot: Depot) -> AsyncIterator[DeliveryOperatorPort]:
    async with adapter.reach(DeliveryOperatorPort, depot.service, "delivery") as port:  # type: ignore[type-abstract]  # read for its methods
        yield port


# progress


async def test_progress_of_an_empty_inbox_is_nothing_handled_and_nothing_parked(delivery: DeliveryPort) -> None:
    nothing = Progress(handled={}, parked={}, at_end=False)
    assert await same_again(lambda: delivery.progress(source_of("sales"), [new_id()])) == nothing
    assert await delivery.progress("urn:nobody", []) == nothing


async def test_progress_tells_what_of_the_subjects_asked_for_is_handled_and_what_is_parked(
    delivery: DeliveryPort, depot: Depot
) -> None:
    handled, parked = await depot.order(), await depot.order(sequence=2)
    await depot.order()
    progress = await same_again(lambda: delivery.progress(source_of("sales"), [handled, parked, new_id()]))
    assert progress.handled[handled] == 1
    assert progress.handled.get(parked, 0) == 0
    assert progress.handled.keys() <= {handled, parked}
    assert progress.parked == {parked: frozenset({2})}


async def test_each_order_is_told_with_the_number_of_its_last_event_by_id_from_behind_one(
    delivery: DeliveryPort, depot: Depot, delivery_database: Database
) -> None:
    assert await same_again(lambda: delivery.last_told(None, 10)) == []
    shipped = await depot.shipment("packed", "dispatched")
    first, second = sorted(
        [LastTold(shipped.order_id, 3), LastTold(await depot.order(), 1)], key=lambda one: one.subject
    )
    async with delivery_database.transaction() as transaction:
        await transaction.execute(sql("DELETE FROM outbox"))  # what is not kept any more counts, too
    assert await same_again(lambda: delivery.last_told(None, 10)) == [first, second]
    assert await delivery.last_told(None, 1) == [first]
    assert await delivery.last_told(first.subject, 10**9) == [second]
    assert await delivery.last_told(second.subject, 10) == []


# the operator's


async def test_shipments_are_shown_newest_first_by_order_by_status_and_from_behind_one(
    operator: DeliveryOperatorPort, depot: Depot
) -> None:
    one, two, three = await depot.shipment(), await depot.shipment("packed"), await depot.shipment()
    assert await same_again(operator.shipments) == [three, two, one]
    assert await operator.shipments(order_id=two.order_id) == [two]
    assert await operator.shipments(status="pending") == [three, one]
    assert await operator.shipments(limit=1, after=(three.opened_at, three.id)) == [two]
    assert await operator.shipments(order_id=OrderId(new_id())) == []


async def test_a_report_is_a_step_of_the_history_and_moves_the_version(
    operator: DeliveryOperatorPort, depot: Depot
) -> None:
    before = await depot.shipment("packed")
    report = StatusReport("dispatched", NOON, "On its way.", "T1", "GLS")
    after = await operator.report("maria", before.id, report)
    assert (after.status, after.carrier, after.tracking_code) == ("dispatched", "GLS", "T1")
    assert after.version == before.version + 1
    assert after.lines == (ShippedLine("BOLT", 2),)
    assert after.ship_to == SHIP_TO
    step = after.history[-1]
    assert (step.sequence, step.from_, step.to, step.at) == (3, "packed", "dispatched", NOON)
    assert (step.note, step.actor) == ("On its way.", "maria")
    assert await operator.shipments(order_id=before.order_id) == [after]


async def test_a_report_with_its_key_again_is_the_same_step(operator: DeliveryOperatorPort, depot: Depot) -> None:
    shipment = await depot.shipment()
    report = StatusReport("packed", key="k", version=shipment.version)
    after = await same_again(lambda: operator.report("maria", shipment.id, report))
    assert [step.to for step in after.history] == ["pending", "packed"]


async def refused(operator: DeliveryOperatorPort, shipment: ShipmentView, report: StatusReport) -> DomainError:
    """The refusal of a report; it has changed nothing."""
    before = await operator.shipments()
    with pytest.raises(DomainError) as raised:
        await operator.report("maria", shipment.id, report)
    assert await operator.shipments() == before
    return raised.value


async def test_a_return_says_whether_the_goods_are_fit_and_nothing_else_does(
    operator: DeliveryOperatorPort, depot: Depot
) -> None:
    fit, unfit = [await depot.shipment("packed", "dispatched", "failed") for _ in range(2)]
    assert (await operator.report("maria", fit.id, StatusReport("returned"))).history[-1].restock is True
    report = StatusReport("returned", key="k", restock=False)
    assert (await same_again(lambda: operator.report("maria", unfit.id, report))).history[-1].restock is False
    error = await refused(operator, unfit, StatusReport("returned", key="k"))
    assert type(error) is StatusKeyReused
    shipment = await depot.shipment()
    error = await refused(operator, shipment, StatusReport("packed", restock=False))
    assert (type(error), error.details["errors"][0]["pointer"]) == (NothingToRestock, "/restock")


async def test_a_key_that_has_reported_something_else_is_refused(operator: DeliveryOperatorPort, depot: Depot) -> None:
    shipment = await depot.shipment()
    await operator.report("maria", shipment.id, StatusReport("packed", key="k"))
    error = await refused(operator, shipment, StatusReport("dispatched", key="k"))
    assert (type(error), error.code) == (StatusKeyReused, "delivery.idempotency_key_reused")
    for other in (StatusReport("packed", key="k", version=2), StatusReport("packed", key="k", note="by hand")):
        assert type(await refused(operator, shipment, other)) is StatusKeyReused


@pytest.mark.parametrize("status", ["pending", "delivered", "cancelled", "lost"])
async def test_a_step_that_is_not_allowed_is_refused_and_those_that_are_are_named(
    operator: DeliveryOperatorPort, depot: Depot, status: str
) -> None:
    error = await refused(operator, await depot.shipment("packed"), StatusReport(status))
    assert (type(error), error.code) == (IllegalTransition, "delivery.illegal_transition")
    assert error.details == {"current": "packed", "allowed": ["dispatched"]}


async def test_a_report_about_a_version_that_is_gone_is_refused(operator: DeliveryOperatorPort, depot: Depot) -> None:
    shipment = await depot.shipment("packed")
    error = await refused(operator, shipment, StatusReport("dispatched", version=shipment.version - 1))
    assert (type(error), error.details) == (PreconditionFailed, {"version": shipment.version})


async def test_a_report_about_no_shipment_is_not_found(operator: DeliveryOperatorPort) -> None:
    with pytest.raises(NoSuchShipment):
        await operator.report("maria", ShipmentId(new_id()), StatusReport("packed"))


async def test_a_split_is_a_new_part_and_with_its_key_again_the_same(
    operator: DeliveryOperatorPort, depot: Depot
) -> None:
    before = await depot.shipment("packed")
    one = [ShippedLine("BOLT", 1)]
    new = await same_again(lambda: operator.split("maria", before.id, one, "k"))
    assert (new.order_id, new.part, new.status, new.lines) == (before.order_id, 2, "pending", tuple(one))
    assert [(step.to, step.actor) for step in new.history] == [("pending", "maria")]
    left, listed = sorted(await operator.shipments(order_id=before.order_id), key=lambda one: one.part)
    assert listed == new
    assert (left.id, left.status, left.lines, left.version) == (before.id, "packed", tuple(one), before.version + 1)


@pytest.mark.parametrize(
    ("statuses", "quantity", "error"),
    [
        ((), 3, WrongSplit),
        ((), 2, WrongSplit),
        ((), 0, WrongSplit),
        (("packed", "dispatched"), 1, NotSplittable),
    ],
    ids=["more than there is", "all of it", "nothing", "gone"],
)
async def test_a_split_that_is_not_possible_is_refused(
    operator: DeliveryOperatorPort, depot: Depot, statuses: tuple[str, ...], quantity: int, error: type[DomainError]
) -> None:
    shipment = await depot.shipment(*statuses)
    before = await operator.shipments()
    with pytest.raises(error) as raised:
        await operator.split("maria", shipment.id, [ShippedLine("BOLT", quantity)], "k")
    assert raised.value.details
    assert await operator.shipments() == before


async def test_a_split_under_a_key_that_has_asked_for_something_else_is_refused(
    operator: DeliveryOperatorPort, depot: Depot
) -> None:
    one, other = await depot.shipment(), await depot.shipment()
    await operator.split("maria", one.id, [ShippedLine("BOLT", 1)], "k")
    with pytest.raises(RequestKeyReused):
        await operator.split("maria", other.id, [ShippedLine("BOLT", 1)], "k")
    with pytest.raises(NoSuchShipment):
        await operator.split("maria", ShipmentId(new_id()), [ShippedLine("BOLT", 1)], "another")


async def test_facts_come_by_id_from_behind_one(operator: DeliveryOperatorPort, depot: Depot) -> None:
    made = sorted([await depot.shipment(), await depot.shipment("packed")], key=lambda one: one.id)
    facts = [
        ShipmentFact(
            one.id, one.order_id, 1, one.status, {"BOLT": 2}, tuple(step.to for step in one.history), len(one.history)
        )
        for one in made
    ]
    assert await same_again(lambda: operator.facts(None, 10)) == facts
    assert await operator.facts(None, 1) == facts[:1]
    assert await operator.facts(made[0].id, 10) == facts[1:]
    assert await operator.facts(made[1].id, 10) == []


async def test_the_events_of_an_order_are_told_again_and_no_others(
    operator: DeliveryOperatorPort, depot: Depot
) -> None:
    one, other = await depot.shipment("packed"), await depot.shipment()
    assert await same_again(lambda: operator.tell_again("maria", [one.order_id])) == 2
    assert await operator.tell_again("maria", [other.order_id, OrderId(new_id())]) == 1
    assert await operator.tell_again("maria", []) == 0
