"""What a call to a port means besides its data, the same near and far: deadline, retries, breaker, metrics, guard."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, TypeVar, cast

import stamina
from loguru import logger
from prometheus_client import Counter

from app.telemetry.metrics import PORT_CALLS, PORT_REPEATS
from modules.kernel import rpc
from modules.kernel.database import in_transaction
from modules.kernel.errors import Contended, DeadlineExceeded, NotReached, Overloaded, Unavailable, WaybillError

_P = TypeVar("_P")

ATTEMPTS = 3
BREAKS_AFTER = 5
REST_S = 1.0
TOO_LITTLE_S = 0.1


stamina.instrumentation.set_on_retry_hooks([])  # a repeat is counted; a line for each would say no more


class CallInTransaction(RuntimeError):
    """A port was called while a database transaction was open: its locks would be held for as long as a peer likes."""


class Breaker:
    """Leaves a peer alone for a second after five calls in a row without an answer."""

    def __init__(self, peer: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._peer = peer
        self._clock = clock
        self._failures = 0
        self._rests_until = 0.0

    def check(self) -> None:
        """Refuse the call while the peer is left alone.

        Raises:
            NotReached: it is; nothing was asked of it.
        """
        if self._clock() < self._rests_until:
            raise NotReached(f"{self._peer} gave no answer five times in a row and is left alone for a second.")

    def answered(self) -> None:
        """Note an answer, whatever it was."""
        self._failures = 0

    def silent(self) -> None:
        """Note that none came."""
        self._failures += 1
        if self._failures >= BREAKS_AFTER:
            self._rests_until = self._clock() + REST_S


class _Policed:
    """A port with its policies around every method."""

    def __init__(self, port: type, target: Any, peer: str, breaker: Breaker, *, strict: bool) -> None:
        for name, policy in rpc.policies(port).items():
            setattr(self, name, _around(getattr(target, name), f"{peer}.{name}", policy, breaker, strict=strict))


def policed(port: type[_P], target: _P, peer: str, *, strict: bool = False, breaker: Breaker | None = None) -> _P:
    """`target` with the meaning that every port call has. `peer` names it in metrics and errors.

    With `strict` a call inside an open transaction raises `CallInTransaction`; otherwise it is logged as an error.
    """
    return cast("_P", _Policed(port, target, peer, breaker or Breaker(peer), strict=strict))


def _around(
    method: Callable[..., Awaitable[Any]], name: str, policy: rpc.MethodPolicy, breaker: Breaker, *, strict: bool
) -> Callable[..., Awaitable[Any]]:
    attempts = 1 if policy.repeat is rpc.Repeat.ONCE else ATTEMPTS
    counted = {
        outcome: PORT_CALLS.labels(name, outcome) for outcome in ("answered", "refused", "unavailable", "failed")
    }

    repeats = PORT_REPEATS.labels(name)

    @wraps(method)
    async def call(*arguments: Any, **named: Any) -> Any:
        _outside_transactions(name, strict=strict)
        began = time.monotonic()
        try:
            with rpc.deadline(policy.timeout_s):
                answer = await _repeated(method, arguments, named, attempts, breaker, repeats)
        except Unavailable:
            counted["unavailable"].observe(time.monotonic() - began)
            raise
        except WaybillError:
            counted["refused"].observe(time.monotonic() - began)
            raise
        except Exception:
            counted["failed"].observe(time.monotonic() - began)  # a bug, there or on the way
            raise
        counted["answered"].observe(time.monotonic() - began)
        return answer

    return call


async def _repeated(
    method: Callable[..., Awaitable[Any]],
    arguments: tuple[Any, ...],
    named: dict[str, Any],
    attempts: int,
    breaker: Breaker,
    repeats: Counter,
) -> Any:
    """Call until it is answered, as often as its policy allows and its deadline leaves."""
    async for attempt in stamina.retry_context(
        on=_worth_repeating, attempts=attempts, timeout=None, wait_initial=0.02, wait_max=0.2, wait_jitter=0.02
    ):
        if attempt.num > 1:
            repeats.inc()
        with attempt:
            breaker.check()
            enough = (rpc.remaining_s() or 0) > TOO_LITTLE_S
            try:
                answer = await _in_time(method, arguments, named)
            except (Contended, Overloaded, rpc.ContractMismatch):  # it said so itself: it is not a silent one
                breaker.answered()
                raise
            except Unavailable:
                if enough:
                    breaker.silent()
                raise
            except WaybillError:
                breaker.answered()
                raise
            breaker.answered()
            return answer
    raise AssertionError("unreachable: the last attempt answers or raises")


def _worth_repeating(error: Exception) -> bool:
    """Whether no answer came, another may come, and there is time for another attempt."""
    again = isinstance(error, Unavailable) and not isinstance(error, rpc.ContractMismatch)
    return again and (rpc.remaining_s() or 0) > 0


async def _in_time(method: Callable[..., Awaitable[Any]], arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
    left_s = rpc.remaining_s() or 0
    if left_s <= 0:
        raise DeadlineExceeded("The time for this call was over before it began.")
    try:
        async with asyncio.timeout(left_s):
            return await method(*arguments, **named)
    except TimeoutError as error:
        raise DeadlineExceeded("No answer in time; whether it took effect is unknown.") from error


def _outside_transactions(name: str, *, strict: bool) -> None:
    module = in_transaction()
    if module is None:
        return
    if strict:
        raise CallInTransaction(f"{name} was called inside a transaction of {module}")
    logger.error("{} was called inside a transaction of {}", name, module)
