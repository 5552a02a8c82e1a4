"""The walk: a stranger tries every door with all that it knows of the first customer, and comes back with nothing."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import httpx

from app.operator import Operator
from modules.auth.model.scope import SCOPES
from tests.system.bad import NOWHERE
from tests.system.foreign import BODY, EVERYTHING, KEY, OTHER_BODY, Owner, settled_in
from tests.system.foreign_ways import FORM, Way, ways, ways_within
from tests.system.parties import CATALOGUE, Party, admit

WALKED_WITHIN_S = 120.0
VOLATILE = frozenset({"date", "x-request-id", "content-length", "ratelimit"})
FRAMES = 2  # of a stream; it may have no end


@dataclass(frozen=True)
class Grounds:
    """The services, the owner, and the stranger, with tokens of every kind."""

    services: Mapping[str, httpx.AsyncClient]
    owner: Owner
    stranger: Party
    ways: Sequence[Way]
    operator: Operator
    tokens: dict[tuple[str, str], str] = field(default_factory=dict, repr=False)
    """By audience and scopes."""

    async def token(self, audience: str, scopes: str) -> str:
        """A token of somebody who has nothing, for a service and with these scopes."""
        key = (audience, scopes)
        if key not in self.tokens:
            party = await admit(self.operator, self.services["auth"], f"{audience} {scopes}", audience, scopes)
            self.tokens[key] = party.token
        return self.tokens[key]


async def grounds(operator: Operator, services: Mapping[str, httpx.AsyncClient]) -> Grounds:
    """Everybody settled in; the stranger has an order from before the owner's, and one from after."""
    await operator.product.import_products("test", CATALOGUE)
    at, auth = services["sales"], services["auth"]
    stranger = await admit(operator, auth, "stranger", "sales", EVERYTHING["sales"], at=at)
    (await stranger.ask("POST", "/api/v1/orders", json=OTHER_BODY)).raise_for_status()
    owner = await settled_in(operator, services)
    (await stranger.ask("POST", "/api/v1/orders", json=OTHER_BODY)).raise_for_status()
    return Grounds(services, owner, stranger, await ways(services), operator)


async def the_walk(there: Grounds) -> None:
    """All doors, with every kind of token; and the owner finds everything as it was."""
    async with asyncio.timeout(WALKED_WITHIN_S):
        before = await _seen_by_the_owner(there)
        for way in there.ways:
            await _walked(there, way)
        await _walked_within(there)
        await _given_in(there)
        await _placed_under_the_owners_key(there)
        assert await _seen_by_the_owner(there) == before, "a stranger changed something of the owner's"


async def _walked(there: Grounds, way: Way) -> None:
    if way.audience is not None:
        await _with_foreign_tokens(there, way)
    elif way.takes != FORM:  # credentials open these
        await _open(there, way)
    if way.audience == "sales":
        await _as_another_customer(there, way)


async def _open(there: Grounds, way: Way) -> None:
    """What everybody may read, or what is let in by something else than a token: nothing of the owner is in it."""
    path = way.at(there.owner.places)
    answer = await _asked(there, way, path, there.stranger.token, {}, {}, {} if way.takes else None)
    _tells_nothing(there, answer, f"{way} tells everybody")


async def _with_foreign_tokens(there: Grounds, way: Way) -> None:
    """Without a token and with one for another service 401, without the scope 403."""
    assert way.audience
    path = way.at(there.owner.places)
    body: Any = {} if way.takes else None
    for audience, scopes in SCOPES.items():
        if audience != way.audience:
            token = await there.token(audience, " ".join(scopes))
            answer = await _asked(there, way, path, token, {}, {}, body)
            assert answer.status_code == 401, f"{way} lets in a token for {audience}: {answer.status_code}"
            _tells_nothing(there, answer, f"{way} tells a token for {audience}")
    answer = await _asked(there, way, path, None, {}, {}, body)
    assert answer.status_code == 401, f"{way} lets in somebody without a token: {answer.status_code}"
    fewer = " ".join(scope for scope in SCOPES[way.audience] if scope != way.scope)
    answer = await _asked(there, way, path, await there.token(way.audience, fewer), {}, {}, body)
    assert answer.status_code == 403, f"{way} lets in a token without {way.scope}: {answer.status_code}"
    _tells_nothing(there, answer, f"{way} tells a token without {way.scope}")


async def _as_another_customer(there: Grounds, way: Way) -> None:
    """With all rights of a customer, and everything that the owner ever got in an answer."""
    nowhere = dict.fromkeys(there.owner.places, NOWHERE)
    for query in way.asked(there.owner):
        for what, headers in there.owner.headers.items():
            said = f"{way} asked by another customer for {dict(query)} with {what}"
            path = way.at(there.owner.places)
            answer = await _asked(there, way, path, there.stranger.token, query, headers, way.body())
            assert answer.status_code < 500, f"{said}: {answer.status_code} {answer.text}"
            assert answer.status_code != 304, f"{said}: it learns that this is the true version"
            assert "idempotent-replayed" not in answer.headers, f"{said}: it learns that this key was used"
            _tells_nothing(there, answer, said)
            if way.is_ones_own:
                assert answer.status_code == 404, f"{said}: {answer.status_code} instead of 404"
                gone = await _asked(there, way, way.at(nowhere), there.stranger.token, query, headers, way.body())
                assert _plain(answer) == _plain(gone), f"{said}: it learns that this is somebody's"


async def _walked_within(there: Grounds) -> None:
    """What our own services call of each other opens to no client's token."""
    for service, method, path in ways_within():
        for audience, scopes in SCOPES.items():
            if audience == "ops" or path == "/availability":
                continue  # theirs, which is the operator's, and a cataloguer's
            token = await there.token(audience, " ".join(scopes))
            json: Any = {} if method == "POST" else None
            answer = await there.services[service].request(method, path, headers=_bearer(token), json=json)
            assert answer.status_code in {401, 403}, f"{method} {path} lets in {audience}: {answer.status_code}"
            _tells_nothing(there, answer, f"{method} {path} tells {audience}")


async def _given_in(there: Grounds) -> None:
    """The owner's tokens are worth nothing to the stranger at the token service, and stay what they are."""
    owner, mine = there.owner.party, (there.stranger.client_id, there.stranger.client_secret)
    forms = [way for way in there.ways if way.takes == FORM]
    for way in forms:
        for token in (owner.token, owner.refresh_token):
            form = {"token": token, "grant_type": "refresh_token", "refresh_token": token}
            answer = await there.services["auth"].request(way.method, way.path, data=form, auth=mine)
            if answer.is_success:
                assert answer.json() == {"active": False}, f"{way} tells of another's token: {answer.text}"
            _tells_nothing(there, answer, f"{way} tells of another's token")
    form = {"token": owner.token}
    told = await there.services["auth"].post("/auth/introspect", data=form, auth=(owner.client_id, owner.client_secret))
    assert told.json()["active"] is True, "a stranger ended the owner's token"


async def _placed_under_the_owners_key(there: Grounds) -> None:
    """The owner's very request, key and all, is the stranger's own order; its list has nobody else's."""
    answer = await there.stranger.ask("POST", "/api/v1/orders", json=BODY, headers={"Idempotency-Key": KEY})
    assert (answer.status_code, answer.json()["code"]) == (422, "sales.idempotency_key_reused"), answer.text
    fresh = await admit(there.operator, there.services["auth"], "second stranger", "sales", EVERYTHING["sales"])
    fresh = Party(there.services["sales"], fresh.client_id, fresh.client_secret, fresh.token, fresh.refresh_token)
    mine = await fresh.ask("POST", "/api/v1/orders", json=BODY, headers={"Idempotency-Key": KEY})
    assert (mine.status_code, "idempotent-replayed" in mine.headers) == (201, False), mine.text
    assert mine.json()["id"] != there.owner.order_id
    listed = (await fresh.ask("GET", "/api/v1/orders", params={"cursor": there.owner.cursor})).json()["items"]
    assert listed == [], "a list goes on with another's orders behind another's cursor"
    listed = (await fresh.ask("GET", "/api/v1/orders")).json()["items"]
    assert [one["id"] for one in listed] == [mine.json()["id"]], "a list has another's orders"


async def _seen_by_the_owner(there: Grounds) -> list[tuple[str, Any]]:
    paths = [f"/api/v1/orders/{there.owner.order_id}{what}" for what in ("", "/history", "/transitions")]
    answers = [await there.owner.party.ask("GET", path) for path in [*paths, "/api/v1/orders"]]
    return [(one.headers.get("etag", ""), one.json()) for one in answers]


async def _asked(
    there: Grounds,
    way: Way,
    path: str,
    token: str | None,
    query: Mapping[str, str],
    headers: Mapping[str, str],
    body: Any,
) -> httpx.Response:
    """An answer, or the beginning of one that may have no end."""
    http = there.services[way.service]
    sent = {**headers, **({} if token is None else _bearer(token))}
    asking = http.stream(way.method, path, params=dict(query), headers=sent, json=body)
    async with asking as answer:
        if not answer.headers.get("content-type", "").startswith("text/event-stream"):
            await answer.aread()
            return answer
        seen, chunks = b"", answer.aiter_raw()
        for _ in range(FRAMES):
            seen += await anext(chunks, b"")
        return httpx.Response(answer.status_code, headers=answer.headers, content=seen, request=answer.request)


def _tells_nothing(there: Grounds, answer: httpx.Response, said: str) -> None:
    """Nothing of the owner's is in an answer, but for what the stranger itself has said."""
    asked = f"{unquote(str(answer.request.url))} {answer.request.headers} {answer.request.read().decode()}"
    told = f"{answer.headers} {unquote(answer.text)}"
    leaked = [secret for secret in there.owner.secrets if secret in told and secret not in asked]
    assert not leaked, f"{said} of the owner: {leaked} in {told}"


def _plain(answer: httpx.Response) -> tuple[int, Mapping[str, str], str]:
    """An answer without what it repeats of the request, and without what differs every time."""
    headers = {name: value for name, value in answer.headers.items() if name not in VOLATILE}
    text = answer.text
    for said in _places(answer.request):
        text = text.replace(said, "…")
    return answer.status_code, headers, text


def _places(request: httpx.Request) -> Iterator[str]:
    yield from (piece for piece in request.url.path.split("/") if len(piece) == len(NOWHERE))


def _bearer(token: str) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {token}"}
