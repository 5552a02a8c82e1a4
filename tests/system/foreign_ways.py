"""Every way into every service, read from the services' own documents, and how a stranger fills it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from app.container import REMOTE
from modules.auth.model.scope import SCOPES
from tests.system.foreign import OTHER_BODY, Owner

OPEN_CROSSINGS = frozenset({"/.well-known/jwks.json"})
BODIES: Mapping[str, Any] = {
    "POST /api/v1/orders": OTHER_BODY,
    "POST /api/v1/orders/{order_id}/cancel": {"reason": "not mine"},
    "POST /api/v1/quotes": {"lines": OTHER_BODY["lines"]},
}
"""What a stranger with a customer's token sends; a body that is refused before its door is tried would prove nothing."""
ONES_OWN = frozenset({"order_id", "shipment_id", "webhook_id", "endpoint_id", "delivery_id"})
"""Places of a path that say whose it is: with what is the owner's in them a customer finds nothing."""
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Way:
    """A way in: where, what it takes, and which scope opens it."""

    service: str
    method: str
    path: str
    scope: str | None
    takes: str | None
    places: tuple[str, ...]
    queries: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def audience(self) -> str | None:
        """For which service its token is; none where everybody may come in."""
        if self.scope is None:
            return None
        found = [audience for audience, scopes in SCOPES.items() if self.scope in scopes]
        assert found, f"{self} asks for {self.scope}, which is a scope of no audience in modules/auth/model/scope.py"
        return found[0]

    @property
    def is_ones_own(self) -> bool:
        """Whether it leads to something that belongs to one customer."""
        return bool(ONES_OWN.intersection(self.places))

    def at(self, places: Mapping[str, str]) -> str:
        """The path with something in each place."""
        path = self.path
        for name in self.places:
            assert name in places, (
                f"say in tests/system/foreign.py, Owner.places, what is the owner's {name!r} of {self}"
            )
            path = path.replace(f"{{{name}}}", quote(places[name], safe=""))
        return path

    def body(self) -> Any:
        """What is sent; nothing where nothing is taken."""
        if self.takes is None:
            return None
        assert str(self) in BODIES, f"say in tests/system/foreign_ways.py, BODIES, what a stranger sends to {self}"
        return BODIES[str(self)]

    def asked(self, owner: Owner) -> Iterator[Mapping[str, str]]:
        """Queries: none, and the owner's for each parameter."""
        yield {}
        for name in self.queries:
            assert name in owner.queries, f"say in tests/system/foreign.py, Owner.queries, what the owner's {name!r} is"
            yield {name: owner.queries[name]}


async def ways(services: Mapping[str, httpx.AsyncClient]) -> list[Way]:
    """Every way that the documents of the services have, once."""
    found: dict[str, Way] = {}
    for service, http in services.items():
        document = (await http.get("/openapi.json")).raise_for_status().json()
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                way = _way(service, method.upper(), path, operation)
                found.setdefault(str(way), way)
    return list(found.values())


def _way(service: str, method: str, path: str, operation: Mapping[str, Any]) -> Way:
    scopes = [one["oauth2"] for one in operation.get("security", ()) if "oauth2" in one]
    content = operation.get("requestBody", {}).get("content", {})
    by_place: dict[str, list[str]] = {"path": [], "query": [], "header": [], "cookie": []}
    for parameter in operation.get("parameters", ()):
        by_place[parameter["in"]].append(parameter["name"])
    return Way(
        service,
        method,
        path,
        scopes[0][0] if scopes else None,
        next(iter(content), None),
        tuple(by_place["path"]),
        tuple(by_place["query"]),
    )


def ways_within() -> Iterator[tuple[str, str, str]]:
    """Service, method and path of all that only our own services and the operator may call, which is in no document."""
    for service, room in REMOTE.items():
        for crossing in room.METHODS:
            if crossing.path not in OPEN_CROSSINGS:
                yield service, crossing.verb, crossing.path
