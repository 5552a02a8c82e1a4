"""The guards of auth's limiter, taken away one by one: what they keep others from must happen."""

from uuid import UUID

import pytest

from app.limiter import limiter
from app.limiter.limiter import EVERYONE, CountingLimiter, Rules
from app.limiter.memory import Kept
from tests.unit import test_limiter as promises
from tests.unit.limiter_world import Steady, steady

__all__ = ["steady"]


async def test_without_the_address_beside_the_client_a_stranger_shuts_a_client_out(
    steady: Steady, monkeypatch: pytest.MonkeyPatch
) -> None:
    def of_the_client_alone(client_id: UUID | None, _address: str) -> str | None:
        return None if client_id is None else str(client_id)

    monkeypatch.setattr(limiter, "_pair", of_the_client_alone)
    with pytest.raises(AssertionError, match="assert 8 == 0"):
        await promises.test_a_client_waits_at_the_address_it_failed_from_only(steady)


async def test_without_the_addresss_rate_before_that_of_all_one_address_shuts_all_others_out(
    steady: Steady, monkeypatch: pytest.MonkeyPatch
) -> None:
    admit = CountingLimiter.admit

    async def all_of_it(self: CountingLimiter, address: str) -> None:
        if wait_s := await self._counts.hit(self._rules.everyone, EVERYONE):
            self._refuse(EVERYONE, "", address, wait_s)
        await admit(self, address)

    monkeypatch.setattr(CountingLimiter, "admit", all_of_it)
    with pytest.raises(AssertionError):
        await promises.test_what_an_address_asks_too_often_takes_nothing_from_the_others(steady)


async def test_without_the_addresss_failures_whoever_makes_up_clients_may_go_on_for_ever(
    steady: Steady, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = CountingLimiter.failed

    async def of_the_client(self: CountingLimiter, client_id: UUID | None, address: str) -> None:
        await failed(self, client_id, f"{address} {client_id}")

    monkeypatch.setattr(CountingLimiter, "failed", of_the_client)
    with pytest.raises(AssertionError, match="assert 0 == 60"):
        await promises.test_ever_new_clients_from_one_address_come_to_an_end(steady)


async def test_without_the_bound_the_memory_grows_with_whoever_asks(
    steady: Steady, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = Kept.put

    def without_bound(self: "Kept[int]", key: str, value: int) -> None:
        self._bound = 10**9
        put(self, key, value)

    monkeypatch.setattr(Kept, "put", without_bound)
    with pytest.raises(AssertionError, match="<= 301"):
        await promises.test_no_number_of_addresses_and_clients_makes_the_memory_grow(steady)


async def test_without_the_longest_wait_somebody_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Rules, "wait_s", lambda self, failures: 2 ** min(failures - self.failures, 100))
    with pytest.raises(AssertionError):
        await promises.test_a_million_failures_make_nobody_wait_longer()
