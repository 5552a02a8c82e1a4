"""How this system says no, and how it says that it does not know."""

from collections.abc import Mapping
from typing import Any, ClassVar

RESERVED = frozenset({"type", "title", "status", "detail", "instance", "code", "retryable"})
"""The members of a problem that are not an error's details. Source: RFC 9457, 3.1."""


class WaybillError(Exception):
    """Anything a caller is told by name: a stable `code`, a sentence, and JSON-safe `details`.

    Raises:
        TypeError: a detail is called as something that every problem has; it would be lost on its way.
    """

    code: ClassVar[str]
    title: ClassVar[str]
    retryable: ClassVar[bool] = False
    registry: ClassVar[dict[str, type["WaybillError"]]] = {}

    def __init__(self, detail: str | None = None, /, **details: Any) -> None:
        if lost := RESERVED & details.keys():
            raise TypeError(f"{type(self).__name__}: a detail can't be called {' or '.join(sorted(lost))}")
        self.detail = detail or self.title
        self.details: Mapping[str, Any] = details
        super().__init__(self.detail)

    def __init_subclass__(cls, *, code: str | None = None, title: str | None = None) -> None:
        super().__init_subclass__()
        if code is None:
            return
        if code in WaybillError.registry:
            raise TypeError(f"error code {code!r} is taken: codes are never reused")
        cls.code = code
        cls.title = title or (cls.__doc__ or code).strip().split(". ")[0].split(": ")[0].rstrip(".")
        WaybillError.registry[code] = cls


class DomainError(WaybillError):
    """A normal no: the request was understood and refused, and nothing was changed."""


class Invalid(DomainError, code="invalid"):
    """What was sent breaks a rule. `details["errors"]` names each place as `{pointer, code, detail}`."""


class NotFound(DomainError, code="not_found"):
    """There is nothing by that name that the caller may see."""


class Conflict(DomainError, code="conflict"):
    """The request does not fit the present state."""


class PreconditionFailed(DomainError, code="precondition_failed"):
    """The version that the caller changed is not the present one: read again, then repeat."""


class PreconditionRequired(DomainError, code="precondition_required"):
    """This change needs `If-Match` or an `Idempotency-Key`, so that a repeat cannot apply it twice."""


class Forbidden(DomainError, code="forbidden"):
    """The caller is known and may not do this."""


class InsufficientScope(Forbidden, code="insufficient_scope"):
    """The token lacks a scope. `details["scope"]` names it. Source: RFC 6750, 3.1."""


class Unauthenticated(DomainError, code="unauthenticated"):
    """No usable access token came with the request. Source: RFC 6750, 3."""

    challenge: ClassVar[str | None] = None
    """What is wanted, where it is no access token, as `WWW-Authenticate` says it. Source: RFC 9110, 11.6.1."""


class InvalidToken(Unauthenticated, code="invalid_token"):
    """The access token is expired, revoked, malformed, or made for another service. Source: RFC 6750, 3.1."""


class TooMany(DomainError, code="too_many_requests"):
    """The caller asks faster than it may. `details["retry_after_s"]` says when to come back."""

    retryable = True


class Unavailable(WaybillError, code="unavailable"):
    """No answer came: whether the request took effect is unknown, so repeat it with the same key."""

    retryable = True


class NotReached(Unavailable, code="not_reached"):
    """No answer came, and the request certainly had no effect: it may simply be repeated."""


class Contended(NotReached, code="contended"):
    """The database rolled the transaction back because it got in another's way (deadlock, serialization)."""


class Overloaded(NotReached, code="overloaded"):
    """More work is in flight than this process takes on. `details["retry_after_s"]` says when to come back."""


class DeadlineExceeded(Unavailable, code="deadline_exceeded"):
    """The time for this call was over before the answer came."""
