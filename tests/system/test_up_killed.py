"""`kill -9` of the supervisor, in every phase: nothing is left after 2 s, and the next start finds nothing in its way."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.processes import processes_in, until
from tests.system.ports import free_port, some_ports, words
from tests.system.upper import SERVER, SPLIT, Up, up

PHASES: dict[str, Callable[[Path, str], object]] = {
    "secrets": lambda data, _: (data / "secrets.toml").exists(),
    "server": lambda _, server: processes_in(Path(SERVER[1]), server),
    "initdb": lambda data, _: processes_in(data, "bin/initdb"),
    "bootstrap": lambda data, _: processes_in(data, "--boot"),
    "databases": lambda data, _: processes_in(data, "--single"),
    "postgres": lambda data, _: processes_in(data, "listen_addresses"),
    "run.json": lambda data, _: (data / "run.json").exists(),
}


@pytest.mark.parametrize("phase", PHASES)
def test_killed_it_leaves_nothing_and_the_next_start_succeeds(tmp_path: Path, phase: str) -> None:
    data, port = tmp_path / "data", free_port()
    started = Up(data, port)
    until(lambda: PHASES[phase](data, str(port)), within_s=30)

    started.process.kill()
    started.process.communicate()

    until(lambda: not processes_in(data) and not processes_in(Path(SERVER[1]), str(port)), within_s=2)
    with up(data, port) as again:
        assert again.run["processes"][0]["url"].endswith(f":{port}")


SPLIT_PHASES: dict[str, Callable[[Path, list[str]], object]] = {
    "Valkey": lambda data, _: processes_in(data, "valkey-server"),
    "the first server": lambda _, ports: _any(ports),
    "the last server": lambda _, ports: all(processes_in(Path(SERVER[1]), port) for port in ports),
    "run.json": lambda data, _: (data / "run.json").exists(),
}


@pytest.mark.parametrize("phase", SPLIT_PHASES)
def test_killed_in_a_split_it_leaves_nothing_and_the_next_start_succeeds(tmp_path: Path, phase: str) -> None:
    data, ports = tmp_path / "data", some_ports(SPLIT)
    numbers = [str(port) for port in ports.values()]
    started = Up(data, 3000, split=SPLIT, ports=words(ports))
    until(lambda: SPLIT_PHASES[phase](data, numbers), within_s=30)

    started.process.kill()
    started.process.communicate()

    until(lambda: not processes_in(data) and not _any(numbers), within_s=2)
    with up(data, 3000, split=SPLIT, ports=words(ports)) as again:
        assert again.run["partition"] == SPLIT


def _any(ports: list[str]) -> list[str]:
    return [port for port in ports if processes_in(Path(SERVER[1]), port)]
