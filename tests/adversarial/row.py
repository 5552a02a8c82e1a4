"""Requests that somebody hostile or careless sends: what is sent, the paragraph that speaks of it, what is answered.

In what is sent, `<…>` stands for a value of the running system, and `{…}` in a header for the base64 of what is in it.
Text is sent as latin-1, so every byte can be written.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tests.adversarial.forge import GONE, Forge

FORM = "Content-Type: application/x-www-form-urlencoded"
JSON = "Content-Type: application/json"
BASIC = "Authorization: Basic {<shop>:<secret>}"
OTHER = "Authorization: Basic {<other>:<other secret>}"
SEES_ALL = "Authorization: Basic {<introspector>:<introspector secret>}"
BEARER = "Authorization: Bearer <token>"
GRANT = "grant_type=client_credentials"
BASIC_CHALLENGE = 'Basic realm="waybill", charset="UTF-8"'
GOOD = "a good token"
NO_CREDENTIALS = 'Bearer realm="waybill"'

SERVICES = ("auth", "sales", "delivery", "product")
ROUTES: Mapping[str, tuple[str, str]] = {
    "auth": ("/auth/revocations?after=0", "internal:call"),
    "sales": ("/api/v1/orders", "orders:read"),
    "delivery": ("/api/v1/shipments", "shipments:read"),
    "product": ("/api/v1/products", "catalogue:read"),
}
"""Where each service is asked, and the scope that opens it there."""

Make = Callable[[Any], str]


@dataclass(frozen=True, slots=True)
class Row:
    """A request and its answer. With `make` it carries a token, which `told` describes; `at` says who is asked.

    With `who`, it is that client's assertion.
    """

    name: str
    source: str
    request: str
    status: int
    code: str | None = None
    body: str = ""
    headers: Sequence[str] = (FORM, BASIC)
    chunked: bool = False
    says: Mapping[str, Any] = field(default_factory=dict)
    answers: Mapping[str, str] = field(default_factory=dict)
    at: Sequence[str] = ("auth",)
    make: Make | None = None
    told: str = ""
    who: str = ""

    @property
    def is_form(self) -> bool:
        """Whether it goes to where auth takes forms."""
        return self.request.partition("?")[0] in OAUTH

    @property
    def is_oauth(self) -> bool:
        """Whether it is answered in the words of OAuth, not with a problem."""
        return self.is_form and self.status != PAYLOAD_TOO_LARGE


OAUTH = {"POST /auth/token", "POST /auth/revoke", "POST /auth/introspect"}
PAYLOAD_TOO_LARGE = 413
SHOWN = 100


def said(value: Any) -> str:
    """What a member of a token is, for people."""
    if value is GONE:
        return "is missing"
    if isinstance(value, str) and len(value) > SHOWN:
        return f"has {len(value):,} characters"
    return f"is `{json.dumps(value)}`"


def form(path: str, name: str, source: str, body: str, status: int, code: str | None = None, /, **more: Any) -> Row:
    """A form for one of auth's endpoints, sent by the shop unless `headers` says otherwise."""
    if code == "invalid_client":
        more["answers"] = {"www-authenticate": BASIC_CHALLENGE} | dict(more.get("answers", {}))
    return Row(name, source, f"POST {path}", status, code, body, **more)


token_form = partial(form, "/auth/token")
revoke_form = partial(form, "/auth/revoke")
introspect_form = partial(form, "/auth/introspect")


def carried(name: str, source: str, status: int, code: str | None, headers: Sequence[str], **more: Any) -> Row:
    """A good token, carried to every service in some way."""
    challenge = {"unauthenticated": NO_CREDENTIALS, "invalid_token": 'Bearer realm="waybill", error="invalid_token"'}
    answers = {"www-authenticate": challenge[code]} if code in challenge else {}
    given: dict[str, Any] = {
        "request": "GET <route>",
        "answers": answers,
        "at": SERVICES,
        "make": Forge.good,
        "told": GOOD,
    } | more
    return Row(name, source, status=status, code=code, headers=headers, **given)


def token(name: str, source: str, told: str, make: Make, *, good: bool = False, **more: Any) -> Row:
    """A token that every service takes or refuses."""
    code = None if good else "invalid_token"
    return carried(name, source, 200 if good else 401, code, (BEARER,), make=make, told=told, **more)
