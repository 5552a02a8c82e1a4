"""The token endpoint: clients that sign who they are."""

from collections.abc import Sequence
from typing import Any

from tests.adversarial.forge import GONE, Oath, changed
from tests.adversarial.keys import b64, jwk, pem, retired_key, stranger
from tests.adversarial.row import BASIC, FORM, GRANT, Make, Row, form, said
from tests.adversarial.signing import by_ed25519, by_p384, by_rsa, by_secp256k1

CHAPTER = "An assertion"
TITLE = "Clients that sign who they are"
TYPE = "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
BODY = f"{GRANT}&{TYPE}&client_assertion=<token>"
USED = f"{GRANT}&{TYPE}&client_assertion=<used assertion>"
WAY = "RFC 7523, 2.2"
WHO = "RFC 7523, 3, 1 and 2: iss and sub are the client_id"
AUDIENCE = "RFC 7523, 3, 3: aud; RFC 9700, 2.5"
ENDS = "RFC 7523, 3, 4: exp"
BEFORE = "RFC 7523, 3, 5: nbf"
ISSUED = "RFC 7523, 3, 6: iat"
ONCE = "RFC 7523, 3, 7: jti"
SIGNED = "RFC 7523, 3, 9: signed by the client"
ALG = "RFC 8725, 3.1: algorithms that the application allows"
OTHER_KEY = "RFC 8725, 3.10: keys that a token brings along"
TYPED = "RFC 8725, 3.11: explicit typing"
ONE = "RFC 6749, 2.3: not more than one method in each request"
SAME = "RFC 7521, 4.2: client_id MUST identify the same client"
VALID = "RFC 7523, 3, 10: a valid JWT"


def _row(name: str, source: str, told: str, make: Make, **more: Any) -> Row:
    asked: dict[str, Any] = {
        "path": "/auth/token",
        "body": BODY,
        "status": 401,
        "code": "invalid_client",
        "who": "signer",
    } | more
    path, body, status, code = (asked.pop(part) for part in ("path", "body", "status", "code"))
    return form(path, name, source, body, status, code, **{"headers": (FORM,), "make": make, "told": told} | asked)


def _good(name: str, source: str, told: str, make: Make, **more: Any) -> Row:
    return _row(name, source, told, make, **{"status": 200, "code": None} | more)


def _says(name: str, source: str, *, good: bool = False, **claims: Any) -> Row:
    told = ", ".join(f"`{claim}` {said(value)}" for claim, value in claims.items())
    return (_good if good else _row)(name, source, told, lambda oath: oath.saying(**claims))


def _header(name: str, source: str, *, good: bool = False, **members: Any) -> Row:
    told = ", ".join(f"`{member}` {said(value)}" for member, value in members.items())
    return (_good if good else _row)(name, source, told, lambda oath: oath.headed(**members))


def _later(name: str, source: str, claim: str, seconds: int, *, good: bool = False) -> Row:
    told = f"`{claim}` is {abs(seconds):,} s {'behind' if seconds < 0 else 'ahead'}"
    return (_good if good else _row)(name, source, told, lambda oath: oath.saying(**{claim: oath.now + seconds}))


def _shape(name: str, told: str, make: Make) -> Row:
    return _row(name, VALID, told, make)


def _refused(name: str, source: str, body: str, headers: Sequence[str] = (FORM,)) -> Row:
    more = {"status": 400, "code": "invalid_request", "headers": headers, "body": body}
    return _row(name, source, "a good assertion", Oath.good, **more)


def _used(name: str, path: str, body: str) -> Row:
    return _row(name, ONCE, "an assertion that was used before", Oath.good, path=path, body=body)


def _strange(oath: Oath) -> str:
    text = ".".join(oath.parts())
    return f"{text}.{b64(oath.signature(text, stranger()))}"


def _retired(oath: Oath) -> str:
    text = ".".join(oath.parts(header={"alg": "ES256"}))
    return f"{text}.{b64(oath.signature(text, retired_key()))}"


def _own_key(oath: Oath) -> str:
    text = ".".join(oath.parts(header={"alg": "ES256", "jwk": jwk(stranger())}))
    return f"{text}.{b64(oath.signature(text, stranger()))}"


def _bare(oath: Oath) -> str:
    return ".".join((*oath.parts(header=changed(oath.header, {"alg": "none"})), ""))


def _twice(oath: Oath) -> str:
    return oath.signed(b'{"sub":"x",' + oath.payload[1:])


ROWS: list[Row] = [
    _good("ES256", WAY, "a good assertion", Oath.good),
    _good("RS256", WAY, "signed with the client's key of RSA", lambda oath: by_rsa(oath, "RS256"), who="signer by rsa"),
    _good("EdDSA", WAY, "signed with the client's key on Ed25519", by_ed25519, who="signer by edwards"),
    _good("Ed25519", "RFC 9864, 2.2", "signed with the client's key on Ed25519, `alg` is Ed25519", lambda oath: by_ed25519(oath, "Ed25519"), who="signer by edwards"),
    _good("to refresh", "RFC 6749, 6", "a good assertion", Oath.good, body=f"grant_type=refresh_token&refresh_token=<signer refresh>&{TYPE}&client_assertion=<token>"),
    _good("to revoke", "RFC 7009, 2.1", "a good assertion", Oath.good, path="/auth/revoke", body=f"token=<signer refresh>&{TYPE}&client_assertion=<token>"),
    _good("to ask", "RFC 7662, 2.1", "a good assertion", Oath.good, path="/auth/introspect", body=f"token=<signer refresh>&{TYPE}&client_assertion=<token>", says={"active": True}),
    _good("beside the same client_id", SAME, "a good assertion", Oath.good, body=f"{BODY}&client_id=<signer>"),
    _good("for the endpoint", AUDIENCE, "`aud` is the token endpoint", lambda oath: oath.saying(aud=f"{oath.audience}/auth/token")),
    _good("for the issuer, in a list", AUDIENCE, "`aud` is a list of the issuer", lambda oath: oath.saying(aud=[oath.audience])),
    _row("for the issuer and somebody else", AUDIENCE, "`aud` is a list of the issuer and another", lambda oath: oath.saying(aud=[oath.audience, "https://evil.example"])),
    _row("for the issuer and the endpoint", AUDIENCE, "`aud` is a list of the issuer and the endpoint", lambda oath: oath.saying(aud=[oath.audience, f"{oath.audience}/auth/token"])),
    _row("for the issuer with a slash", AUDIENCE, "`aud` is the issuer and a slash", lambda oath: oath.saying(aud=f"{oath.audience}/")),
    _row("for the issuer in capitals", AUDIENCE, "`aud` is the issuer in capitals", lambda oath: oath.saying(aud=oath.audience.upper())),
    _says("for another server", AUDIENCE, aud="https://elsewhere.example"),
    _says("for a service of ours", AUDIENCE, aud="urn:waybill:sales"),
    _says("for a path", AUDIENCE, aud="/auth/token"),
    _says("for nobody", AUDIENCE, aud=GONE),
    _says("for no one of a list", AUDIENCE, aud=[]),
    _says("for a list in a list", AUDIENCE, aud=[["x"]]),
    _says("for null", AUDIENCE, aud=None),
    _says("without end", ENDS, exp=GONE),
    _later("over for an hour", ENDS, "exp", -3600),
    _later("over for a second, which is forgiven", "RFC 7519, 4.1.4: a small leeway", "exp", -1, good=True),
    _later("good for two hours", "RFC 7523, 3, 4: unreasonably far in the future", "exp", 7200),
    _later("good for ten years", "RFC 7523, 3, 4: unreasonably far in the future", "exp", 315_360_000),
    _row("ending at a text", ENDS, "`exp` is a text", lambda oath: oath.saying(exp=str(oath.now + 60))),
    _row("ending in milliseconds", ENDS, "`exp` is in milliseconds", lambda oath: oath.saying(exp=(oath.now + 60) * 1000)),
    _says("ending when true", ENDS, exp=True),
    _says("ending in 1e300", ENDS, exp=1e300),
    _row("ending at no number", ENDS, "`exp` is NaN", lambda oath: oath.signed(oath.payload.replace(str(oath.now + 60).encode(), b"NaN"))),
    _later("not good for another hour", BEFORE, "nbf", 3600),
    _later("good since a while", BEFORE, "nbf", -60, good=True),
    _says("good from a text on", BEFORE, nbf="now"),
    _later("issued in an hour", ISSUED, "iat", 3600),
    _says("issued at a text", ISSUED, iat="now"),
    _says("issued at no time", ISSUED, good=True, iat=GONE),
    _says("without id", ONCE, jti=GONE),
    _says("with an empty id", ONCE, jti=""),
    _says("with a number for an id", ONCE, jti=7),
    _says("with null for an id", ONCE, jti=None),
    _says("with NUL in its id", ONCE, jti="a\x00b"),
    _says("with a lone surrogate for an id", "RFC 8259, 8.2", jti="\ud800"),
    _says("with an id of 256 characters", ONCE, jti="x" * 256),
    _row("with SQL for an id, and again", ONCE, "`jti` is SQL", lambda oath: oath.saying(jti=f"'); DROP TABLE assertion_jti; -- {oath.family}"), status=200, code=None),
    _used("used before", "/auth/token", USED),
    _used("used before, to revoke", "/auth/revoke", f"token=x&{TYPE}&client_assertion=<used assertion>"),
    _used("used before, to ask", "/auth/introspect", f"token=x&{TYPE}&client_assertion=<used assertion>"),
    _row("used for a request that was refused", ONCE, "an assertion that was used before, for a scope that there is not", Oath.good, body=f"{GRANT}&{TYPE}&client_assertion=<spent assertion>"),
    _row("with an id that was used", ONCE, "another assertion of the `jti` of one that was used before", Oath.good, body=f"{GRANT}&{TYPE}&client_assertion=<repeated assertion>"),
    _good("with an id that another client used", ONCE, "an assertion of the `jti` that another client used", Oath.good, body=f"{GRANT}&{TYPE}&client_assertion=<shared assertion>"),
    _says("from nobody", WHO, iss=GONE),
    _says("from somebody else", WHO, iss="https://elsewhere.example"),
    _says("about nobody", WHO, sub=GONE),
    _says("about a list", WHO, sub=["x"]),
    _says("about a number", WHO, sub=7),
    _says("about SQL", WHO, sub="' OR 1=1 --", iss="' OR 1=1 --"),
    _says("about a lone surrogate", WHO, sub="\ud800", iss="\ud800"),
    _says("about a client that there is not", WHO, sub="0198c0de-0000-7000-8000-000000000000", iss="0198c0de-0000-7000-8000-000000000000"),
    _row("about oneself in capitals", WHO, "`iss` and `sub` are the client in capitals", lambda oath: oath.saying(iss=oath.client.upper(), sub=oath.client.upper())),
    _row("about another client", WHO, "`sub` is another client", lambda oath: oath.saying(sub=oath.other)),
    _row("from another client", WHO, "`iss` is another client", lambda oath: oath.saying(iss=oath.other)),
    _row("from and about another client", SIGNED, "`iss` and `sub` are another client, which has no key", lambda oath: oath.saying(iss=oath.other, sub=oath.other)),
    _row("with another client's key", SIGNED, "signed with another client's key", Oath.good, who="signer by rsa"),
    _row("with a key that nobody knows", SIGNED, "signed with another key", _strange),
    _row("with a key that was retired", SIGNED, "signed with a key that the client had before", _retired),
    _row("of a client that is disabled", SIGNED, "a good assertion of a disabled client", Oath.good, who="disabled signer"),
    _row("with a small key", "RFC 7518, 3.3: 2,048 bits or larger", "signed with a key of RSA of 1,024 bits", lambda oath: by_rsa(oath, "RS256", 1024), who="signer by rsa"),
    _row("with a key that it brings", OTHER_KEY, "`jwk` is the key that signed it", _own_key),
    _row("not signed", "RFC 8725, 2.1: none", "`alg` is none, no signature", _bare),
    _row("with its secret", SIGNED, "HS256, the key being the client's secret", lambda oath: oath.hs256(oath.secret.encode())),
    _row("with its public key as a secret", "RFC 8725, 2.1: a public key used as a shared secret", "HS256, the key being the client's public key in PEM", lambda oath: oath.hs256(pem(oath.key))),
    _row("with RSA, having none", ALG, "signed with a key of RSA", lambda oath: by_rsa(oath, "RS256")),
    _row("with PS256", ALG, "`alg` is PS256, signed as RS256", lambda oath: by_rsa(oath, "PS256"), who="signer by rsa"),
    _row("with ES384", ALG, "signed with a key on P-384", lambda oath: by_p384(oath, "ES384")),
    _row("with ES256K", ALG, "signed with a key on secp256k1", lambda oath: by_secp256k1(oath, "ES256K")),
    _row("with RSA that calls itself ES256", ALG, "signed with the client's key of RSA, `alg` is ES256", lambda oath: by_rsa(oath, "ES256"), who="signer by rsa"),
    _header("with alg null", ALG, alg=None),
    _header("with a list for alg", ALG, alg=["ES256"]),
    _header("of the other type", "RFC 8725, 3.11", good=True, typ="client-authentication+jwt"),
    _header("of no type", WAY, good=True, typ=GONE),
    _header("of the type of access tokens", TYPED, typ="at+jwt"),
    _header("of a number for a type", TYPED, typ=7),
    _header("of an empty type", TYPED, typ=""),
    _header("naming no key", "RFC 7515, 4.1.4: kid is optional", good=True, kid=GONE),
    _header("naming another key", SIGNED, kid="x"),
    _header("naming a path", SIGNED, kid="../../../../dev/null"),
    _header("naming SQL", SIGNED, kid="x' OR '1'='1"),
    _header("naming a number", SIGNED, kid=7),
    _header("naming null", SIGNED, kid=None),
    _header("with crit", "RFC 7515, 4.1.11", crit=["exp"]),
    _header("with the address of keys", OTHER_KEY, jku="https://evil.example/jwks.json"),
    _header("with the address of a certificate", OTHER_KEY, x5u="https://evil.example/cert.pem"),
    _header("not encoded", "RFC 7797, 6", b64=False),
    _shape("one word", "hello", lambda _: "hello"),
    _shape("dots", "two dots", lambda _: ".."),
    _shape("two parts", "header and claims", lambda oath: oath.good().rpartition(".")[0]),
    _shape("four parts", "a good assertion and a fourth part", lambda oath: f"{oath.good()}.x"),
    _shape("padding", "a good assertion and =", lambda oath: f"{oath.good()}%3D"),
    _shape("NUL behind", "a good assertion and NUL", lambda oath: f"{oath.good()}%00"),
    _shape("two of them", "a good assertion, twice, with a space", lambda oath: f"{oath.good()}+{oath.good()}"),
    _shape("not ASCII", "t\xf6k\xe9n", lambda _: "t%C3%B6k%C3%A9n"),
    _shape("of 100 kB", "100,000 letters", lambda _: "x" * 100_000),
    _shape("of 100,000 dots", "100,000 dots", lambda _: "." * 100_000),
    _shape("with a claim twice", "`sub` twice, at last the client", _twice),
    _shape("with a list for claims", "a list for claims", lambda oath: oath.signed(b"[]")),
    _shape("with 2,000 brackets for claims", "2,000 nested lists for claims", lambda oath: oath.signed(b"[" * 2000)),
    _shape("with claims in UTF-16", "good claims in UTF-16", lambda oath: oath.signed(oath.payload.decode().encode("utf-16"))),
    _row("an access token", TYPED, "an access token of the client", Oath.good, body=f"{GRANT}&{TYPE}&client_assertion=<signer access>"),
    _row("of another type of assertion", WAY, "a good assertion", Oath.good, body=f"{GRANT}&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Asaml2-bearer&client_assertion=<token>"),
    _row("of the grant's type", WAY, "a good assertion", Oath.good, body=f"{GRANT}&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&client_assertion=<token>"),
    _row("beside another client_id", SAME, "a good assertion", Oath.good, body=f"{BODY}&client_id=<shop>"),
    _row("beside its client_id in capitals", SAME, "a good assertion", Oath.good, body=f"{BODY}&client_id=<loud signer>"),
    _refused("of no type of assertion", "RFC 7521, 4.2: REQUIRED", f"{GRANT}&client_assertion=<token>"),
    _refused("of an empty type of assertion", "RFC 7521, 4.2: REQUIRED", f"{GRANT}&client_assertion_type=&client_assertion=<token>"),
    _refused("only its type", "RFC 7521, 4.2: REQUIRED", f"{GRANT}&{TYPE}"),
    _refused("an empty one", "RFC 7521, 4.2: REQUIRED", f"{GRANT}&{TYPE}&client_assertion="),
    _refused("given twice", "RFC 7523, 2.2: MUST NOT contain more than one", f"{BODY}&client_assertion=<token>"),
    _refused("its type given twice", "RFC 6749, 3.2", f"{BODY}&{TYPE}"),
    _refused("and a secret", ONE, f"{BODY}&client_id=<signer>&client_secret=<signer secret>"),
    _refused("and Basic", ONE, BODY, (FORM, "Authorization: Basic {<signer>:<signer secret>}")),
    _refused("and another client's Basic", ONE, BODY, (FORM, BASIC)),
]  # fmt: skip
