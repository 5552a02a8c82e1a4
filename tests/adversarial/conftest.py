"""Every row, played once a worker on one process and on four."""

from collections.abc import Mapping

import pytest

from tests.adversarial.played import Played, played
from tests.conftest import Postgres
from tests.system.partitions import MODULES
from tests.system.ports import free_port, some_ports, words
from tests.system.running import started

# Failures without number from one address are what this is about, and no reason to be let wait.
NO_LIMITS = {"WAYBILL_LIMITS__ENABLED": "false"}
SPLIT = "auth,sales,delivery,product"


@pytest.fixture(scope="session")
async def systems(tmp_path_factory: pytest.TempPathFactory, postgres: Postgres) -> Mapping[str, Played]:
    """What each system answered, and logged."""
    split = ("--split", SPLIT, "--ports", words(some_ports(SPLIT)))
    return {
        name: await _played(tmp_path_factory, postgres, *options)
        for name, options in (("one process", ()), ("four processes", split))
    }


async def _played(folders: pytest.TempPathFactory, postgres: Postgres, *options: str) -> Played:
    dsns = {module: postgres.create(module) for module in MODULES}
    given = NO_LIMITS | {f"WAYBILL_DATABASES__{module.upper()}": dsn for module, dsn in dsns.items()}
    with started(folders.mktemp("adversarial") / "data", free_port(), *options, **given) as system:
        answers = await played(system)
    for dsn in dsns.values():
        postgres.drop(dsn)
    return answers
