"""Requests with a key: each is done once, whoever comes second, and however the first one ends."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from modules.kernel.database import Database, Transaction, sql
from modules.kernel.errors import Conflict, NotReached, Unavailable
from modules.kernel.idempotency import Answered, Once, Repeatable, RequestKeyReused, fingerprint, forget
from modules.kernel.ids import ClientId
from tests.support.interleaving import Gate, UnsteadyDatabase, until_waiting

FIRST = Repeatable(ClientId("shop"), "k", fingerprint(["POST", "/things", {"name": "tea"}]))
OTHER = replace(FIRST, fingerprint=fingerprint(["POST", "/things", {"name": "coffee"}]))
AGE = sql("UPDATE idempotency SET at = at - CAST(:age AS interval)")
DONE = sql("INSERT INTO audit (actor, action, subject, details) VALUES ('shop', 'add', :name, '{}')")


@dataclass(frozen=True)
class Thing:
    name: str
    number: int


class Adding:
    """Adds things, a row each; what is answered says how often it was asked to."""

    def __init__(self, database: Database, *, at: Gate | None = None, refuses: bool = False) -> None:
        self._once: Once[Thing] = Once(database, Thing)
        self._at = at
        self._refuses = refuses
        self.asked = 0

    async def add(self, request: Repeatable | None, name: str = "tea") -> Answered[Thing]:
        return await self._once(request, lambda transaction: self._add(transaction, name))

    async def _add(self, transaction: Transaction, name: str) -> Thing:
        self.asked += 1
        await transaction.execute(DONE, name=name)
        if self._at is not None:
            await self._at.passed()
        if self._refuses:
            raise Conflict("not today")
        return Thing(name, self.asked)


async def added(database: Database) -> Sequence[str]:
    return [row.subject for row in await rows(database, "SELECT subject FROM audit ORDER BY id")]


async def rows(database: Database, statement: str) -> Sequence[Any]:
    async with database.reading() as reading:
        return await reading.fetch(sql(statement))


async def age(database: Database, hours: int) -> None:
    async with database.transaction() as transaction:
        await transaction.execute(AGE, age=f"{hours} hours")


async def test_a_repeat_gets_the_first_answer_and_does_nothing(product_database: Database) -> None:
    adding = Adding(product_database)
    assert await adding.add(FIRST) == Answered(Thing("tea", 1))
    assert await adding.add(FIRST) == Answered(Thing("tea", 1), replayed=True)
    assert await added(product_database) == ["tea"]


async def test_without_a_key_every_request_is_another(product_database: Database) -> None:
    adding = Adding(product_database)
    assert await adding.add(None) == Answered(Thing("tea", 1))
    assert await adding.add(None) == Answered(Thing("tea", 2))
    assert await rows(product_database, "SELECT FROM idempotency") == []


async def test_a_key_that_came_with_another_request_is_refused(product_database: Database) -> None:
    adding = Adding(product_database)
    await adding.add(FIRST)
    try:
        answered = await adding.add(OTHER, "coffee")
    except RequestKeyReused:
        assert await added(product_database) == ["tea"]
    else:
        raise AssertionError(f"another request got the first one's answer: {answered}")


async def test_two_clients_may_have_the_same_key(product_database: Database) -> None:
    adding = Adding(product_database)
    await adding.add(FIRST)
    assert not (await adding.add(replace(OTHER, client_id=ClientId("another")), "coffee")).replayed
    assert await added(product_database) == ["tea", "coffee"]


async def test_a_refusal_is_not_remembered(product_database: Database) -> None:
    with pytest.raises(Conflict):
        await Adding(product_database, refuses=True).add(FIRST)
    assert not (await Adding(product_database).add(OTHER, "coffee")).replayed
    assert await added(product_database) == ["coffee"]


async def test_the_same_request_while_the_first_is_under_way_waits_for_its_answer(product_database: Database) -> None:
    gate = Gate()
    first = asyncio.create_task(Adding(product_database, at=gate).add(FIRST))
    await gate.reached()
    second = asyncio.create_task(Adding(product_database).add(FIRST))
    await until_waiting(product_database, unless=second)
    gate.open()
    answers = await first, await second
    assert await added(product_database) == ["tea"], "it was done twice"
    assert answers == (Answered(Thing("tea", 1)), Answered(Thing("tea", 1), replayed=True))


async def test_another_request_with_the_key_of_one_under_way_waits_and_is_refused(product_database: Database) -> None:
    gate = Gate()
    first = asyncio.create_task(Adding(product_database, at=gate).add(FIRST))
    await gate.reached()
    second = asyncio.create_task(Adding(product_database).add(OTHER, "coffee"))
    await until_waiting(product_database, unless=second)
    gate.open()
    await first
    with pytest.raises(RequestKeyReused):
        await second
    assert await added(product_database) == ["tea"]


async def test_the_same_request_does_it_where_the_one_under_way_is_refused(product_database: Database) -> None:
    gate = Gate()
    first = asyncio.create_task(Adding(product_database, at=gate, refuses=True).add(FIRST))
    await gate.reached()
    second = asyncio.create_task(Adding(product_database).add(FIRST))
    await until_waiting(product_database, unless=second)
    gate.open()
    with pytest.raises(Conflict):
        await first
    assert await second == Answered(Thing("tea", 1))
    assert await added(product_database) == ["tea"]


async def test_where_the_answer_to_commit_was_lost_a_repeat_finds_it_done(product_database: Database) -> None:
    with pytest.raises(Unavailable):
        await Adding(UnsteadyDatabase(product_database, forgets=True)).add(FIRST)
    assert (await Adding(product_database).add(FIRST)).replayed
    assert await added(product_database) == ["tea"]


async def test_where_commit_failed_a_repeat_does_it(product_database: Database) -> None:
    with pytest.raises(NotReached):
        await Adding(UnsteadyDatabase(product_database, fails=True)).add(FIRST)
    again = await Adding(product_database).add(FIRST)
    assert not again.replayed, "it is said to be done, and is not"
    assert await added(product_database) == ["tea"]


@pytest.mark.parametrize(("hours", "known"), [(23, True), (25, False)])
async def test_a_key_is_remembered_for_a_day(product_database: Database, hours: int, *, known: bool) -> None:
    adding = Adding(product_database)
    await adding.add(FIRST)
    await age(product_database, hours)
    assert (await adding.add(FIRST)).replayed is known
    assert (await adding.add(FIRST)).replayed  # it counts from the last time that it was done


async def test_what_is_over_is_forgotten_in_batches_and_nothing_else(product_database: Database) -> None:
    adding = Adding(product_database)
    for number in range(3):
        await adding.add(replace(FIRST, key=f"old {number}"))
    await age(product_database, 25)
    await adding.add(replace(FIRST, key="new"))
    assert [await forget(product_database, 2) for _ in range(3)] == [2, 1, 0]
    assert await rows(product_database, "SELECT key FROM idempotency") == [("new",)]
