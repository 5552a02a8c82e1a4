"""A peer that answers nonsense, lies, says more than is known, or says no in every way."""

import asyncio
import socket
from collections.abc import Sequence

import pytest

from app.batching import Batcher
from modules.kernel import errors
from modules.kernel.errors import NotReached, Overloaded, TooMany, Unavailable, WaybillError
from modules.kernel.rpc import PeerFault
from tests.contract.hostile_peer import (
    Answer,
    Far,
    HostilePeer,
    Sight,
    document,
    far,
    hostile_peer,
    problem,
    raw,
    result,
)
from tests.contract.served import Badge

HTML = b"<html><body><h1>502 Bad Gateway</h1></body></html>"
NONSENSE = {
    "rubbish": document(b"\x00\xff rubbish"),
    "half a document": document(b'{"result": {"what"'),
    "another shape": result(["there"]),
    "a member too few": result({"how_much": 1}),
    "a member of another type": result({"what": {}, "how_much": "many"}),
    "another document": document(b'{"results": {"what": "there"}}'),
    "a list": document(b"[]"),
    "null": document(b"null"),
    "nothing": document(b""),
    "no content": raw(b"HTTP/1.1 204 No Content\r\n\r\n"),
    "accepted": document(b'{"code": "invalid"}', "202 Accepted"),
    "a redirect": document(b"", "307 Temporary Redirect", "location: http://127.0.0.1:1/elsewhere"),
    "a redirect that says something": document(b'{"code": "conflict"}', "302 Found", "location: /elsewhere"),
    "a gateway's page": document(HTML, "502 Bad Gateway", media_type="text/html"),
    "a gateway's problem": problem(504, code="gateway_timeout"),
    "a page for 404": document(HTML, "404 Not Found", media_type="text/html"),
    "a problem without a code": problem(409, title="Conflict", status=409),
    "a code that is none": problem(409, code=["conflict"]),
    "a list for a problem": document(b'["conflict"]', "409 Conflict"),
    "a word for a problem": document(b'"conflict"', "409 Conflict"),
    "a server's error of another kind": problem(507, code="full"),
    "no HTTP": raw(b"SSH-2.0-OpenSSH_9.9\r\n\r\n"),
    "a status that is none": raw(b"HTTP/1.1 abc What\r\n\r\n"),
    "a length that is none": raw(b"HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\n"),
    "less than its length": raw(b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{}"),
    "parts that are none": raw(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n"),
    "packed badly": document(b"not packed", "200 OK", "content-encoding: gzip"),
    "a long head": raw(b"HTTP/1.1 200 OK\r\nx: " + b"x" * 100_000 + b"\r\n\r\n"),
}


# nonsense


@pytest.mark.parametrize("nonsense", NONSENSE.values(), ids=NONSENSE)
async def test_nonsense_is_no_answer_and_leaves_it_open_whether_the_call_took_effect(
    port: Far, peer: HostilePeer, nonsense: Answer
) -> None:
    peer.told.append(nonsense)
    with pytest.raises(Unavailable) as raised:
        await port.raw.look("there")
    assert not isinstance(raised.value, NotReached)
    assert port.peer.trouble
    assert len(peer.asked) == 1
    assert await port.raw.look("there") == Sight("there")
    assert port.peer.trouble is None


async def test_a_redirect_is_not_followed(port: Far, peer: HostilePeer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        url = f"http://127.0.0.1:{elsewhere.getsockname()[1]}/internal/peer/look"
        peer.told.append(document(b"", "307 Temporary Redirect", f"location: {url}"))
        with pytest.raises(Unavailable, match="status 307"):
            await port.raw.look("there")
        elsewhere.setblocking(False)
        with pytest.raises(BlockingIOError):
            elsewhere.accept()


@pytest.mark.parametrize("answers", [[], ["a"], ["a", "b", "c"]], ids=len)
async def test_answers_to_another_number_of_questions_are_no_answer(
    port: Far, peer: HostilePeer, answers: Sequence[str]
) -> None:
    peer.told.append(result(answers))
    with pytest.raises(Unavailable, match=f"{len(answers)} answers for 2 keys"):
        await port.raw.put(["a", "b"])
    assert await port.raw.put(["a", "b"]) == ["a", "b"]
    assert await port.raw.put([]) == []


async def test_what_is_not_known_of_an_answer_is_passed_over(port: Far, peer: HostilePeer) -> None:
    peer.told.append(document(b'{"result": {"what": "there", "smell": ["new"]}, "took_ms": 5}'))
    assert await port.raw.look("there") == Sight("there")


# no


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.Invalid),
        (403, errors.Forbidden),
        (404, errors.NotFound),
        (409, errors.Conflict),
        (412, errors.PreconditionFailed),
        (418, errors.Invalid),
        (422, errors.Invalid),
        (428, errors.PreconditionRequired),
        (429, errors.TooMany),
        (503, errors.Unavailable),
    ],
)
async def test_an_error_that_is_not_known_yet_becomes_its_kind_and_keeps_its_details(
    port: Far, peer: HostilePeer, status: int, kind: type[WaybillError]
) -> None:
    peer.told.append(problem(status, code="peer.of_the_future", detail="Not on Sundays.", status=status, days=[7]))
    with pytest.raises(kind) as raised:
        await port.raw.look("there")
    assert type(raised.value) is kind
    assert (raised.value.detail, raised.value.details) == ("Not on Sundays.", {"days": [7]})
    assert port.peer.trouble is None  # it has answered
    assert peer.contracts_told == 1


async def test_an_error_whose_members_are_odd_is_still_the_error(port: Far, peer: HostilePeer) -> None:
    peer.told.append(problem(409, code="conflict", detail={"no": "sentence"}, self=1, details="none", errors=None))
    with pytest.raises(errors.Conflict) as raised:
        await port.raw.look("there")
    assert raised.value.detail == errors.Conflict.title
    assert raised.value.details == {"self": 1, "details": "none", "errors": None}


@pytest.mark.parametrize(
    ("status", "code", "kind"), [(429, "too_many_requests", TooMany), (503, "overloaded", Overloaded)]
)
async def test_a_peer_that_is_busy_says_when_to_come_back_and_is_asked_no_more_than_that(
    port: Far, peer: HostilePeer, status: int, code: str, kind: type[WaybillError]
) -> None:
    peer.told.append(problem(status, code=code, retry_after_s=7))
    with pytest.raises(kind) as raised:
        await port.policed.show("me")
    assert raised.value.details == {"retry_after_s": 7}
    assert (await port.policed.show("me"), port.peer.trouble, peer.contracts_told) == ("me", None, 1)


async def test_a_fault_there_is_a_fault_here_and_names_the_line_of_its_log(port: Far, peer: HostilePeer) -> None:
    peer.told.append(problem(500, code="internal", request_id="r-1"))
    with pytest.raises(PeerFault, match=r"peer\.look failed there; its log has it under request r-1"):
        await port.policed.look("there")
    assert len(peer.asked) == 1  # a bug is not repeated


async def test_a_fault_over_one_item_of_a_batch_is_not_its_neighbours(port: Far, peer: HostilePeer) -> None:
    fault = problem(500, code="internal")
    peer.told.extend([fault, result(["good"]), fault, result(["fine"])])
    each = Batcher(port.policed.put)
    good, bad, fine = await asyncio.gather(*map(each, ("good", "bad", "fine")), return_exceptions=True)
    assert (good, type(bad), fine) == ("good", PeerFault, "fine")
    asked = [asked.question["keys"] for asked in peer.asked]
    assert asked == [["good", "bad", "fine"], ["good"], ["bad"], ["fine"]]


# who we are


class Renewing(Badge):
    """Shows another token each time that one was forgotten."""

    def __init__(self) -> None:
        super().__init__("token-0")

    def forget(self, audience: str, refused: str) -> None:
        assert refused == self.shown
        super().forget(audience, refused)
        self.shown = f"token-{self.forgotten}"


NOT_ADMITTED = {
    "a token that is no good": problem(401, code="invalid_token"),
    "no token": problem(401, code="unauthenticated"),
    "401 of another kind": problem(401, code="peer.strange"),
    "a page for 401": document(HTML, "401 Unauthorized", media_type="text/html"),
    "a scope too few": problem(403, code="insufficient_scope"),
    "forbidden": problem(403, code="forbidden"),
}


@pytest.mark.parametrize("refusal", NOT_ADMITTED.values(), ids=NOT_ADMITTED)
async def test_who_is_not_admitted_gets_one_new_token_and_then_nothing_was_asked(refusal: Answer) -> None:
    async with hostile_peer() as peer, far(peer.url, identity := Renewing()) as port:
        peer.told.append(refusal)
        assert await port.raw.show("me") == "me"
        assert [asked.headers["authorization"] for asked in peer.asked] == ["Bearer token-0", "Bearer token-1"]
        peer.told.extend([refusal, refusal])
        with pytest.raises(NotReached, match="peer does not admit this service") as raised:
            await port.raw.show("me")
        assert identity.forgotten == 2
        assert len(peer.asked) == 4
        assert port.peer.trouble == str(raised.value).removesuffix(".")
