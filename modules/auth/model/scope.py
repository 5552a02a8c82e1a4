"""Which scopes and audiences there are, who may have them, and what a request for a token gets."""

import re
from collections.abc import Iterator, Mapping, Sequence

from modules.auth.port import AUDIENCE_PREFIX, ClientKind, audience_urn
from modules.kernel.principal import INTERNAL_SCOPE

SCOPES: Mapping[str, tuple[str, ...]] = {
    "sales": ("orders:read", "orders:write"),
    "product": ("catalogue:read", "catalogue:write", "stock:write"),
    "delivery": ("shipments:read", "shipments:write"),
    "auth": ("auth:admin", "auth:introspect"),
    "ops": ("ops:read", "ops:write"),
}
"""The scopes of each audience that any client may be given."""

INTERNAL_AUDIENCES = frozenset({"sales", "product", "delivery", "auth"})
"""The audiences that have routes for our own services."""

MAX_NAME = 200

# Source: RFC 6749, 3.3.
_TOKENS = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]+(?: [\x21\x23-\x5B\x5D-\x7E]+)*")


class ScopeRefused(Exception):
    """The scope is malformed, or more than the client may have at this audience."""


class TargetRefused(Exception):
    """The client may not have tokens for this resource."""


def belongs(scope: str, audience: str) -> bool:
    """Whether `scope` means something at `audience` (a short word)."""
    return scope in SCOPES[audience] or (scope == INTERNAL_SCOPE and audience in INTERNAL_AUDIENCES)


def audience_for(resource: str | None, allowed: Sequence[str], default: str) -> str:
    """The audience (a short word) that a request is for. Source: RFC 8707, 2.

    Raises:
        TargetRefused: the resource is none of ours, or not one of the client's.
    """
    if resource is None:
        resource = audience_urn(default)
    word = resource.removeprefix(AUDIENCE_PREFIX)
    if audience_urn(word) != resource or word not in allowed:
        raise TargetRefused(word)
    return word


def scopes_for(requested: str | None, allowed: Sequence[str], audience: str) -> tuple[str, ...]:
    """The scopes that a request gets: exactly those it names, or all that the client has at this audience.

    Never fewer than asked for. Source: RFC 6749, 3.3, which leaves narrowing to us.

    Raises:
        ScopeRefused: one is malformed, unknown, not the client's or not of this audience, or there is none at all.
    """
    here = [scope for scope in allowed if belongs(scope, audience)]
    if requested is None:
        wanted = here
    elif _TOKENS.fullmatch(requested):
        wanted = list(dict.fromkeys(requested.split(" ")))
    else:
        wanted = []
    if not wanted or not set(wanted) <= set(here):
        raise ScopeRefused(audience)
    return tuple(wanted)


def client_faults(
    name: str, kind: ClientKind, scopes: Sequence[str], audiences: Sequence[str]
) -> Iterator[dict[str, str]]:
    """Everything that speaks against a client like that, each `{pointer, code, detail}`."""
    if not (0 < len(name) <= MAX_NAME) or not name.isprintable():
        yield _fault("/name", "name", f"A name has 1 to {MAX_NAME} printable characters.")
    if not audiences:
        yield _fault("/audiences", "missing", "Name at least one audience.")
    if not scopes:
        yield _fault("/scopes", "missing", "Name at least one scope.")
    for place, audience in enumerate(audiences):
        yield from _audience_faults(f"/audiences/{place}", audience, scopes)
    for place, scope in enumerate(scopes):
        yield from _scope_faults(f"/scopes/{place}", scope, kind, audiences)


def _audience_faults(pointer: str, audience: str, scopes: Sequence[str]) -> Iterator[dict[str, str]]:
    if audience not in SCOPES:
        yield _fault(pointer, "unknown", f"There is no audience of that name; there are {', '.join(SCOPES)}.")
    elif not any(belongs(scope, audience) for scope in scopes):
        yield _fault(pointer, "without_scope", f"No scope of this client opens anything at {audience}.")


def _scope_faults(pointer: str, scope: str, kind: ClientKind, audiences: Sequence[str]) -> Iterator[dict[str, str]]:
    homes = [audience for audience in SCOPES if belongs(scope, audience)]
    if not homes:
        yield _fault(pointer, "unknown", "There is no scope of that name.")
    elif scope == INTERNAL_SCOPE and kind is not ClientKind.SERVICE:
        yield _fault(pointer, "not_grantable", f"{INTERNAL_SCOPE} is for our own services only.")
    elif not set(homes) & set(audiences):
        yield _fault(pointer, "without_audience", f"{scope} belongs to the audience {' or '.join(homes)}.")


def _fault(pointer: str, code: str, detail: str) -> dict[str, str]:
    return {"pointer": pointer, "code": code, "detail": detail}
