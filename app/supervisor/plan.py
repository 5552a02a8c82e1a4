"""Which processes there are to be, and where each listens."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# Said again here, because the settings' own list would bring pydantic into the supervisor, and every start waits for it.
MODULES = ("auth", "sales", "delivery", "product")
SERVICES = ("sales", "delivery", "product")
PORTS: Mapping[str, int] = {"auth": 3004, "sales": 3001, "delivery": 3002, "product": 3003}

ROOT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"

_KNOWN = f"known are {', '.join(MODULES)}"
_HIGHEST_PORT = 65_535
_EXAMPLE = "such as auth+product,sales,delivery"


class WrongPlan(ValueError):
    """What was asked for is no partition, or gives no ports; the message is a sentence that says what to change."""


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """One server process: the modules it hosts and the loopback port it listens on."""

    modules: tuple[str, ...]
    port: int

    @property
    def is_everything(self) -> bool:
        """Whether there is no other process beside it."""
        return set(self.modules) == set(MODULES)

    @property
    def name(self) -> str:
        """What people and log files call it; `waybill` where it is everything."""
        return "waybill" if self.is_everything else "+".join(self.modules)

    @property
    def url(self) -> str:
        """Where it answers, without a slash at the end."""
        return f"http://{HOST}:{self.port}"


def one_process(port: int) -> tuple[ProcessSpec, ...]:
    """Everything in one process."""
    return (ProcessSpec(MODULES, port),)


def planned(split: str | None, ports: str | None, port: int) -> tuple[ProcessSpec, ...]:
    """The processes that `--split` and `--ports` ask for; without a split everything is in one, on `port`.

    A process of a split listens on the port of its first-named module.

    Raises:
        WrongPlan: they ask for nothing that can be started.
    """
    if split is None:
        if ports is not None:
            raise WrongPlan("--ports is for the processes of a --split; everything in one listens on --port.")
        return one_process(port)
    groups = _groups(split)
    given = {**PORTS, **dict(_ports(ports))}
    if len(groups) == 1:
        return (ProcessSpec(groups[0], port),)
    specs = tuple(ProcessSpec(group, given[group[0]]) for group in groups)
    owners: dict[int, ProcessSpec] = {}
    for spec in specs:
        other = owners.setdefault(spec.port, spec)
        if other is not spec:
            raise WrongPlan(f"{other.name} and {spec.name} can't both listen on port {spec.port}; change --ports.")
    return specs


def partition(specs: Iterable[ProcessSpec]) -> str:
    """How `--split` would say it: `+` within a process, a comma between."""
    return ",".join("+".join(spec.modules) for spec in specs)


def is_same_partition(one: Iterable[Iterable[str]], other: Iterable[Iterable[str]]) -> bool:
    """Whether two partitions put the same modules together, in whatever order they name them."""
    return {frozenset(group) for group in one} == {frozenset(group) for group in other}


def described(groups: Sequence[Sequence[str]]) -> str:
    """Processes in words: `three processes (auth+product, sales, delivery)`."""
    if len(groups) == 1:
        return "one process"
    number = ("two", "three", "four")[len(groups) - 2]
    return f"{number} processes ({', '.join('+'.join(group) for group in groups)})"


def _groups(split: str) -> list[tuple[str, ...]]:
    groups = [tuple(name.strip() for name in group.split("+")) for group in split.split(",")]
    seen: set[str] = set()
    for name in (name for group in groups for name in group):
        if not name:
            raise WrongPlan(f"--split has nothing between two of its signs; name every module once, {_EXAMPLE}.")
        if name not in MODULES:
            raise WrongPlan(f"--split: {name!r} is no module; {_KNOWN}.")
        if name in seen:
            raise WrongPlan(f"--split names {name} twice; name every module once, {_EXAMPLE}.")
        seen.add(name)
    if missing := [module for module in MODULES if module not in seen]:
        raise WrongPlan(f"--split leaves out {', '.join(missing)}; name every module once, {_EXAMPLE}.")
    return groups


def _ports(ports: str | None) -> Iterator[tuple[str, int]]:
    seen: set[str] = set()
    for item in ports.split(",") if ports is not None else ():
        name, _, number = (part.strip() for part in item.partition("="))
        if name not in MODULES:
            raise WrongPlan(f"--ports: {name!r} is no module; {_KNOWN}.")
        if name in seen:
            raise WrongPlan(f"--ports names {name} twice.")
        if not (re.fullmatch("[0-9]{1,5}", number) and 1 <= int(number) <= _HIGHEST_PORT):
            raise WrongPlan(f"--ports: {name} needs a number from 1 to {_HIGHEST_PORT}, such as {name}={PORTS[name]}.")
        seen.add(name)
        yield name, int(number)
