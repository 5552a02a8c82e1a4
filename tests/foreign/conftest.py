"""Two systems a worker, each started when a test first asks for it: everything in one process, and four services."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.foreign.node import install
from tests.foreign.place import CATALOGUE, Place
from tests.integration.events.whole_fixture import whole, whole_databases
from tests.support.shop_fixture import Server
from tests.system.commands import command
from tests.system.partitions import MODULES
from tests.system.ports import free_port, some_ports, words
from tests.system.running import started

__all__ = ["whole", "whole_databases"]

SPLIT = "auth,sales,delivery,product"
PLACES = ("one_process", "four_processes")


@pytest.fixture(scope="session")
def one_process(tmp_path_factory: pytest.TempPathFactory, postgres: Server) -> Iterator[Place]:
    with _somewhere(tmp_path_factory.mktemp("foreign"), postgres) as place:
        assert len(place.system.run.processes) == 1
        yield place


@pytest.fixture(scope="session")
def four_processes(tmp_path_factory: pytest.TempPathFactory, postgres: Server) -> Iterator[Place]:
    options = ("--split", SPLIT, "--ports", words(some_ports(SPLIT)))
    with _somewhere(tmp_path_factory.mktemp("foreign"), postgres, *options) as place:
        assert len(place.system.run.processes) == 4
        yield place


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest) -> Place:
    """Each of the two. Asked for by name: as a parameter of the session it would be started anew at every change."""
    found: Place = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="session")
def packages() -> None:
    """The npm packages that the lock names."""
    install()


@contextmanager
def _somewhere(folder: Path, postgres: Server, *options: str) -> Iterator[Place]:
    databases = {module: postgres.create(module) for module in MODULES}
    named = {f"WAYBILL_DATABASES__{module.upper()}": dsn for module, dsn in databases.items()}
    (folder / "catalogue.csv").write_text(CATALOGUE)
    try:
        with started(folder / "data", free_port(), *options, **named) as system:
            assert command("product", "import", folder / "catalogue.csv", data=system.data).code == 0
            yield Place(system)
    finally:
        for dsn in databases.values():
            postgres.drop(dsn)
