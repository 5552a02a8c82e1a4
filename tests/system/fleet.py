"""Replicas of every service, each started by `serve` as an operator does, with a balancer in front of each service."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from tests.system.balancer import LOOK_EVERY_S, Balancer
from tests.system.deployment import MODULES, READY_WITHIN_S, Deployment
from tests.system.ports import free_ports


class Fleet(Deployment):
    """So many replicas of every service, on the same databases and Valkey.

    A replica is named by its module, `sales`, and from the second on by a number too: `sales.1`.
    """

    def __init__(self, folder: Path, databases: Mapping[str, str], size: int, **told: str) -> None:
        super().__init__(folder, databases, **told)
        self.names = {module: [module, *(f"{module}.{n}" for n in range(1, size))] for module in MODULES}
        *own, auth, sales, delivery, product = free_ports(len(MODULES) * (size + 1))
        self._own = dict(zip(self.all, own, strict=True))
        self.balancers = {
            module: Balancer(port, [self._own[name] for name in self.names[module]])
            for module, port in zip(MODULES, (auth, sales, delivery, product), strict=True)
        }
        self.ports = {module: balancer.port for module, balancer in self.balancers.items()}

    @property
    def all(self) -> Sequence[str]:
        return [name for names in self.names.values() for name in names]

    def start(self, *names: str) -> None:
        """Start replicas; does not wait."""
        for name in names:
            self._launch(name, name.partition(".")[0], "--port", str(self._own[name]))

    async def joined(self, *names: str) -> None:
        """Until their balancers have seen that these are ready."""
        async with asyncio.timeout(READY_WITHIN_S):
            while not all(self._own[name] in self.balancers[name.partition(".")[0]].ready for name in names):
                for name in names:
                    code = self._processes[name].poll()
                    assert code is None, f"{name} ended with {code}: {self.log(name)[-2000:]}"
                await asyncio.sleep(LOOK_EVERY_S)

    def at(self, name: str) -> str:
        """Where a replica itself answers."""
        return f"http://127.0.0.1:{self._own[name]}"


@asynccontextmanager
async def fleet(folder: Path, database: Callable[[str], str], size: int, **told: str) -> AsyncIterator[Fleet]:
    """Replicas that are ready, behind their balancers, `told` some more settings; ended afterwards."""
    folder.mkdir()  # noqa: ASYNC240  # at once
    services = Fleet(folder, {module: database(module) for module in MODULES}, size, **told)
    async with AsyncExitStack() as stack:
        for balancer in services.balancers.values():
            await stack.enter_async_context(balancer.listening())
        stack.push_async_callback(asyncio.to_thread, services.end)
        services.valkey.start()
        services.start(*services.all)
        await services.joined(*services.all)
        services.describe()
        yield services
