"""Access tokens that are wrong in what they say, signed with the very key of the system."""

import json
from typing import Any

from tests.adversarial.forge import GONE, Forge
from tests.adversarial.row import Row, said, token

CHAPTER = "A token's claims"
TITLE = "Access tokens: their claims"
ISSUER = "RFC 9068, 4: iss MUST exactly match"
AUDIENCE = "RFC 9068, 4: aud"
ENDS = "RFC 9068, 4: exp"
NUMBER = "RFC 7519, 2: NumericDate"
ISSUED = "RFC 9068, 2.2: iat"
BEFORE = "RFC 7519, 4.1.5: nbf"
REQUIRED = "RFC 9068, 2.2"
TWICE = "RFC 7519, 4: claim names MUST be unique"
OBJECT = "RFC 7519, 7.2: a JSON object in UTF-8"
SCOPE = "RFC 9068, 2.2.3"
FAMILY = "our own: revocation goes by it"


def _says(name: str, source: str, *, good: bool = False, **claims: Any) -> Row:
    told = ", ".join(f"`{claim}` {said(value)}" for claim, value in claims.items())
    return token(name, source, told, lambda forge: forge.saying(**claims), good=good)


def _later(name: str, source: str, claim: str, seconds: int, *, good: bool = False) -> Row:
    told = f"`{claim}` is {abs(seconds):,} s {'behind' if seconds < 0 else 'ahead'}"
    return token(name, source, told, lambda forge: forge.saying(**{claim: forge.now + seconds}), good=good)


def _text(name: str, source: str, told: str, payload: bytes) -> Row:
    return token(name, source, told, lambda forge: forge.signed(payload))


def _inside(name: str, source: str, told: str, member: str) -> Row:
    def make(forge: Forge) -> str:
        return forge.signed(json.dumps(forge.claims)[:-1].encode() + b"," + member.encode() + b"}")

    return token(name, source, told, make)


def _instead(name: str, source: str, claim: str, text: str) -> Row:
    def make(forge: Forge) -> str:
        good, bad = (json.dumps({claim: value})[1:-1].encode() for value in (forge.claims[claim], "?"))
        return forge.signed(forge.payload.replace(good, bad.replace(b'"?"', text.encode())))

    return token(name, source, f"`{claim}` is {text[:40]}", make)


TYPES: dict[str, tuple[Any, ...]] = {
    "sub": (GONE, None, "", 7, ["x"]),
    "client_id": (GONE, None, "", 7, {"x": 1}),
    "jti": (GONE, None, "", 7),
    "scope": (None, "", 7, ["orders:read"], {"orders:read": True}),
    "fid": (GONE, None, "", 7),
    "gen": (GONE, None, "1", 1.5, True, []),
}

ROWS: list[Row] = [
    _says("no iss", ISSUER, iss=GONE),
    _says("another issuer", ISSUER, iss="https://elsewhere.example"),
    token("an issuer with a slash", ISSUER, "`iss` is ours and a slash", lambda forge: forge.saying(iss=f"{forge.issuer}/")),
    token("an issuer in capitals", ISSUER, "`iss` is ours in capitals", lambda forge: forge.saying(iss=forge.issuer.upper())),
    token("an issuer that begins like ours", ISSUER, "`iss` begins with ours", lambda forge: forge.saying(iss=f"{forge.issuer}.evil.example")),
    token("an issuer in a list", ISSUER, "`iss` is a list of ours", lambda forge: forge.saying(iss=[forge.issuer])),
    _says("an issuer that is null", ISSUER, iss=None),
    _says("no aud", AUDIENCE, aud=GONE),
    _says("another service's aud", AUDIENCE, aud="urn:waybill:ops"),
    _says("aud as a short word", AUDIENCE, aud="sales"),
    _says("aud that is null", AUDIENCE, aud=None),
    _says("aud that is empty", AUDIENCE, aud=""),
    _says("aud of everything", AUDIENCE, aud="*"),
    _says("aud that is the prefix", AUDIENCE, aud="urn:waybill:"),
    _says("aud of all four, in a list", "RFC 9700, 2.3: a token for one server", aud=["urn:waybill:sales", "urn:waybill:delivery", "urn:waybill:product", "urn:waybill:auth"]),
    token("aud in a list of one", "RFC 9700, 2.3: a token for one server", "`aud` is a list of this service", lambda forge: forge.saying(aud=[forge.audience])),
    token("aud that begins like this service's", AUDIENCE, "`aud` begins with this service's", lambda forge: forge.saying(aud=f"{forge.audience}2")),
    token("aud that this service's begins with", AUDIENCE, "`aud` is this service's without its last letter", lambda forge: forge.saying(aud=forge.audience[:-1])),
    token("aud in capitals", AUDIENCE, "`aud` is this service's in capitals", lambda forge: forge.saying(aud=forge.audience.upper())),
    token("aud of two in one word", AUDIENCE, "`aud` is this service's and another's, with a space", lambda forge: forge.saying(aud=f"{forge.audience} urn:waybill:ops")),
    _says("no exp", ENDS, exp=GONE),
    _later("over for an hour", ENDS, "exp", -3600),
    _later("over for eleven seconds", ENDS, "exp", -11),
    _later("over for a second, which is forgiven", "RFC 7519, 4.1.4: a small leeway", "exp", -1, good=True),
    _says("exp of 1970", ENDS, exp=0),
    _says("exp before 1970", NUMBER, exp=-1),
    token("exp as a text", NUMBER, "`exp` is a text", lambda forge: forge.saying(exp=str(forge.now + 60))),
    token("exp in milliseconds", NUMBER, "`exp` is in milliseconds", lambda forge: forge.saying(exp=(forge.now + 60) * 1000)),
    _says("exp that is true", NUMBER, exp=True),
    _says("exp that is null", NUMBER, exp=None),
    _says("exp in a list", NUMBER, exp=[2**33]),
    _says("exp of 2^63", NUMBER, exp=2**63),
    _says("exp of 1e300", NUMBER, exp=1e300),
    _instead("exp that is no number", NUMBER, "exp", "NaN"),
    _instead("exp that is infinite", NUMBER, "exp", "Infinity"),
    _instead("exp that overflows", NUMBER, "exp", "1e999"),
    _instead("exp of a thousand digits", NUMBER, "exp", "9" * 1000),
    token("exp with a fraction", NUMBER, "`exp` is a number with a fraction", lambda forge: forge.saying(exp=forge.now + 60.5), good=True),
    _says("no iat", ISSUED, iat=GONE),
    _says("iat as a text", NUMBER, iat="now"),
    _says("iat that is true", NUMBER, iat=True),
    _says("iat before 1970", NUMBER, iat=-1),
    _instead("iat that is no number", NUMBER, "iat", "NaN"),
    _later("issued in the future, which is no fault", "RFC 7519, 4.1.6", "iat", 3600, good=True),
    _later("not good for another hour", BEFORE, "nbf", 3600),
    _later("good since a while", BEFORE, "nbf", -60, good=True),
    _says("nbf as a text", NUMBER, nbf="2020-01-01"),
    _says("nbf that is null", NUMBER, nbf=None),
    *(
        _says(f"{claim} {said(value)}".replace("`", ""), FAMILY if claim in {"fid", "gen"} else REQUIRED, **{claim: value})
        for claim, values in TYPES.items()
        for value in values
    ),
    _says("client_id with NUL", REQUIRED, client_id="a\x00b"),
    _says("client_id that is a lone surrogate", "RFC 8259, 8.2", client_id="\ud800"),
    _says("scope is missing", SCOPE, scope=GONE),
    _inside("aud twice", TWICE, "`aud` twice, at last another's", '"aud":"urn:waybill:ops"'),
    _inside("exp twice", TWICE, "`exp` twice, at last in 3000", '"exp":32503680000'),
    _inside("client_id twice", TWICE, "`client_id` twice, at last another's", '"client_id":"x"'),
    _inside("scope twice", TWICE, "`scope` twice, at last everything", '"scope":"internal:call"'),
    _inside("scope twice, spelt in two ways", TWICE, "`scope` twice, once with an escape in its name", r'"sc\u006fpe":"internal:call"'),
    _inside("a number that is none", OBJECT, "an unknown claim is NaN", '"x":NaN'),
    _inside("a comma too many", OBJECT, "a comma at the end of the claims", ""),
    _text("claims that are nothing", OBJECT, "an empty payload", b""),
    _text("claims that are null", OBJECT, "null for claims", b"null"),
    _text("claims that are a list", OBJECT, "a list for claims", b"[]"),
    _text("claims that are a text", OBJECT, "a text for claims", b'"x"'),
    _text("claims that are empty", OBJECT, "an empty object", b"{}"),
    _text("claims that are no UTF-8", OBJECT, "two bytes that are no UTF-8", b"\xff\xfe"),
    _text("claims of 2,000 brackets", "RFC 8259, 9", "2,000 nested lists", b"[" * 2000),
    token("claims in UTF-16", OBJECT, "good claims in UTF-16", lambda forge: forge.signed(json.dumps(forge.claims).encode("utf-16"))),
    token("claims with a byte order mark", "RFC 8259, 8.1", "a byte order mark before good claims", lambda forge: forge.signed(b"\xef\xbb\xbf" + forge.payload)),
    token("claims in two objects", OBJECT, "good claims, twice", lambda forge: forge.signed(forge.payload * 2)),
    token("claims with spaces around", "RFC 8259, 2", "good claims with white space around them", lambda forge: forge.signed(b" \n" + forge.payload + b"\t "), good=True),
]  # fmt: skip
