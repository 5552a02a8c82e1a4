"""One system a worker for the tests that do it no harm."""

from collections.abc import AsyncIterator, Iterator, Mapping

import pytest

from tests.support.carrier import GIVEN
from tests.system.bad_answers import Answers, all_answers
from tests.system.parties import SERVICES, Party, admitted
from tests.system.ports import free_port
from tests.system.running import Running, started


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with started(tmp_path_factory.mktemp("system") / "data", free_port(), **SERVICES, **GIVEN) as running:
        yield running


@pytest.fixture(scope="session")
async def parties(system: Running) -> AsyncIterator[Mapping[str, Party]]:
    async with admitted(system) as present:
        yield present


@pytest.fixture(scope="session")
async def answers(system: Running, parties: Mapping[str, Party]) -> Answers:
    """What the system says to every bad request."""
    return await all_answers(system, parties)
