"""Everything that may happen to the system, in any order, as hypothesis draws it; and what must be true all the while.

A rule is a thing that a customer, a warehouse, a cataloguer or bad luck does. It may be refused where the business says
no, and must then have changed nothing. Whoever adds a feature adds its rule here: the laws stay.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, ClassVar, TypeVar

from dependency_injector import providers
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from app.container import SOURCES
from modules.delivery.model import REPORTED, STEPS
from modules.delivery.port import CarrierUpdate, ShippedLine, StatusReport
from modules.kernel.database import Database
from modules.kernel.errors import DomainError, Unavailable
from modules.kernel.events import source_of
from modules.kernel.idempotency import fingerprint
from modules.kernel.ids import ClientId, OrderId, ShipmentId, order_id_for
from modules.kernel.inbox import Inbox
from modules.product.port import AvailabilityRequest, Line, StockChange
from modules.sales.service import Placed, PlaceOrder
from tests.integration.events.whole import EMITTERS, SHIP_TO, Whole
from tests.integration.events.whole_fixture import emptied
from tests.integration.model.always import never
from tests.integration.model.post import Post

_T = TypeVar("_T")

SKUS, CUSTOMERS, KEYS = ("BOLT", "NUT"), ("one", "two"), ("a", "b", "c")
AT_FIRST = {"BOLT": 6, "NUT": 4}
ODD = 10  # of 12: what is drawn below is a legal step
TODAY = datetime.now(UTC) - timedelta(hours=2)
PATIENCE = 5
ROUNDS = 40  # until all is handled: each event may cause another, a few times over

PARTS = """
    SELECT s.id, s.status, (SELECT array_agg(l.sku ORDER BY l.sku) FROM shipment_line l WHERE l.shipment_id = s.id) AS skus
    FROM shipment s WHERE s.order_id = :id ORDER BY s.part
"""

baskets = st.dictionaries(st.sampled_from(SKUS), st.integers(1, 3), min_size=1)
some = st.integers(0, 11)  # one of those that there are, by its place


class SystemMachine(RuleBasedStateMachine):
    """One process with all modules, on real databases. What was acknowledged is remembered, and held against it."""

    databases: ClassVar[Mapping[str, Database]]
    loop: ClassVar[asyncio.AbstractEventLoop]

    def __init__(self) -> None:
        super().__init__()
        self.placed: dict[tuple[str, str], tuple[Mapping[str, int], OrderId]] = {}
        self.left_behind: dict[OrderId, Mapping[str, int]] = {}
        self.moves = 0

    @initialize(basket=baskets)
    def opens(self, basket: Mapping[str, int]) -> None:
        self._run(emptied(self.databases))
        self.post = Post()
        self._start()
        self._run(self.whole.stock(**AT_FIRST))
        self.places(CUSTOMERS[0], KEYS[0], basket)

    # what customers do

    @rule(customer=st.sampled_from(CUSTOMERS), key=st.sampled_from(KEYS), basket=baskets)
    def places(self, customer: str, key: str, basket: Mapping[str, int]) -> None:
        known, left = self.placed.get((customer, key)), self._available()
        outcome = self._tried(lambda: self._place(customer, key, basket))
        if known is not None:
            self._repeated(known, basket, outcome)
        elif isinstance(outcome, Placed):
            self.placed[customer, key] = (basket, outcome.order.id)
            mine = self.left_behind.pop(outcome.order.id, {})
            assert mine or self._enough(left, basket), f"sold {basket} of {left}"
        elif outcome.code == "product.hold_mismatch":
            assert order_id_for(ClientId(customer), key) in self.left_behind, "nothing else was held for this key"
        else:
            assert outcome.code == "product.out_of_stock", outcome
            assert not self._enough(left, basket), f"refused {basket} though there was {left}"

    @rule(customer=st.sampled_from(CUSTOMERS), key=st.sampled_from(KEYS), basket=baskets)
    def dies_before_the_order_is_stored(self, customer: str, key: str, basket: Mapping[str, int]) -> None:
        """Stock is held for an order, and that is the last that is heard of it."""
        id_ = order_id_for(ClientId(customer), key)
        if (customer, key) in self.placed:
            return
        lines = tuple(Line(sku, quantity) for sku, quantity in sorted(basket.items()))
        asked = [AvailabilityRequest(lines, id_, hold=True)]
        (answer,) = self._asked(lambda: self.whole.container.product_for_sales().availability(asked))
        if answer.hold_id is not None:
            self.left_behind[id_] = basket

    @precondition(lambda self: self.placed)
    @rule(order=some)
    def cancels(self, order: int) -> None:
        (customer, _), (_, id_) = self._one(order)
        self._tried(lambda: self.whole.container.orders().cancel_own(ClientId(customer), id_, None, None))

    # what the warehouse and the carrier do

    @precondition(lambda self: self.placed)
    @rule(order=some, part=some, ways=st.lists(some, min_size=2, max_size=5), restock=st.sampled_from([None, False]))
    def reports(self, order: int, part: int, ways: list[int], restock: bool | None) -> None:  # noqa: FBT001  # drawn
        """Steps that a shipment may take, one after the other; now and then one that it may not."""
        for way in ways:
            if (shipment := self._part(order, part)) is None:
                return
            legal = sorted(REPORTED & set(STEPS[shipment.status]))
            steps = legal if legal and way < ODD else sorted(REPORTED)
            step = steps[way % len(steps)]
            report = StatusReport(step, restock=restock if step == "returned" else None)
            delivery = self.whole.container.delivery()
            self._tried(partial(delivery.report, "carrier", ShipmentId(shipment.id), report))

    @precondition(lambda self: self.placed)
    @rule(order=some, part=some, line=some, quantity=st.integers(1, 2))
    def splits(self, order: int, part: int, line: int, quantity: int) -> None:
        if (shipment := self._part(order, part)) is not None:
            self.moves += 1
            taken = [ShippedLine(shipment.skus[line % len(shipment.skus)], quantity)]
            key = f"split {self.moves}"
            self._tried(lambda: self.whole.container.delivery().split("warehouse", ShipmentId(shipment.id), taken, key))

    @precondition(lambda self: self.placed)
    @rule(order=some, part=some, status=st.sampled_from(sorted(REPORTED)), minutes=st.integers(0, 60), message=some)
    def pushes(self, order: int, part: int, status: str, minutes: int, message: int) -> None:
        """A carrier tells of a step, early, late, again, or of what never was."""
        if (shipment := self._part(order, part)) is not None:
            at = TODAY + timedelta(minutes=minutes)
            update = CarrierUpdate(f"m{message}", status, at, ShipmentId(shipment.id))
            self._tried(lambda: self.whole.container.hearing().hear("gls", update))

    # what the cataloguer does

    @rule(
        sku=st.sampled_from(SKUS),
        kind=st.sampled_from(["receipt", "receipt", "count", "correction"]),
        quantity=st.integers(0, 5),
    )
    def counts(self, sku: str, kind: str, quantity: int) -> None:
        self.moves += 1
        change = StockChange(kind, -quantity if kind == "correction" else quantity, f"move-{self.moves}")
        self._tried(lambda: self.whole.container.catalogue().change_stock("test", sku, change))

    # what happens by itself, sooner or later, again, or in another order

    @rule(emitter=st.sampled_from(EMITTERS))
    def relays(self, emitter: str) -> None:
        self._asked(lambda: self.whole.relay(emitter))

    @precondition(lambda self: self.post.waiting)
    @rule(number=some, together=st.integers(1, 4))
    def arrives(self, number: int, together: int) -> None:
        self._run(self.post.hand_over(number, self._inboxes(), together=together))

    @rule(first=st.lists(some, max_size=5))
    def all_arrives(self, first: list[int]) -> None:
        """What is recorded is published and arrives, some of it out of its order; what follows from it waits."""
        self._asked(self.whole.relay)
        for number in first:
            if self.post.waiting:
                self._run(self.post.hand_over(number, self._inboxes()))
        while self.post.waiting:
            self._run(self.post.hand_over(0, self._inboxes(), together=3))

    @precondition(lambda self: self.post.past)
    @rule(number=some)
    def arrives_again(self, number: int) -> None:
        again = self.post.past[number % len(self.post.past)]
        self._run(self.post.arrive([again], self._inboxes()))

    @rule(module=st.sampled_from(sorted(SOURCES)))
    def takes_up(self, module: str) -> None:
        self._run(self.whole.try_again(module))

    @rule()
    def sweeps(self) -> None:
        self._asked(self._sweep)

    @rule(loses=st.booleans())
    def restarts(self, loses: bool) -> None:  # noqa: FBT001  # drawn
        """Every module begins anew; where the bus was in the process, what was on it is lost."""
        self._run(self.whole.do("sales", "DELETE FROM relay_lease"))
        self._run(self.whole.do("delivery", "DELETE FROM relay_lease"))
        if loses:
            self.post = Post()
        self._start()

    # what is true all the while, and at last

    @invariant()
    def holds(self) -> None:
        if hasattr(self, "whole"):
            assert not (found := self._run(never(self.whole))), "; ".join(found)

    def teardown(self) -> None:
        """Everything is handled at last, and the modules agree."""
        if hasattr(self, "whole"):
            self._asked(self._come_to_rest)
            self.holds()
            assert not (found := self._run(self._disagree())), "; ".join(found)

    def _repeated(self, known: tuple[Mapping[str, int], OrderId], basket: Mapping[str, int], outcome: Any) -> None:
        if known[0] != basket:
            assert getattr(outcome, "code", "") == "sales.idempotency_key_reused", f"one key, two orders: {outcome}"
        else:
            assert isinstance(outcome, Placed), outcome
            assert (outcome.replayed, outcome.order.id) == (True, known[1]), "a repeat was another order"

    def _start(self) -> None:
        self.whole = Whole(self.databases)
        self.whole.container.bus.override(providers.Object(self.post))

    async def _place(self, customer: str, key: str, basket: Mapping[str, int]) -> Placed:
        lines = tuple(sorted(basket.items()))
        wanted = PlaceOrder(ClientId(customer), key, fingerprint(lines), lines, SHIP_TO)
        (outcome,) = await self.whole.container.placing().place_orders([wanted])
        if isinstance(outcome, Placed):
            return outcome
        raise outcome

    async def _sweep(self) -> None:
        await self.whole.do("product", "UPDATE hold SET expires_at = now() WHERE state = 'held'")
        await self.whole.container.sweeper().sweep()
        self.left_behind = {}

    async def _come_to_rest(self) -> None:
        for _ in range(ROUNDS):
            await self.whole.relay()
            while self.post.waiting:
                await self.post.hand_over(0, self._inboxes(), together=64)
            for module in SOURCES:
                await self.whole.try_again(module)
            await self._sweep()
            if not await self.whole.unsettled():
                return
        raise AssertionError(f"{await self.whole.unsettled()} events are never settled")

    async def _disagree(self) -> list[str]:
        found = await self.whole.faults()
        found += [f"{module} keeps parked {kept}" for module in SOURCES if (kept := await self.whole.parked(module))]
        stored = {row.id for row in await self.whole.rows("sales", 'SELECT id FROM "order"')}
        found += [f"{id_} was acknowledged and is gone" for _, id_ in self.placed.values() if id_ not in stored]
        if len(stored) != len(self.placed):
            found.append(f"{len(stored)} orders are stored, and {len(self.placed)} were acknowledged")
        held = await self.whole.rows("product", "SELECT order_id FROM hold WHERE state = 'held'")
        return [*found, *(f"stock stays held for {row.order_id}" for row in held)]

    def _inboxes(self) -> Mapping[str, list[Inbox]]:
        """Who follows each source."""
        return {
            source_of(source): [self.whole.inbox(module) for module in sorted(SOURCES) if source in SOURCES[module]]
            for source in EMITTERS
        }

    def _available(self) -> Mapping[str, int]:
        stock = self._run(self.whole.container.catalogue().stock(SKUS))
        return {one.sku: one.available for one in stock}

    @staticmethod
    def _enough(left: Mapping[str, int], basket: Mapping[str, int]) -> bool:
        return all(left[sku] >= quantity for sku, quantity in basket.items())

    def _one(self, number: int) -> tuple[tuple[str, str], tuple[Mapping[str, int], OrderId]]:
        return list(self.placed.items())[number % len(self.placed)]

    def _part(self, order: int, part: int) -> Any | None:
        """A shipment of an order; where delivery has heard of none, it hears of all now."""
        _, (_, id_) = self._one(order)
        if not self._run(self.whole.rows("delivery", PARTS, id=id_)):
            self.all_arrives([])
        rows = self._run(self.whole.rows("delivery", PARTS, id=id_))
        return rows[part % len(rows)] if rows else None

    def _tried(self, work: Callable[[], Coroutine[Any, Any, _T]]) -> _T | DomainError:
        """What comes of it; a no is an answer, and anything else is a fault."""
        try:
            return self._asked(work)
        except DomainError as no:
            return no

    def _asked(self, work: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
        """What comes of it, asked again as everybody does who gets no answer: a busy machine may take its time."""
        for _ in range(PATIENCE):
            try:
                return self._run(work())
            except Unavailable:
                continue
        return self._run(work())

    def _run(self, work: Coroutine[Any, Any, _T]) -> _T:
        return self.loop.run_until_complete(work)
