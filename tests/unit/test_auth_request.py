"""The token request is read strictly, and no rubbish gets further than its reader."""

import base64
import json
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.auth.model.assertion import ASSERTION_TYPE
from modules.auth.service import TokenRefused, TokenRequest, read_request

CLIENT = "01a204cc-76f2-7547-a389-823822a9ae13"
POST = f"client_id={CLIENT}&client_secret=s".encode()


def basic(text: str) -> list[str]:
    return ["Basic " + base64.b64encode(text.encode("latin-1")).decode()]


def refusal(body: bytes, authorization: list[str] | None = None) -> str:
    with pytest.raises(TokenRefused) as refused:
        read_request(body, authorization or [])
    return refused.value.error


def test_basic_is_form_decoded() -> None:
    request = read_request(b"grant_type=x", basic(f"{CLIENT.replace('-', '%2D')}:a%2Bb+c%3A"))
    assert (request.client_id, request.client_secret) == (UUID(CLIENT), "a+b c:")


def test_the_scheme_is_written_in_any_case() -> None:
    header = basic(f"{CLIENT}:s")[0].replace("Basic", "bAsIc")
    assert read_request(b"grant_type=x", [header]).client_id == UUID(CLIENT)


def test_post_credentials_are_taken_from_the_form() -> None:
    request = read_request(POST + b"&grant_type=x", [])
    assert (request.client_id, request.client_secret) == (UUID(CLIENT), "s")


def test_basic_may_be_accompanied_by_the_same_client_id() -> None:
    assert read_request(f"client_id={CLIENT}".encode(), basic(f"{CLIENT}:s")).client_secret == "s"


def test_parameters_without_a_value_count_as_not_sent() -> None:
    request = read_request(POST + b"&scope=&resource=", [])
    assert "scope" not in request.parameters
    assert "resource" not in request.parameters


@pytest.mark.parametrize(
    "body",
    [
        b"\xff\xfe=1",
        b"grant_type=%",
        b"grant_type=%zz",
        b"grant_type=%f",
        b"grant_type=%ff%fe",
        b"grant_type=%c3",
        b"grant_type",
        b"&&&",
        b"grant_type=a&grant_type=a",
        b"scope=&scope=",
        b"scope=a&scope=",
        b"=&=",
        b"%67rant_type=a&grant_type=a",
        b"&".join(b"p%d=1" % number for number in range(51)),
        '{"grant_type": "client_credentials"}'.encode("utf-16"),
    ],
)
def test_a_malformed_form_is_an_invalid_request(body: bytes) -> None:
    assert refusal(body, basic(f"{CLIENT}:s")) == "invalid_request"


@pytest.mark.parametrize(
    ("body", "authorization"),
    [
        (POST, basic(f"{CLIENT}:s")),
        (b"client_secret=s", basic(f"{CLIENT}:s")),
        (b"client_assertion=a&client_assertion_type=b", basic(f"{CLIENT}:s")),
        (POST + b"&client_assertion=a", []),
        (b"grant_type=x", basic(f"{CLIENT}:s") * 2),
        (b"client_id=someone-else", basic(f"{CLIENT}:s")),
    ],
)
def test_more_than_one_way_to_authenticate_is_an_invalid_request(body: bytes, authorization: list[str]) -> None:
    assert refusal(body, authorization) == "invalid_request"


@pytest.mark.parametrize(
    ("body", "authorization"),
    [
        (b"", []),
        (b"grant_type=client_credentials", []),
        (f"client_id={CLIENT}".encode(), []),
        (b"client_secret=s", []),
        (f"client_id={CLIENT}&client_secret=".encode(), []),
        (b"grant_type=x", ["Bearer abc"]),
        (b"grant_type=x", ["Basic"]),
        (b"grant_type=x", ["Basic "]),
        (b"grant_type=x", ["Basic !!!"]),
        (b"grant_type=x", ["Basic \xff\xff"]),
        (b"grant_type=x", ["Basic YQ"]),
        (b"grant_type=x", basic("\xff\xfe:x")),
        (b"grant_type=x", basic("%ff:x")),
        (b"grant_type=x", basic("%zz:x")),
        (b"grant_type=x", [""]),
    ],
)
def test_whoever_does_not_authenticate_is_nobody(body: bytes, authorization: list[str]) -> None:
    request = read_request(body, authorization)
    assert request.assertion is None
    assert request.client_id is None or request.client_secret == ""


@pytest.mark.parametrize("form", ["client_assertion=a", f"client_assertion_type={quote(ASSERTION_TYPE)}"])
def test_an_assertion_and_its_type_come_together(form: str) -> None:
    assert refusal(form.encode()) == "invalid_request"


def asserted(claims: Any, **form: str) -> TokenRequest:
    """A request with an assertion that is read before it is checked."""
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    sent = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": f"e30.{payload}.e30"}
    return read_request(urlencode(sent | form).encode(), [])


def test_an_assertion_names_its_client() -> None:
    assert asserted({"sub": CLIENT}).client_id == UUID(CLIENT)
    assert asserted({"sub": CLIENT}, client_id=CLIENT).client_id == UUID(CLIENT)


@pytest.mark.parametrize(
    ("claims", "form"),
    [
        ({}, {}),
        ({"sub": 1}, {}),
        ({"sub": [CLIENT]}, {}),
        ([CLIENT], {}),
        ({"sub": CLIENT}, {"client_id": "another"}),
        ({"sub": CLIENT}, {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"}),
        ({"sub": CLIENT}, {"client_assertion": "a.b"}),
        ({"sub": CLIENT}, {"client_assertion": "tökén"}),
        ({"sub": CLIENT, "more": "x" * 4000}, {}),
    ],
)
def test_an_assertion_of_nobodys(claims: Any, form: dict[str, str]) -> None:
    request = asserted(claims, **form)
    assert request.client_id is None
    assert request.assertion is not None
    assert request.client_secret == ""


def test_two_resources_are_an_invalid_target() -> None:
    assert refusal(POST + b"&resource=urn:a&resource=urn:b") == "invalid_target"


@pytest.mark.parametrize(
    "spelling",
    ["", "x", "' OR 1=1 --", CLIENT.upper(), "{" + CLIENT + "}", CLIENT.replace("-", ""), f"urn:uuid:{CLIENT}", "\x00"],
)
def test_an_id_in_another_spelling_is_nobodys(spelling: str) -> None:
    assert read_request(b"grant_type=x", basic(f"{spelling}:s")).client_id is None


def test_two_reads_of_one_request_are_two_attempts() -> None:
    first, second = read_request(POST, []), read_request(POST, [])
    assert first.drawn.attempt != second.drawn.attempt
    assert first.drawn.refresh_token != second.drawn.refresh_token


def test_a_request_shows_no_secret_of_its_own() -> None:
    request = read_request(POST + b"&refresh_token=hidden", [])
    assert "hidden" not in repr(request)
    assert "client_secret" not in repr(request)
    assert request.drawn.refresh_token not in repr(request)


@given(body=st.binary(max_size=300), authorization=st.lists(st.text(max_size=100), max_size=2))
def test_rubbish_is_refused_or_read_and_nothing_else(body: bytes, authorization: list[str]) -> None:
    try:
        told = read_request(body, authorization).parameters
    except TokenRefused as refused:
        told = {"error": refused.error, "description": refused.description}
    assert all(isinstance(value, str) and value for value in told.values())
