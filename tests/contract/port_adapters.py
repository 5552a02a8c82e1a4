"""The ways to reach a port. Every suite runs over each of them, and what a call means is the same over all."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol, TypeVar

from app.calls import policed
from tests.contract.served import application, client_of, listening

_P = TypeVar("_P")


class Adapter(Protocol):
    """One way to reach the service that fulfils a port."""

    def reach(self, port: type[_P], service: _P, peer: str) -> AbstractAsyncContextManager[_P]:
        """The port, as its callers have it, for as long as the context is open."""
        ...


class InProcess:
    """The service itself, with the meaning that every port call has."""

    @asynccontextmanager
    async def reach(self, port: type[_P], service: _P, peer: str) -> AsyncIterator[_P]:
        yield policed(port, service, peer, strict=True)


class OverHttp:
    """Another process' client of the service, through a real socket."""

    @asynccontextmanager
    async def reach(self, port: type[_P], service: _P, peer: str) -> AsyncIterator[_P]:
        async with listening(application(port, service)) as url, client_of(port, url, peer) as client:
            yield policed(port, client, peer, strict=True)


ADAPTERS: Mapping[str, type[Adapter]] = {"in_process": InProcess, "http": OverHttp}
