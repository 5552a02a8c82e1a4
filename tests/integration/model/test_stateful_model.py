"""Whatever customers, warehouses and bad luck do, in whatever order: the modules agree in the end, and never oversell.

`TEST_MODEL_EXAMPLES` says how many lives of the system are tried, 100 where it says nothing.
"""

import asyncio
import os
from collections.abc import Iterator, Mapping

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from app.database import open_database
from modules.kernel.database import Database
from tests.integration.events.whole import TABLES
from tests.integration.model.machine import SystemMachine
from tests.support.shop_fixture import Server

EXAMPLES = int(os.environ.get("TEST_MODEL_EXAMPLES", "100"))
LIVES = settings(
    max_examples=EXAMPLES,
    stateful_step_count=20,
    derandomize=True,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def machine(postgres: Server) -> Iterator[type[SystemMachine]]:
    """The machine on databases and a loop of its own: hypothesis calls it, and does not wait."""
    loop = asyncio.new_event_loop()
    dsns = {module: postgres.create(module) for module in TABLES}
    databases: Mapping[str, Database] = {
        module: open_database(module, dsn, pool_size=4) for module, dsn in dsns.items()
    }

    class Here(SystemMachine):
        pass

    Here.databases, Here.loop = databases, loop
    yield Here
    for module, dsn in dsns.items():
        loop.run_until_complete(databases[module].close())
        postgres.drop(dsn)
    loop.close()


def test_whatever_happens_the_modules_agree_and_nothing_is_oversold(machine: type[SystemMachine]) -> None:
    run_state_machine_as_test(machine, settings=LIVES)
