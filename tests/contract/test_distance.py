"""What distance must not change, each with a guard that is taken away in `tests/sabotage`."""

from modules.kernel import rpc
from modules.kernel.errors import NotReached, Unavailable
from tests.contract.abroad import HELLO, Abroad, ended, operator_routes_of, posted, routes_of
from tests.contract.hostile_peer import Line, contract, in_parts, result

QUESTION = b'{"where": "there"}'


async def test_what_may_be_done_once_only_is_asked_once_though_the_answer_is_lost(abroad: Abroad) -> None:
    abroad.peer.told.append(in_parts(then=Line.reset))
    outcome = await ended(abroad.port.policed.show("me"))
    assert len(abroad.peer.asked) == 1, "what may be done once only was done twice"
    assert isinstance(outcome, Unavailable)


async def test_a_call_that_may_have_taken_effect_is_not_said_to_have_none(abroad: Abroad) -> None:
    abroad.peer.told.append(in_parts(then=Line.reset))
    outcome = await ended(abroad.port.raw.show("me"))
    assert abroad.peer.asked
    assert isinstance(outcome, Unavailable)
    assert not isinstance(outcome, NotReached), "what reached the peer is said not to have reached it"


async def test_a_peer_of_another_release_is_asked_nothing(abroad: Abroad) -> None:
    abroad.peer.contract = contract(look=("0123456789abcdef",))
    outcome = await ended(abroad.port.policed.look("there"))
    assert not abroad.peer.asked, "a peer was asked that means something else"
    assert isinstance(outcome, rpc.ContractMismatch)


async def test_a_caller_of_another_release_is_answered_nothing(abroad: Abroad) -> None:
    headers = {**HELLO, rpc.CONTRACT_HEADER: "0123456789abcdef"}
    status = await posted(routes_of(abroad.service), QUESTION, headers)
    assert abroad.service.begun == 0, "a caller was answered that means something else"
    assert status == 503


async def test_no_answer_is_taken_for_another_questions(abroad: Abroad) -> None:
    abroad.peer.told.append(result(["b"]))
    outcome = await ended(abroad.port.raw.put(["a", "b"]))
    assert isinstance(outcome, Unavailable), "one answer was taken for those of two questions"


async def test_nobody_but_our_services_is_answered(abroad: Abroad) -> None:
    status = await posted(routes_of(abroad.service), QUESTION, {})
    assert abroad.service.begun == 0, "a stranger was answered"
    assert status == 401


async def test_no_service_of_ours_does_what_the_operator_does(abroad: Abroad) -> None:
    status = await posted(operator_routes_of(abroad.service), QUESTION, HELLO)
    assert abroad.service.begun == 0, "a service did what the operator does"
    assert status == 401


async def test_no_work_is_begun_that_nobody_waits_for(abroad: Abroad) -> None:
    headers = {**HELLO, rpc.DEADLINE_HEADER: "0"}
    status = await posted(routes_of(abroad.service), QUESTION, headers)
    assert abroad.service.begun == 0, "work was begun that nobody waits for"
    assert status == 503
