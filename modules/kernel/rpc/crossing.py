"""Port methods on their way over HTTP."""

import hashlib
import inspect
from collections.abc import Awaitable, Callable, Mapping
from functools import cached_property
from typing import Any, Concatenate, Generic, NotRequired, ParamSpec, Protocol, TypeVar, get_type_hints

import orjson
from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict

from modules.kernel.rpc.policy import MethodPolicy

_P = ParamSpec("_P")
_R = TypeVar("_R")

DEADLINE_HEADER = "waybill-deadline-ms"
"""Milliseconds that the caller still waits, when it sends."""

CONTRACT_HEADER = "waybill-contract"
"""What the caller means by the method: whoever means something else refuses, whichever release it is by now."""

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
