"""What a call between modules means: how it may be repeated, how long it may take, and how it crosses a distance."""

import hashlib
import inspect
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, Concatenate, Generic, NotRequired, ParamSpec, Protocol, TypeVar, get_type_hints

import orjson
from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict

from modules.kernel.errors import (
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

DEFAULT_TIMEOUT_S = 2.0

_F = TypeVar("_F", bound=Callable[..., Any])
_P = ParamSpec("_P")
_R = TypeVar("_R")


class Repeat(StrEnum):
    """What happens when a call is made twice."""

    READ = "read"
    IDEMPOTENT = "idempotent"
    ONCE = "once"


@dataclass(frozen=True, slots=True)
class MethodPolicy:
    """What a port method declares of itself. `key` names what makes a repeat the same call, `raises` its refusals."""

    repeat: Repeat
    key: str | None = None
    timeout_s: float = DEFAULT_TIMEOUT_S
    raises: tuple[type[WaybillError], ...] = ()


def _declare(policy: MethodPolicy) -> Callable[[_F], _F]:
    def mark(method: _F) -> _F:
        method.__policy__ = policy  # type: ignore[attr-defined]  # functions carry attributes, Callable does not say so
        return method

    return mark


def read(*, timeout_s: float = DEFAULT_TIMEOUT_S, raises: tuple[type[WaybillError], ...] = ()) -> Callable[[_F], _F]:
    """Declare a method that changes nothing: it may be repeated at will."""
    return _declare(MethodPolicy(Repeat.READ, None, timeout_s, raises))


def idempotent(
    key: str, *, timeout_s: float = DEFAULT_TIMEOUT_S, raises: tuple[type[WaybillError], ...] = ()
) -> Callable[[_F], _F]:
    """Declare a method whose repeat with the same `key` changes nothing more."""
    return _declare(MethodPolicy(Repeat.IDEMPOTENT, key, timeout_s, raises))


def once(*, timeout_s: float = DEFAULT_TIMEOUT_S, raises: tuple[type[WaybillError], ...] = ()) -> Callable[[_F], _F]:
    """Declare a method that must not be repeated."""
    return _declare(MethodPolicy(Repeat.ONCE, None, timeout_s, raises))


def policies(port: type) -> dict[str, MethodPolicy]:
    """Every method of a port with what it declares.

    Raises:
        TypeError: a public method declares nothing.
    """
    found = {}
    for name in dir(port):
        if name.startswith("_") or not callable(getattr(port, name)):
            continue
        policy = getattr(getattr(port, name), "__policy__", None)
        if policy is None:
            raise TypeError(f"{port.__name__}.{name} does not declare whether it may be repeated")
        found[name] = policy
    return found


_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)


def remaining_s() -> float | None:
    """Seconds left for the work at hand; `None` where nobody waits for it."""
    deadline = _deadline.get()
    return None if deadline is None else deadline - time.monotonic()


@contextmanager
def deadline(timeout_s: float) -> Iterator[float]:
    """Bound the work inside to `timeout_s`, or to what an outer bound leaves; yields the seconds left."""
    outer = _deadline.get()
    end = time.monotonic() + timeout_s
    token = _deadline.set(end if outer is None else min(end, outer))
    try:
        yield max(0.0, remaining_s() or 0.0)
    finally:
        _deadline.reset(token)


class ContractMismatch(NotReached, code="contract_mismatch"):
    """The peer speaks another version of this port: nothing was asked of it. Deploy releases that understand each other."""


class PeerFault(RuntimeError):
    """The peer has a fault of its own in answering this. As with a fault here, whether it took effect is unknown."""


DEADLINE_HEADER = "waybill-deadline-ms"
"""Milliseconds that the caller still waits, when it sends."""

CONTRACT_HEADER = "waybill-contract"
"""What the caller means by the method: whoever means something else refuses, whichever release it is by now."""

RESERVED = frozenset({"type", "title", "status", "detail", "instance", "code", "retryable"})
"""The members of a problem that are not an error's details."""

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
_WIRE = orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z


class Crossing(Generic[_P, _R]):
    """A port method on its way over HTTP: where it is asked for, and how question and answer are written.

    What a reader does not know of either is passed over, so that a newer peer may say more.
    """

    def __init__(
        self,
        method: Callable[Concatenate[Any, _P], Awaitable[_R]],
        verb: str,
        path: str,
        member: str | None,
        each: str | None,
        formerly: tuple[str, ...],
    ) -> None:
        self.name = method.__name__
        self.verb = verb
        self.path = path
        self._method = method
        self._member = member
        self._each = each
        self._formerly = formerly

    @property
    def policy(self) -> MethodPolicy:
        """What the port declares of the method."""
        policy: MethodPolicy = self._method.__policy__  # type: ignore[attr-defined]  # said by its declaration
        return policy

    def question(self, *arguments: _P.args, **named: _P.kwargs) -> dict[str, Any]:
        """The arguments by name."""
        given = dict(zip(self._signature, arguments, strict=False))
        return {**given, **named}

    def read_question(self, document: bytes | Mapping[str, str]) -> dict[str, Any]:
        """The arguments that a body, or the members of a query, holds.

        Raises:
            ValidationError: it does not hold them.
        """
        if isinstance(document, bytes):
            read: dict[str, Any] = self._question.validate_json(document)
        else:
            read = self._question.validate_python(document)
        return read

    def write(self, content: Any) -> bytes:
        """A question's members, or an answer, as JSON."""
        return orjson.dumps(content, default=_plain, option=_WIRE)

    def write_answer(self, answer: Any) -> bytes:
        """An answer as JSON."""
        return self.write(answer if self._member is None else {self._member: answer})

    def read_answer(self, document: bytes, question: Mapping[str, Any]) -> _R:
        """What the peer answered to a question.

        Raises:
            ValueError: it is no answer to this question; says where, and nothing of what it holds.
        """
        try:
            read = self._answer.validate_json(document)
        except ValidationError as error:
            place = error.errors(include_url=False, include_context=False, include_input=False)[0]
            where = "/".join(map(str, place["loc"])) or "all of it"
            raise ValueError(f"{place['type']} at {where}") from None  # what was read may be a secret
        answer: Any = read if self._member is None else read[self._member]
        if self._each is not None and len(answer) != len(question[self._each]):
            raise ValueError(f"{len(answer)} answers for {len(question[self._each])} {self._each}")
        checked: _R = answer
        return checked

    @cached_property
    def contract(self) -> str:
        """A hash over all that both sides must agree on: path, the shapes of question and answer, and error codes."""
        codes = sorted(error.code for error in self.policy.raises)
        shapes = [_shape(adapter.json_schema()) for adapter in (self._question, self._answer)]
        agreed = orjson.dumps([self.verb, self.path, *shapes, codes], option=orjson.OPT_SORT_KEYS)
        return hashlib.sha256(agreed).hexdigest()[:16]

    @property
    def offered(self) -> tuple[str, ...]:
        """The contracts that are served: today's, and those of earlier releases that it still fulfils."""
        return (self.contract, *self._formerly)

    @cached_property
    def _hints(self) -> dict[str, Any]:
        return get_type_hints(self._method, include_extras=True)

    @cached_property
    def _signature(self) -> Mapping[str, Any]:
        parameters = dict(inspect.signature(self._method).parameters)
        parameters.pop("self")
        return parameters

    @cached_property
    def _question(self) -> TypeAdapter[Any]:
        members = {
            name: self._hints[name] if parameter.default is parameter.empty else NotRequired[self._hints[name]]
            for name, parameter in self._signature.items()
        }
        return TypeAdapter(TypedDict("Question", members))  # type: ignore[operator]  # made as the program runs

    @cached_property
    def _answer(self) -> TypeAdapter[Any]:
        answer = self._hints["return"]
        shape = answer if self._member is None else TypedDict("Answer", {self._member: answer})  # type: ignore[operator]
        return TypeAdapter(shape)


def crossing(
    method: Callable[Concatenate[Any, _P], Awaitable[_R]],
    path: str,
    *,
    verb: str = "POST",
    member: str | None = "result",
    each: str | None = None,
    formerly: tuple[str, ...] = (),
) -> Crossing[_P, _R]:
    """How a port method crosses HTTP.

    The answer is `member` of the document, or the document itself; it has one item for each of the argument `each`.
    `formerly` lists contracts of earlier releases that this one still fulfils, so that an older caller may go on
    during an upgrade.
    """
    return Crossing(method, verb, path, member, each, formerly)


class Channel(Protocol):
    """A way to a module that lives in another process."""

    async def call(self, method: Crossing[_P, _R], /, *arguments: _P.args, **named: _P.kwargs) -> _R:
        """The answer of the module, or the error that it answers with: the same class, code and details.

        Raises:
            Unavailable: no answer came, or none that makes sense; the effect is unknown.
            NotReached: nothing was asked of it.
            ContractMismatch: it speaks another version of the port; nothing was asked of it.
            PeerFault: it has a fault of its own.
        """
        ...


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


def _plain(value: object) -> object:
    if isinstance(value, frozenset | set):
        return sorted(value)
    raise TypeError(type(value).__name__)


def _shape(schema: Any) -> Any:
    """A schema without the words that only people read."""
    if isinstance(schema, list):
        return [_shape(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: _shape(part)
        for name, part in schema.items()
        if not (name in {"description", "title"} and isinstance(part, str))
    }
