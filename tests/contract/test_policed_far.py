"""What a call means besides its data, when it goes a distance: repeats, deadline, trace, bytes, breaker."""

import pytest
from prometheus_client import REGISTRY

from app.calls import ATTEMPTS, BREAKS_AFTER
from app.identity import Identity
from app.service_key import new_service_key
from app.telemetry.logs import request_id
from modules.kernel import rpc
from modules.kernel.errors import Conflict, DeadlineExceeded, NotReached, Unavailable
from modules.kernel.events import traceparent
from tests.contract.hostile_peer import Asked, Far, HostilePeer, Line, Sight, far, in_parts, problem

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"
LOST = in_parts(then=Line.reset)


def counted(method: str, direction: str) -> float:
    labels = {"method": f"peer.{method}", "direction": direction}
    return REGISTRY.get_sample_value("waybill_port_bytes_total", labels) or 0.0


def span_of(asked: Asked) -> tuple[str, str]:
    """The trace that a question belongs to, and the span of the caller."""
    version, trace, span, flags = asked.headers["traceparent"].split("-")
    assert (version, len(trace), len(span), len(flags)) == ("00", 32, 16, 2)
    return trace, span


# repeats


async def test_a_read_is_asked_three_times_at_most_with_less_and_less_time(port: Far, peer: HostilePeer) -> None:
    peer.told.extend([LOST, LOST])
    assert await port.policed.look("there") == Sight("there")
    times = [asked.deadline_ms for asked in peer.asked]
    assert len(times) == ATTEMPTS == 3
    assert 2000 >= times[0] > times[1] > times[2] > 0
    peer.told.extend([LOST] * 3)
    with pytest.raises(Unavailable):
        await port.policed.look("there")
    assert len(peer.asked) == 6


async def test_an_idempotent_call_is_repeated_with_the_same_question(port: Far, peer: HostilePeer) -> None:
    peer.told.append(LOST)
    assert await port.policed.put(["a", "b"]) == ["a", "b"]
    assert [asked.question for asked in peer.asked] == [{"keys": ["a", "b"]}] * 2


@pytest.mark.parametrize("lost", [LOST, problem(503, code="unavailable"), problem(503, code="contended")])
async def test_what_may_be_done_once_only_is_asked_once(port: Far, peer: HostilePeer, lost: object) -> None:
    peer.told.append(lost)  # type: ignore[arg-type]
    with pytest.raises(Unavailable):
        await port.policed.show("me")
    assert len(peer.asked) == 1


async def test_a_no_is_not_repeated(port: Far, peer: HostilePeer) -> None:
    peer.told.append(problem(409, code="conflict"))
    with pytest.raises(Conflict):
        await port.policed.look("there")
    assert len(peer.asked) == 1


async def test_all_attempts_together_have_the_time_of_one_call(port: Far, peer: HostilePeer) -> None:
    await port.policed.look("there")
    peer.told.extend([LOST, in_parts(then=Line.gone)])
    with rpc.deadline(0.5), pytest.raises(DeadlineExceeded):
        await port.policed.look("there")
    assert 500 >= peer.asked[1].deadline_ms > peer.asked[2].deadline_ms > 0
    assert len(peer.asked) == 3


async def test_nothing_is_asked_when_the_time_is_over(port: Far, peer: HostilePeer) -> None:
    with rpc.deadline(0), pytest.raises(DeadlineExceeded):
        await port.policed.look("there")
    assert (peer.connections, peer.asked) == (0, [])


# what goes along


async def test_the_trace_and_the_request_go_along_and_every_attempt_is_a_span_of_its_own(
    port: Far, peer: HostilePeer
) -> None:
    trace, request = traceparent.set(f"00-{TRACE}-{SPAN}-01"), request_id.set("r-1")
    try:
        peer.told.append(LOST)
        await port.policed.look("there")
    finally:
        traceparent.reset(trace)
        request_id.reset(request)
    spans = [span_of(asked) for asked in peer.asked]
    assert {name for name, _ in spans} == {TRACE}
    assert len({SPAN, *(span for _, span in spans)}) == 3
    assert all(asked.headers["traceparent"].endswith("-01") for asked in peer.asked)
    assert {asked.headers["x-request-id"] for asked in peer.asked} == {"r-1"}


async def test_a_call_that_belongs_to_no_trace_begins_one(port: Far, peer: HostilePeer) -> None:
    for _ in range(2):
        await port.policed.look("there")
    (one, _), (other, _) = map(span_of, peer.asked)
    assert one != other
    assert "x-request-id" not in peer.asked[0].headers


async def test_every_byte_of_question_and_answer_is_counted(port: Far, peer: HostilePeer) -> None:
    sent, received = counted("put", "sent"), counted("put", "received")
    assert await port.policed.put(["a", "é"]) == ["a", "é"]
    assert counted("put", "sent") - sent == len(peer.asked[0].body) == len('{"keys":["a","é"]}'.encode())
    assert counted("put", "received") - received == len('{"result":["a","é"]}'.encode())


# a peer that is left alone


async def test_after_five_silent_calls_in_a_row_a_peer_is_left_alone(port: Far, peer: HostilePeer) -> None:
    peer.told.extend([LOST] * BREAKS_AFTER)
    for _ in range(BREAKS_AFTER):
        with pytest.raises(Unavailable, match="gives no answer"):
            await port.policed.show("me")
    connections = peer.connections
    with pytest.raises(NotReached, match="left alone"):
        await port.policed.look("there")
    assert (len(peer.asked), peer.connections) == (BREAKS_AFTER, connections)


async def test_a_no_in_between_is_an_answer_and_keeps_the_peer_in_use(port: Far, peer: HostilePeer) -> None:
    peer.told.extend([LOST] * 4 + [problem(409, code="conflict")] + [LOST] * 4)
    for expected in [Unavailable] * 4 + [Conflict] + [Unavailable] * 4:
        with pytest.raises(expected):
            await port.policed.show("me")
    assert await port.policed.show("me") == "me"


async def test_where_auth_gives_no_token_the_peer_is_not_to_blame(peer: HostilePeer) -> None:
    async with far(peer.url, Identity("peer", new_service_key(), "http://127.0.0.1:1", "http://127.0.0.1:1")) as port:
        with pytest.raises(NotReached, match="Auth gives no token"):
            await port.policed.show("me")
        assert port.peer.trouble == "Auth gives no token (ConnectError)"
        assert (peer.asked, peer.contracts_told) == ([], 1)
