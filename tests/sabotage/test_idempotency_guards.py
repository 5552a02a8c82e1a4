"""What makes a request with a key be done once, taken away: it is done twice, or said to be done and is not."""

from typing import Any

import pytest

from modules.kernel import idempotency
from modules.kernel.database import Database, Transaction
from modules.kernel.idempotency import Once, Repeatable
from tests.integration import test_idempotency as promises
from tests.sabotage.guards import seen_red, without


@seen_red(
    "P3",
    "a key is claimed before anything is done",
    test=promises.test_the_same_request_while_the_first_is_under_way_waits_for_its_answer,
    red="it was done twice",
)
async def test_without_the_claim_what_is_asked_twice_at_once_is_done_twice(
    product_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is looked whether the key is there, and it is written with the answer."""
    looked = without(idempotency.EARLIER, "WHERE", "WHERE answer IS NOT NULL AND")
    written = without(
        idempotency.CLAIM, "(client_id, key, fingerprint) VALUES (:client_id, :key, :fingerprint)",
        "(client_id, key, fingerprint, answer) VALUES (:client_id, :key, '', CAST(:answer AS json))",
    )  # fmt: skip
    monkeypatch.setattr(idempotency, "KEEP", without(written, "i.at <= now() - CAST(:remembered AS interval)", "true"))

    async def only_looks(transaction: Transaction, request: Repeatable) -> str | None:
        rows = await transaction.fetch(looked, client_id=request.client_id, key=request.key)
        return rows[0].answer if rows else None

    monkeypatch.setattr(idempotency, "_claim", only_looks)
    with pytest.raises(AssertionError, match="it was done twice"):
        await promises.test_the_same_request_while_the_first_is_under_way_waits_for_its_answer(product_database)


@seen_red(
    "P3",
    "a request is compared with the one that had its key",
    test=promises.test_a_key_that_came_with_another_request_is_refused,
    red="another request got the first one's answer",
)
async def test_without_the_fingerprint_another_request_gets_the_answer_of_the_first(
    product_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "EARLIER", without(idempotency.EARLIER, "fingerprint,", ":mine AS fingerprint,"))
    claim = idempotency._claim

    async def taken_for_the_same(transaction: Transaction, request: Repeatable) -> str | None:
        fetch = transaction.fetch

        async def with_mine(statement: Any, **values: Any) -> Any:
            more = {"mine": request.fingerprint} if statement == idempotency.EARLIER else {}
            return await fetch(statement, **values, **more)

        monkeypatch.setattr(transaction, "fetch", with_mine)
        return await claim(transaction, request)

    monkeypatch.setattr(idempotency, "_claim", taken_for_the_same)
    with pytest.raises(AssertionError, match="another request got the first one's answer"):
        await promises.test_a_key_that_came_with_another_request_is_refused(product_database)


@seen_red(
    "P3",
    "an answer is remembered in the transaction that does what was asked",
    test=promises.test_where_commit_failed_a_repeat_does_it,
    red="it is said to be done, and is not",
)
async def test_remembered_by_itself_what_came_to_nothing_is_said_to_be_done(
    product_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Key and answer are written in a transaction of their own, before the other's COMMIT."""
    done_once = Once.__call__

    async def remembered_first(self: Once[Any], request: Repeatable | None, work: Any) -> Any:
        async def noted(transaction: Transaction) -> Any:
            answer = await work(transaction)
            steady = Database(product_database.name, product_database.pool)

            async def nothing_more(_transaction: Transaction) -> Any:
                return answer

            await done_once(Once(steady, promises.Thing), request, nothing_more)
            return answer

        if type(self._database) is Database:
            return await done_once(self, request, work)
        return await done_once(self, None, noted)

    monkeypatch.setattr(Once, "__call__", remembered_first)
    with pytest.raises(AssertionError, match="it is said to be done, and is not"):
        await promises.test_where_commit_failed_a_repeat_does_it(product_database)
