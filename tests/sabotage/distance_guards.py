"""What keeps a call over a distance the call that it is nearby, taken away one at a time."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from app import calls
from app.rpc import Peer
from app.rpc import peer as rpc_peer
from modules.kernel import rpc
from modules.kernel.errors import NotReached, Unavailable
from modules.kernel.principal import INTERNAL_SCOPE
from modules.web import internal
from modules.web.security import Guard as DoorGuard
from tests.contract import test_distance as promises
from tests.contract.abroad import Abroad
from tests.contract.hostile_peer import PUT
from tests.sabotage.guards import Guard, guard

DISTANCE: list[Guard[Abroad]] = []


@guard(
    DISTANCE,
    "P3",
    "what is declared `once` is asked once",
    test=promises.test_what_may_be_done_once_only_is_asked_once_though_the_answer_is_lost,
    red="what may be done once only was done twice",
)
async def repeat_everything(abroad: Abroad, patch: pytest.MonkeyPatch) -> None:
    """Whatever gets no answer is repeated."""
    around = calls._around

    def forgetful(method: Any, name: str, policy: rpc.MethodPolicy, breaker: calls.Breaker, *, strict: bool) -> Any:
        return around(method, name, replace(policy, repeat=rpc.Repeat.IDEMPOTENT), breaker, strict=strict)

    patch.setattr(calls, "_around", forgetful)
    abroad.police()


@guard(
    DISTANCE,
    "P3",
    "only a connection that was never made means *not reached*",
    test=promises.test_a_call_that_may_have_taken_effect_is_not_said_to_have_none,
    red="what reached the peer is said not to have reached it",
)
async def trust_the_transport(_abroad: Abroad, patch: pytest.MonkeyPatch) -> None:
    """The transport is believed, which calls a connection that was lost one that could not be made in time."""

    def naive(module: str, error: Exception) -> Unavailable:
        unmade = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
        return NotReached(f"{module} gives no answer.") if unmade else Unavailable(f"{module} gives no answer.")

    patch.setattr(rpc_peer, "_unreached", naive)


@guard(
    DISTANCE,
    "P4",
    "the caller looks at the contract first",
    test=promises.test_a_peer_of_another_release_is_asked_nothing,
    red="a peer was asked that means something else",
)
async def agree_with_everybody(_abroad: Abroad, patch: pytest.MonkeyPatch) -> None:
    """Every peer is taken for one of the same release."""

    async def agree(_peer: Peer, _method: rpc.Crossing[..., Any]) -> None: ...

    patch.setattr(Peer, "agree", agree)


@guard(
    DISTANCE,
    "P4",
    "the callee looks at the contract that the caller means",
    test=promises.test_a_caller_of_another_release_is_answered_nothing,
    red="a caller was answered that means something else",
)
async def answer_everybody(_abroad: Abroad, patch: pytest.MonkeyPatch) -> None:
    """What a caller means is not looked at: it has looked itself, when it connected."""
    patch.setattr(internal, "same_contract", lambda _request, _crossing: None)


@guard(
    DISTANCE,
    "P3",
    "a batch has an answer for each question",
    test=promises.test_no_answer_is_taken_for_another_questions,
    red="one answer was taken for those of two questions",
)
async def count_nothing(_abroad: Abroad, patch: pytest.MonkeyPatch) -> None:
    """Answers are not counted."""
    patch.setattr(PUT, "_each", None)


@guard(
    DISTANCE,
    "P5",
    "an identity at `/internal`",
    test=promises.test_nobody_but_our_services_is_answered,
    red="a stranger was answered",
)
async def open_door(_abroad: Abroad, patch: pytest.MonkeyPatch) -> None:
    """Whoever reaches the network is taken for one of ours."""
    patch.setattr(DoorGuard, "__call__", lambda *_arguments, **_named: None)


@guard(
    DISTANCE,
    "P5",
    "an audience of their own for operators",
    test=promises.test_no_service_of_ours_does_what_the_operator_does,
    red="a service did what the operator does",
)
async def one_audience(_abroad: Abroad, patch: pytest.MonkeyPatch) -> None:
    """What the operator does is open to what opens everything else under `/internal`."""
    patch.setattr(internal, "OPERATOR_AUDIENCE", "peer")
    patch.setattr(internal, "READS", INTERNAL_SCOPE)


@guard(
    DISTANCE,
    "P6",
    "no work when its time is over",
    test=promises.test_no_work_is_begun_that_nobody_waits_for,
    red="work was begun that nobody waits for",
)
async def work_anyway(_abroad: Abroad, patch: pytest.MonkeyPatch) -> None:
    """The deadline that the caller sends is not read."""

    async def untimed(_request: object, work: Callable[[], Awaitable[Any]]) -> Any:
        return await work()

    patch.setattr(internal, "in_time", untimed)
