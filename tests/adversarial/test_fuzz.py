"""Whatever is sent to auth, or as an access token, the answer is one that OAuth has, never a fault of ours."""

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modules.auth.model.assertion import ASSERTION_TYPE
from tests.adversarial.forge import Forge, Oath, changed
from tests.adversarial.fuzzed import ENDPOINTS, Target, is_fine, target
from tests.conftest import Postgres
from tests.integration.http_world import databases_of
from tests.integration.test_http_fuzz import HEADER

EXAMPLES = settings(max_examples=60)
TEXT = st.text(st.characters(codec="utf-8"), max_size=30)
# JSON can spell what nothing else can: lone surrogates.
ANY_TEXT = st.sampled_from(["\ud800", "a\x00b", "\ufeff"]) | st.text(st.characters(), max_size=20)
ATOMS = st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT
JSON = ATOMS | st.lists(ATOMS, max_size=3) | st.dictionaries(ANY_TEXT, ATOMS, max_size=3)
GRANTS = st.sampled_from(["client_credentials", "refresh_token", "password"])
PARAMETERS = {
    "grant_type": GRANTS | TEXT,
    "scope": st.sampled_from(["orders:read", "orders:read orders:write"]) | TEXT,
    "resource": st.sampled_from(["urn:waybill:sales", "urn:waybill:ops"]) | TEXT,
    "refresh_token": TEXT.map("wbr_".__add__) | TEXT,
    "token": TEXT.map("wbr_".__add__) | TEXT,
    "token_type_hint": st.sampled_from(["access_token", "refresh_token"]) | TEXT,
    "client_id": TEXT,
    "client_secret": TEXT,
    "client_assertion": TEXT,
    "client_assertion_type": st.just(ASSERTION_TYPE) | TEXT,
}
# One or two at a time, or whatever is looked at first hides the others.
HEADS = st.dictionaries(st.sampled_from(["typ", "kid", "alg", "x"]), JSON, max_size=1)
CLAIMS = st.dictionaries(
    st.sampled_from(["iss", "sub", "aud", "exp", "iat", "nbf", "jti", "x"]), ANY_TEXT | JSON, max_size=2
)
OURS = st.dictionaries(
    st.sampled_from(["client_id", "scope", "fid", "gen", "sub", "jti", "exp"]), ANY_TEXT | JSON, max_size=2
)


@pytest.fixture(scope="module")
async def auth(postgres: Postgres) -> AsyncIterator[Target]:
    dsns = databases_of(postgres)
    async with target(dsns) as made:
        yield made
    for dsn in dsns.values():
        postgres.drop(dsn)


def _credentials(auth: Target) -> Mapping[str, str]:
    return {"client_id": auth.client, "client_secret": auth.secret}


@pytest.mark.parametrize("path", ENDPOINTS)
@EXAMPLES
@given(content=st.binary(max_size=200))
async def test_no_bytes_are_a_fault(auth: Target, path: str, content: bytes) -> None:
    answer = await auth.post(path, content)

    assert is_fine(answer), answer.text


@pytest.mark.parametrize("path", ENDPOINTS)
@EXAMPLES
@given(form=st.fixed_dictionaries({}, optional=PARAMETERS), known=st.booleans())
async def test_no_form_is_a_fault(auth: Target, path: str, form: Mapping[str, str], known: bool) -> None:  # noqa: FBT001
    content = urlencode({**form, **(_credentials(auth) if known else {})}).encode()

    answer = await auth.post(path, content)

    assert is_fine(answer), answer.text


@pytest.mark.parametrize("path", ENDPOINTS)
@EXAMPLES
@given(pairs=st.lists(st.tuples(st.sampled_from(list(PARAMETERS)), TEXT), max_size=6))
async def test_no_parameter_given_twice_is_a_fault(auth: Target, path: str, pairs: list[tuple[str, str]]) -> None:
    names = [name for name, _ in pairs]
    content = "&".join(f"{name}={quote(value)}" for name, value in pairs).encode()

    answer = await auth.post(path, content)

    assert is_fine(answer), answer.text
    assert len(set(names)) == len(names) or answer.status_code == 400


@pytest.mark.parametrize("path", ENDPOINTS)
@EXAMPLES
@given(authorization=HEADER | HEADER.map(b"Basic ".__add__), media_type=HEADER)
async def test_no_header_is_a_fault(auth: Target, path: str, authorization: bytes, media_type: bytes) -> None:
    content = urlencode({"grant_type": "client_credentials", "token": "x"}).encode()

    answers = [
        await auth.post(path, content, {b"Authorization": authorization}),
        await auth.post(path, content, {}, media_type),
    ]

    assert all(map(is_fine, answers)), [answer.text for answer in answers]
    assert answers[0].status_code == 401


@settings(max_examples=200)
@given(claims=CLAIMS, header=HEADS)
async def test_no_assertion_is_a_fault(auth: Target, claims: Mapping[str, Any], header: Mapping[str, Any]) -> None:
    oath = auth.oath()
    assertion = oath.signed(changed(oath.claims, claims), changed(oath.header, header))
    form = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}

    answer = await auth.post("/auth/token", urlencode(form).encode())

    assert is_fine(answer), answer.text


@EXAMPLES
@given(payload=st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()))
async def test_no_payload_of_an_assertion_is_a_fault(auth: Target, payload: bytes) -> None:
    form = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": auth.oath().signed(payload), "token": "x"}

    answer = await auth.post("/auth/introspect", urlencode(form).encode())

    assert (is_fine(answer), answer.status_code) == (True, 401), answer.text


@settings(max_examples=200)
@given(claims=CLAIMS | OURS, header=HEADS)
async def test_no_access_token_is_a_fault_where_it_is_asked_about(
    auth: Target, claims: Mapping[str, Any], header: Mapping[str, Any]
) -> None:
    token = _token(auth.forger(), claims, header)

    answer = await auth.post("/auth/introspect", urlencode({**_credentials(auth), "token": token}).encode())

    assert answer.status_code == 200, answer.text
    assert answer.json() == {"active": False}


@settings(max_examples=200)
@given(claims=CLAIMS | OURS, header=HEADS)
async def test_no_access_token_is_a_fault_where_it_is_shown(
    auth: Target, claims: Mapping[str, Any], header: Mapping[str, Any]
) -> None:
    headers = {b"Authorization": b"Bearer " + _token(auth.forger(), claims, header).encode()}

    answer = await auth.api.http.get("/api/v1/orders", headers=list(headers.items()))

    assert answer.status_code in {200, 401, 403}, answer.text


def _token(forge: Forge | Oath, claims: Mapping[str, Any], header: Mapping[str, Any]) -> str:
    return forge.signed(changed(forge.claims, claims), changed(forge.header, header))
