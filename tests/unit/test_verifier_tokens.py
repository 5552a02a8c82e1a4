"""Whatever is wrong with a token, the answer is the same: InvalidToken."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from modules.kernel.errors import InvalidToken
from tests.unit.verifier_world import ISSUER, NOW, World

T0 = int(NOW.timestamp())


def b64(data: bytes | str) -> str:
    return base64.urlsafe_b64encode(data.encode() if isinstance(data, str) else data).decode().rstrip("=")


@pytest.fixture(scope="module")
async def world() -> World:
    world = World()
    await world.learn()
    return world


def assert_refused(world: World, token: str) -> None:
    with pytest.raises(InvalidToken):
        world.verifier.verify(token, "sales")


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": None},
        {"iss": "https://other.example"},
        {"iss": ISSUER + "/"},
        {"iss": 1},
        {"aud": None},
        {"aud": "urn:waybill:product"},
        {"aud": "sales"},
        {"aud": ["urn:waybill:product"]},
        {"aud": ["urn:waybill:sales"]},
        {"aud": "urn:waybill:sales urn:waybill:product"},
        {"exp": None},
        {"exp": T0 - 10},
        {"exp": 0},
        {"exp": -1},
        {"exp": str(T0 + 300)},
        {"exp": True},
        {"exp": [T0 + 300]},
        {"exp": 1e300},
        {"exp": 2**62},
        {"iat": None},
        {"iat": "now"},
        {"iat": False},
        {"nbf": T0 + 11},
        {"nbf": "later"},
        {"sub": None},
        {"sub": ""},
        {"client_id": None},
        {"client_id": 5},
        {"jti": None},
        {"jti": {}},
        {"scope": None},
        {"scope": ["orders:read"]},
        {"fid": None},
        {"fid": 1},
        {"gen": None},
        {"gen": "1"},
        {"gen": 1.5},
        {"gen": True},
    ],
    ids=str,
)
async def test_wrong_claims_are_refused(world: World, changes: dict[str, Any]) -> None:
    assert_refused(world, world.token(**changes))


@pytest.mark.parametrize(
    "header",
    [
        {"typ": None},
        {"typ": "JWT"},
        {"typ": "dpop+jwt"},
        {"typ": 5},
        {"kid": None},
        {"kid": "two"},
        {"kid": "../../etc/passwd"},
        {"kid": "one' OR '1'='1"},
        {"kid": "k" * 129},
        {"jku": "https://evil.example/jwks.json"},
        {"x5u": "https://evil.example/cert"},
        {"jwk": ECKey.generate_key("P-256").as_dict(private=False)},
        {"x5c": ["MIIB"]},
    ],
    ids=lambda header: next(iter(header)),
)
async def test_wrong_headers_are_refused(world: World, header: dict[str, Any]) -> None:
    named = {"alg": "ES256", "typ": "at+jwt", "kid": "one"} | header
    named = {name: value for name, value in named.items() if value is not None}
    signing_input = b64(json.dumps(named)) + "." + b64(json.dumps(world.claims()))
    signature = world.token().rpartition(".")[2]
    assert_refused(world, f"{signing_input}.{signature}")


@pytest.mark.parametrize("typ", ["at+jwt", "AT+JWT", "application/at+jwt"])
async def test_both_names_of_the_type_are_good(world: World, typ: str) -> None:
    assert world.verifier.verify(world.signed(world.claims(), typ=typ), "sales")


@pytest.mark.parametrize("header", ["crit", "b64", "zip"])
async def test_headers_that_change_what_a_signature_means_are_refused(world: World, header: str) -> None:
    values: dict[str, Any] = {"crit": ["exp"], "b64": False, "zip": "DEF"}
    named = {"alg": "ES256", "typ": "at+jwt", "kid": "one", header: values[header]}
    assert_refused(world, f"{b64(json.dumps(named))}.{b64(json.dumps(world.claims()))}.{b64(b'x' * 64)}")


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "HS256", "RS256", "ES384", "", 5, None, ["ES256"]])
async def test_no_other_algorithm_is_good(world: World, alg: Any) -> None:
    named = json.dumps({"alg": alg, "typ": "at+jwt", "kid": "one"})
    payload = b64(json.dumps(world.claims()))
    assert_refused(world, f"{b64(named)}.{payload}.")
    assert_refused(world, f"{b64(named)}.{payload}.{b64(b'x' * 64)}")


async def test_the_public_key_is_no_shared_secret(world: World) -> None:
    public = OctKey.import_key(json.dumps(world.key.as_dict(private=False)))
    forged = jwt.encode({"alg": "HS256", "typ": "at+jwt", "kid": "one"}, world.claims(), public)
    assert_refused(world, forged)


async def test_another_key_under_our_name_is_refused(world: World) -> None:
    header = {"alg": "ES256", "typ": "at+jwt", "kid": "one"}
    assert_refused(world, jwt.encode(header, world.claims(), ECKey.generate_key("P-256")))


async def test_a_changed_token_is_refused(world: World) -> None:
    header, payload, signature = world.token().split(".")
    richer = b64(json.dumps(world.claims(scope="orders:read stock:write")))
    assert_refused(world, f"{header}.{richer}.{signature}")
    assert_refused(world, f"{header}.{payload}.{signature[:-2]}{'AA' if signature[-2:] != 'AA' else 'BA'}")
    assert_refused(world, f"{header}.{payload}.{b64(bytes(64))}")


@pytest.mark.parametrize(
    "payload",
    [b"", b"null", b"[]", b"5", b'"x"', b"{", b"\xff\xfe", b'{"exp": NaN}', b'{"exp": Infinity}', b"[" * 2000],
)
async def test_a_payload_that_is_no_object_is_refused(world: World, payload: bytes) -> None:
    assert_refused(world, world.signed(payload))


async def test_a_claim_given_twice_is_refused(world: World) -> None:
    text = json.dumps(world.claims())
    assert_refused(world, world.signed(text[:-1].encode() + b', "scope": "stock:write"}'))


async def test_a_header_given_twice_is_refused(world: World) -> None:
    header = b64('{"alg":"none","alg":"ES256","typ":"at+jwt","kid":"one"}')
    _, payload, signature = world.token().split(".")
    assert_refused(world, f"{header}.{payload}.{signature}")


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        "x" * 5000,
        "é.é.é",
        "\udcff.a.b",
        "\x00",
        " ",
        b64("{}") + ".." + b64("x"),
        b64("[" * 3000) + ".e30.e30",
        "e30.e30.e30.e30.e30",
        b64('{"alg":"ES256"'),
    ],
    ids=lambda token: ascii(token)[:20],
)
async def test_what_is_no_token_is_refused(world: World, token: str) -> None:
    assert_refused(world, token)


async def test_a_token_with_anything_around_it_is_refused(world: World) -> None:
    token = world.token()
    for other in (f" {token}", f"{token} ", f"{token}\n", f"{token}=", f"{token}.x", token + token):
        assert_refused(world, other)


def test_rubbish_is_refused_and_never_anything_else(world: World) -> None:
    good = world.token()

    @given(
        token=st.one_of(
            st.text(max_size=200),
            st.binary(max_size=200).map(lambda data: f"{b64(data)}.{b64(data)}.{b64(data)}"),
            st.integers(0, len(good) - 1).map(lambda place: good[:place] + "!" + good[place + 1 :]),
            st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=4).map(
                lambda header: f"{b64(json.dumps(header))}.e30.e30"
            ),
        )
    )
    def refused(token: str) -> None:
        assert_refused(world, token)

    refused()
