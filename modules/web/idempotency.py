"""`Idempotency-Key`: how a client says that a request is the one that it sent before."""

import re
from typing import Any

from fastapi import Request

from modules.kernel.idempotency import Repeatable, fingerprint
from modules.kernel.principal import Principal
from modules.web.body import invalid

KEY = re.compile(r"[\x20-\x7e]{1,255}")
CONDITIONS = ("if-match", "if-none-match")


def idempotency_key(request: Request) -> str | None:
    """The caller's key.

    Raises:
        Invalid: it is not 1 to 255 printable ASCII characters.
    """
    key = request.headers.get("idempotency-key")
    if key is not None and not KEY.fullmatch(key):
        detail = "1 to 255 printable ASCII characters."
        raise invalid([{"pointer": "/Idempotency-Key", "code": "idempotency_key", "detail": detail}])
    return key


def repeatable(request: Request, principal: Principal, body: Any = None) -> Repeatable | None:
    """The request as one that may be repeated, where it has a key; `body` is what of it was validated."""
    key = idempotency_key(request)
    if key is None:
        return None
    asked = [request.method, request.url.path, body]
    if conditions := {name: request.headers[name].strip() for name in CONDITIONS if name in request.headers}:
        asked.append(conditions)  # a change of another version is another change
    return Repeatable(principal.client_id, key, fingerprint(asked))


def replay(*, replayed: bool) -> dict[str, str]:
    """The header of an answer that was given before."""
    return {"Idempotent-Replayed": "true"} if replayed else {}
