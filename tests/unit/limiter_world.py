"""A limiter by rules that are written out, on a clock that is moved."""

from typing import Any
from uuid import UUID

import pytest

from app.limiter import CountingLimiter, Rules
from app.limiter.counts import Counts
from app.limiter.memory import MemoryCounts
from app.settings.sections import Limits
from modules.kernel.errors import TooMany

CLIENT, OTHER = UUID(int=1), UUID(int=2)
HERE, ELSEWHERE = "192.0.2.1", "192.0.2.2"


class Steady:
    """A clock that goes when it is moved."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


def rules(**limits: Any) -> Rules:
    return Rules.of(Limits(**limits))


def in_memory(steady: Steady, **limits: Any) -> CountingLimiter:
    return CountingLimiter(rules(**limits), MemoryCounts(steady=steady), steady=steady)


def on(counts: Counts, **limits: Any) -> CountingLimiter:
    return CountingLimiter(rules(**limits), counts)


async def refused(limiter: CountingLimiter, address: str = HERE) -> int:
    """How many seconds a request from an address is told to wait; 0 where it is admitted."""
    try:
        await limiter.admit(address)
    except TooMany as error:
        return int(error.details["retry_after_s"])
    return 0


async def waits(limiter: CountingLimiter, client: UUID | None = CLIENT, address: str = HERE) -> int:
    """How many seconds a client is told to wait; 0 where it is admitted."""
    try:
        await limiter.admit_client(client, address)
    except TooMany as error:
        return int(error.details["retry_after_s"])
    return 0


async def fails(limiter: CountingLimiter, times: int, client: UUID | None = CLIENT, address: str = HERE) -> None:
    for _ in range(times):
        await limiter.failed(client, address)


@pytest.fixture
def steady() -> Steady:
    return Steady()
