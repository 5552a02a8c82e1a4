"""Access tokens that are wrong in their header: the algorithm, the key, the type."""

import json
from typing import Any

from tests.adversarial.forge import GONE, Forge, changed
from tests.adversarial.keys import b64, der, jwk, jwk_text, pem, stranger
from tests.adversarial.row import Row, said, token
from tests.adversarial.signing import by_ed25519, by_p384, by_rsa, by_secp256k1

CHAPTER = "A token's header"
TITLE = "Access tokens: their header"
ALG = "RFC 8725, 3.1: algorithms that the application allows"
NONE = "RFC 8725, 2.1: none"
SHARED = "RFC 8725, 2.1: a public key used as a shared secret"
OWN_KEY = "RFC 8725, 3.10: keys that a token brings along"
KID = "RFC 8725, 3.10: kid"
CRIT = "RFC 7515, 4.1.11"
TYPE = "RFC 9068, 4: typ MUST be at+jwt"
TWICE = "RFC 7515, 4: names MUST be unique"


def _alg(alg: Any, source: str = ALG, name: str | None = None) -> Row:
    told = f"`alg` {said(alg)}, signed with our own key"
    return token(name or f"alg {json.dumps(alg)}", source, told, lambda forge: forge.headed(alg=alg))


def _unsigned(alg: str) -> Row:
    return token(f"alg {alg}, and no signature", NONE, f"`alg` is {alg}, no signature", lambda forge: _bare(forge, alg))


def _bare(forge: Forge, alg: str) -> str:
    return ".".join((*forge.parts(header=changed(forge.header, {"alg": alg})), ""))


def _member(name: str, source: str, *, good: bool = False, **members: Any) -> Row:
    told = ", ".join(f"`{member}` {said(value)}" for member, value in members.items())
    return token(name, source, told, lambda forge: forge.headed(**members), good=good)


def _shared(form: str, secret: Any) -> Row:
    told = f"HS256, the key being our public key as {form}"
    return token(f"HS256 with the public key as {form}", SHARED, told, secret)


def _own_key(forge: Forge) -> str:
    head, body = forge.parts(header={"alg": "ES256", "typ": "at+jwt", "jwk": jwk(stranger())})
    return f"{head}.{body}.{b64(forge.signature(f'{head}.{body}', stranger()))}"


def _strange(forge: Forge, kid: str) -> str:
    head, body = forge.parts(header=changed(forge.header, {"kid": kid}))
    return f"{head}.{body}.{b64(forge.signature(f'{head}.{body}', stranger()))}"


def _text(forge: Forge) -> bytes:
    return f'{{"alg":"ES256","typ":"at+jwt","kid":"{forge.kid}"}}'.encode()


def _twice(forge: Forge, member: str) -> str:
    return forge.signed(header=_text(forge).replace(b"{", b"{" + member.encode(), 1))


ROWS: list[Row] = [
    token("a good token", "RFC 9068, 4", "a good token", Forge.good, good=True),
    *(_unsigned(alg) for alg in ("none", "None", "NONE", "nOnE")),
    _alg("none", NONE, "alg none with a signature"),
    *(_alg(alg) for alg in ("es256", "ES256 ", "ES512", "PS256", "", "HS256")),
    _alg(None), _alg(["ES256"]), _alg(256),
    _member("no alg", "RFC 7515, 4.1.1", alg=GONE),
    _shared("PEM", lambda forge: forge.hs256(pem(forge.key))),
    _shared("PEM without its last line break", lambda forge: forge.hs256(pem(forge.key).strip())),
    _shared("DER", lambda forge: forge.hs256(der(forge.key))),
    _shared("JWK", lambda forge: forge.hs256(jwk_text(forge.key, forge.kid))),
    _shared("its x", lambda forge: forge.hs256(jwk(forge.key)["x"].encode())),
    token("HS256 with nothing", SHARED, "HS256, the key being empty", lambda forge: forge.hs256(b"")),
    token("HS256 that calls itself ES256", SHARED, "an HMAC, `alg` being ES256", lambda forge: forge.hs256(pem(forge.key), alg="ES256")),
    token("RS256", ALG, "signed with a key of RSA", lambda forge: by_rsa(forge, "RS256")),
    token("RSA that calls itself ES256", ALG, "signed with a key of RSA, `alg` being ES256", lambda forge: by_rsa(forge, "ES256")),
    token("ES384", ALG, "signed with a key on P-384", lambda forge: by_p384(forge, "ES384")),
    token("P-384 that calls itself ES256", "RFC 8725, 3.4: inputs that fit the key", "signed with a key on P-384, `alg` being ES256", lambda forge: by_p384(forge, "ES256")),
    token("ES256K", ALG, "signed with a key on secp256k1", lambda forge: by_secp256k1(forge, "ES256K")),
    token("secp256k1 that calls itself ES256", "RFC 8725, 3.4: inputs that fit the key", "signed with a key on secp256k1, `alg` being ES256", lambda forge: by_secp256k1(forge, "ES256")),
    token("EdDSA", ALG, "signed with a key on Ed25519", by_ed25519),
    _member("crit that names exp", CRIT, crit=["exp"], exp=1),
    _member("crit that names nothing", CRIT, crit=[]),
    _member("crit that is no list", CRIT, crit="exp"),
    _member("b64 false", "RFC 7797, 6", b64=False, crit=["b64"]),
    _member("b64 false, not critical", "RFC 7797, 6", b64=False),
    _member("a key's address", OWN_KEY, jku="https://evil.example/jwks.json"),
    _member("our own keys' address", OWN_KEY, jku="http://127.0.0.1/.well-known/jwks.json"),
    _member("a certificate's address", OWN_KEY, x5u="https://evil.example/cert.pem"),
    _member("a certificate", OWN_KEY, x5c=["MIIB"]),
    _member("a certificate's thumbprint", OWN_KEY, x5t="x" * 27),
    token("a key of its own", OWN_KEY, "`jwk` is the key that signed it", _own_key),
    token("our key as its own", OWN_KEY, "`jwk` is our public key", lambda forge: forge.headed(jwk=jwk(forge.key))),
    _member("compressed", "RFC 7516, 4.1.3", zip="DEF"),
    _member("encrypted, it says", "RFC 7516, 4.1.2", enc="A128GCM"),
    _member("no kid", KID, kid=GONE),
    _member("an empty kid", KID, kid=""),
    _member("a kid that is a path", KID, kid="../../../../dev/null"),
    _member("a kid that is a device", KID, kid="/proc/self/environ"),
    _member("a kid that is SQL", KID, kid="x' UNION SELECT 'aaaa'; --"),
    _member("a kid that is a command", KID, kid="x|sleep 10"),
    _member("a kid that is an address", KID, kid="http://127.0.0.1:1/"),
    _member("a kid with NUL", KID, kid="x\x00"),
    _member("a kid that is a lone surrogate", KID, kid="\ud800"),
    _member("a kid of 2,000 characters", KID, kid="k" * 2000),
    _member("a kid of 10,000 characters", KID, kid="k" * 10_000),
    _member("a kid that is a number", KID, kid=7),
    _member("a kid that is null", KID, kid=None),
    _member("a kid that is a list", KID, kid=["x"]),
    _member("a kid that is an object", KID, kid={"x": 1}),
    token("our kid, another key", KID, "our `kid`, signed with another key", lambda forge: _strange(forge, forge.kid)),
    token("another kid and its key", KID, "the `kid` of the key that signed it, which is none of ours", lambda forge: _strange(forge, b64(b"x" * 32))),
    token("our kid in capitals", KID, "our `kid` in capitals", lambda forge: forge.headed(kid=forge.kid.swapcase())),
    token("our kid and a space", KID, "our `kid` and a space", lambda forge: forge.headed(kid=f"{forge.kid} ")),
    _member("typ JWT", TYPE, typ="JWT"),
    _member("no typ", TYPE, typ=GONE),
    _member("an empty typ", TYPE, typ=""),
    _member("typ null", TYPE, typ=None),
    _member("typ of an ID token", TYPE, typ="id_token"),
    _member("typ of a logout token", TYPE, typ="logout+jwt"),
    _member("typ of a proof", TYPE, typ="dpop+jwt"),
    _member("typ of a client's assertion", TYPE, typ="client-authentication+jwt"),
    _member("typ with a parameter", TYPE, typ="at+jwt; v=1"),
    _member("typ in a list", TYPE, typ=["at+jwt"]),
    _member("typ in capitals", "RFC 7515, 4.1.9: a media type, so case-insensitive", good=True, typ="AT+JWT"),
    _member("typ in full", "RFC 9068, 4: application/at+jwt", good=True, typ="application/at+jwt"),
    token("alg twice", TWICE, "`alg` twice, first none, then ES256", lambda forge: _twice(forge, '"alg":"none",')),
    token("typ twice", TWICE, "`typ` twice, first JWT, then at+jwt", lambda forge: _twice(forge, '"typ":"JWT",')),
    token("kid twice", TWICE, "`kid` twice, first another, then ours", lambda forge: _twice(forge, '"kid":"x",')),
    token("a header that is a list", "RFC 7515, 4", "a list for a header", lambda forge: forge.signed(header=b"[]")),
    token("a header that is null", "RFC 7515, 4", "null for a header", lambda forge: forge.signed(header=b"null")),
    token("a header that is a word", "RFC 7515, 4", "a text for a header", lambda forge: forge.signed(header=b'"ES256"')),
    token("a header that is half an object", "RFC 7515, 4", "half an object for a header", lambda forge: forge.signed(header=b'{"alg":"ES256"')),
    token("a header with a byte order mark", "RFC 8259, 8.1", "a byte order mark before the header", lambda forge: forge.signed(header=b"\xef\xbb\xbf" + _text(forge))),
    token("a header in UTF-16", "RFC 8259, 8.1", "the header in UTF-16", lambda forge: forge.signed(header=_text(forge).decode().encode("utf-16"))),
    token("a header of a thousand brackets", "RFC 8259, 9", "1,000 nested lists for a header", lambda forge: forge.signed(header=b"[" * 1000)),
]  # fmt: skip
