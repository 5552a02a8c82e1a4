"""Concurrent single calls become batches, and nobody in a batch suffers from its neighbours."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import pytest

from app.batching import Batcher
from modules.kernel import rpc
from modules.kernel.errors import Conflict, NotReached, Overloaded, WaybillError
from tests.support.interleaving import Gate


class Desk:
    """Work that writes down its batches; each waits at the gate. What is asked for by name goes wrong."""

    def __init__(self) -> None:
        self.gate = Gate()
        self.batches: list[list[str]] = []
        self.remaining: list[float | None] = []
        self.raises: dict[str, Exception] = {}  # by an item: what the whole batch ends with that has it
        self.outcomes: dict[str, WaybillError] = {}
        self.loses: str | None = None  # the item without an outcome

    async def work(self, items: Sequence[str]) -> Sequence[str | WaybillError]:
        self.batches.append(list(items))
        self.remaining.append(rpc.remaining_s())
        await self.gate.passed()
        for item in items:
            if item in self.raises:
                raise self.raises[item]
        return [self.outcomes.get(item, item.upper()) for item in items if item != self.loses]


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def begun(*calls: Coroutine[Any, Any, str]) -> list[asyncio.Task[str]]:
    """The calls, each having come as far as it can."""
    tasks = [asyncio.create_task(call) for call in calls]
    await asyncio.sleep(0)
    return tasks


async def behind_one(desk: Desk, batcher: Batcher[str, str], items: str) -> list[asyncio.Task[str]]:
    """Calls that gather while a batch of one is in flight."""
    await begun(batcher("first"))
    await desk.gate.reached()
    return await begun(*map(batcher, items.split()))


async def ended(tasks: Sequence[asyncio.Task[str]]) -> list[str | BaseException]:
    async with asyncio.timeout(10):
        return await asyncio.gather(*tasks, return_exceptions=True)


async def test_an_idle_batcher_begins_at_once_with_what_there_is(desk: Desk) -> None:
    desk.gate.open()
    batcher = Batcher(desk.work)
    assert await batcher("a") == "A"
    assert await batcher("b") == "B"
    assert desk.batches == [["a"], ["b"]]


async def test_calls_gather_while_one_batch_is_in_flight(desk: Desk) -> None:
    tasks = await behind_one(desk, Batcher(desk.work), "a b c")
    assert desk.batches == [["first"]]
    desk.gate.open()
    assert await ended(tasks) == ["A", "B", "C"]
    assert desk.batches == [["first"], ["a", "b", "c"]]


async def test_no_batch_is_larger_than_its_maximum_and_order_is_kept(desk: Desk) -> None:
    tasks = await behind_one(desk, Batcher(desk.work, max_size=2), "a b c d e")
    desk.gate.open()
    assert await ended(tasks) == ["A", "B", "C", "D", "E"]
    assert desk.batches == [["first"], ["a", "b"], ["c", "d"], ["e"]]


async def test_a_refusal_leaves_neighbours_alone(desk: Desk) -> None:
    desk.outcomes["b"] = Conflict("No.", left=3)
    tasks = await behind_one(desk, Batcher(desk.work), "a b c")
    desk.gate.open()
    first, refusal, last = await ended(tasks)
    assert (first, last) == ("A", "C")
    assert isinstance(refusal, Conflict)
    assert (refusal.detail, refusal.details) == ("No.", {"left": 3})


async def test_a_caller_that_leaves_does_not_cancel_the_batch_it_is_in(desk: Desk) -> None:
    batcher = Batcher(desk.work)
    leaving, staying = await behind_one(desk, batcher, "a b")
    leaving.cancel()
    desk.gate.open()
    assert await ended([staying]) == ["B"]
    assert leaving.cancelled()
    assert desk.batches == [["first"], ["a", "b"]]


async def test_a_caller_that_leaves_a_batch_in_flight_does_not_cancel_it(desk: Desk) -> None:
    batcher = Batcher(desk.work)
    (leaving,) = await begun(batcher("a"))
    await desk.gate.reached()
    (staying,) = await begun(batcher("b"))
    leaving.cancel()
    desk.gate.open()
    assert await ended([staying]) == ["B"]
    assert desk.batches == [["a"], ["b"]]


@pytest.mark.parametrize(
    "spoil",
    [lambda desk: desk.raises.update(b=ValueError("a bug")), lambda desk: setattr(desk, "loses", "b")],
    ids=["raises", "outcome missing"],
)
async def test_a_bug_that_fails_a_whole_batch_is_tried_item_by_item_and_hits_only_its_own(
    desk: Desk, spoil: Callable[[Desk], None]
) -> None:
    spoil(desk)
    tasks = await behind_one(desk, Batcher(desk.work), "a b c")
    desk.gate.open()
    first, bug, last = await ended(tasks)
    assert (first, last) == ("A", "C")
    assert isinstance(bug, (ValueError, AssertionError))
    assert desk.batches == [["first"], ["a", "b", "c"], ["a"], ["b"], ["c"]]


async def test_a_refusal_of_a_whole_batch_hits_only_whom_it_is_for(desk: Desk) -> None:
    desk.raises["b"] = Conflict("No.")
    tasks = await behind_one(desk, Batcher(desk.work), "a b c")
    desk.gate.open()
    first, refused, last = await ended(tasks)
    assert (first, type(refused), last) == ("A", Conflict, "C")
    assert desk.batches == [["first"], ["a", "b", "c"], ["a"], ["b"], ["c"]]


async def test_no_answer_to_a_batch_is_the_outcome_of_all_of_it_and_nothing_is_tried_again(desk: Desk) -> None:
    desk.raises["b"] = NotReached("The database is away.", since=1)
    tasks = await behind_one(desk, Batcher(desk.work), "a b c")
    desk.gate.open()
    outcomes = await ended(tasks)
    assert [type(one) for one in outcomes] == [NotReached] * 3
    assert desk.batches == [["first"], ["a", "b", "c"]]


async def test_each_caller_gets_an_exception_of_its_own(desk: Desk) -> None:
    shared = NotReached("The database is away.", since=1)
    desk.raises["a"] = shared
    tasks = await behind_one(desk, Batcher(desk.work), "a b")
    desk.gate.open()
    one, other = await ended(tasks)
    assert isinstance(one, NotReached)
    assert isinstance(other, NotReached)
    assert len({id(one), id(other), id(shared)}) == 3
    assert (one.detail, one.details) == (other.detail, other.details) == (shared.detail, shared.details)


async def test_above_its_bound_it_is_overloaded_at_once_and_takes_calls_again_later(desk: Desk) -> None:
    batcher = Batcher(desk.work, bound=3)
    tasks = await behind_one(desk, batcher, "a b")
    with pytest.raises(Overloaded) as refused:
        await batcher("c")
    assert refused.value.details == {"retry_after_s": 1}
    desk.gate.open()
    await ended(tasks)
    assert await batcher("d") == "D"
    assert desk.batches == [["first"], ["a", "b"], ["d"]]


async def test_callers_that_left_count_towards_the_bound_until_their_work_is_done(desk: Desk) -> None:
    batcher = Batcher(desk.work, bound=3)
    tasks = await behind_one(desk, batcher, "a b")
    for task in tasks:
        task.cancel()
    await ended(tasks)
    late = await begun(batcher("c"))
    desk.gate.open()
    assert [type(outcome) for outcome in await ended(late)] == [Overloaded]


async def test_the_batch_has_no_callers_deadline(desk: Desk) -> None:
    desk.gate.open()
    with rpc.deadline(5):
        assert await Batcher(desk.work)("a") == "A"
    assert desk.remaining == [None]


async def test_a_batch_that_failed_leaves_the_batcher_working(desk: Desk) -> None:
    desk.gate.open()
    desk.raises["a"] = ValueError("a bug")
    batcher = Batcher(desk.work)
    with pytest.raises(ValueError, match="a bug"):
        await batcher("a")
    assert await batcher("b") == "B"
