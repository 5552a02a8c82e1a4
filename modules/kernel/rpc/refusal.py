"""How a no, and no answer, come back over a distance."""

from collections.abc import Mapping
from typing import Any

from modules.kernel.errors import (
    RESERVED,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    NotReached,
    PreconditionFailed,
    PreconditionRequired,
    TooMany,
    Unauthenticated,
    Unavailable,
    WaybillError,
)

_KINDS: Mapping[int, type[WaybillError]] = {
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    412: PreconditionFailed,
    428: PreconditionRequired,
    429: TooMany,
}

_REFUSALS = range(400, 500)


class ContractMismatch(NotReached, code="contract_mismatch"):
    """The peer speaks another version of this port: nothing was asked of it. Deploy releases that understand each other."""


class PeerFault(RuntimeError):
    """The peer has a fault of its own in answering this. As with a fault here, whether it took effect is unknown."""


def error_of(status: int, document: Mapping[str, Any]) -> WaybillError:
    """The error that a problem was made from. A code that is not known here becomes its kind, by status.

    Only 4xx says that nothing was changed.
    """
    code = document.get("code")
    kind = WaybillError.registry.get(code) if isinstance(code, str) else None
    details = {name: value for name, value in document.items() if name not in RESERVED}
    detail = document.get("detail")
    other = _KINDS.get(status, Invalid) if status in _REFUSALS else Unavailable
    return (kind or other)(detail if isinstance(detail, str) else None, **details)
