"""Access tokens that are wrong in their signature or their shape."""

import base64
import json
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric import utils

from tests.adversarial.forge import Forge, changed
from tests.adversarial.keys import ORDER, b64
from tests.adversarial.row import Row, token

CHAPTER = "A token's signature"
TITLE = "Access tokens: their signature and shape"
NUMBERS = "RFC 7518, 3.4: two numbers of 32 bytes"
RANGE = "FIPS 186-5, 6.4.2: both from 1 to n - 1"
SHAPE = "RFC 7515, 7.1: three parts"
BASE64 = "RFC 7515, 2: without padding, line breaks, white space or other additional characters"
SIGNED = "RFC 7515, 5.2"


def _numbers(name: str, told: str, pair: Callable[[int, int], tuple[int, int]], *, good: bool = False) -> Row:
    def make(forge: Forge) -> str:
        text = ".".join(forge.parts())
        return f"{text}.{b64(b''.join(number.to_bytes(32, 'big') for number in pair(*forge.numbers(text))))}"

    return token(name, RANGE, told, make, good=good)


def _bytes(name: str, told: str, change: Callable[[bytes], bytes], source: str = NUMBERS) -> Row:
    def make(forge: Forge) -> str:
        text = ".".join(forge.parts())
        return f"{text}.{b64(change(forge.signature(text)))}"

    return token(name, source, told, make)


def _shape(name: str, source: str, told: str, change: Callable[[str], str]) -> Row:
    return token(name, source, told, lambda forge: change(forge.good()))


def _parts(name: str, source: str, told: str, change: Callable[[str, str, str], str]) -> Row:
    return token(name, source, told, lambda forge: change(*forge.good().split(".")))


def _der(signature: bytes) -> bytes:
    first, second = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    return utils.encode_dss_signature(first, second)


def _read(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _richer(claims: str) -> str:
    said = json.loads(_read(claims))
    return b64(json.dumps(said | {"scope": f"{said['scope']} internal:call"}))


def _other_header(forge: Forge) -> str:
    _, claims, signature = forge.good().split(".")
    return f"{forge.parts(header=changed(forge.header, {'x': 1}))[0]}.{claims}.{signature}"


def _borrowed(forge: Forge) -> str:
    return f"{'.'.join(forge.parts())}.{forge.saying(jti='another').rpartition('.')[2]}"


def _over(forge: Forge, text: str) -> str:
    return f"{'.'.join(forge.parts())}.{b64(forge.signature(text))}"


def _dir() -> str:
    return b64('{"alg":"dir","enc":"A128GCM"}')


def _flattened(head: str, claims: str, signature: str) -> str:
    return json.dumps({"protected": head, "payload": claims, "signature": signature})


def _general(head: str, claims: str, signature: str) -> str:
    return json.dumps({"payload": claims, "signatures": [{"protected": head, "signature": signature}]})


def _other_bits(signature: str) -> str:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return signature[:-1] + alphabet[alphabet.index(signature[-1]) + 1]


ROWS: list[Row] = [
    _numbers("r and s of nought", "a signature of zeros", lambda _r, _s: (0, 0)),
    _numbers("r of nought", "r is 0", lambda _r, s: (0, s)),
    _numbers("s of nought", "s is 0", lambda r, _s: (r, 0)),
    _numbers("r of n", "r is n", lambda _r, s: (ORDER, s)),
    _numbers("s of n", "s is n", lambda r, _s: (r, ORDER)),
    _numbers("r and s of one", "r and s are 1", lambda _r, _s: (1, 1)),
    _numbers("s and r", "r and s exchanged", lambda r, s: (s, r)),
    _numbers("r, negated", "r is n - r", lambda r, s: (ORDER - r, s)),
    _numbers("the higher s, which is as good", "s is n - s", lambda r, s: (r, ORDER - s), good=True),
    _bytes("a signature of ones", "64 bytes of 0xff", lambda _: b"\xff" * 64, RANGE),
    _bytes("a signature in DER", "the signature in DER", _der),
    _bytes("63 bytes", "the signature without its last byte", lambda signature: signature[:-1]),
    _bytes("65 bytes", "the signature and a byte", lambda signature: signature + b"\0"),
    _bytes("a nought before each number", "each number in 33 bytes", lambda signature: b"\0" + signature[:32] + b"\0" + signature[32:]),
    _bytes("half a signature", "r alone", lambda signature: signature[:32]),
    _bytes("a signature twice", "the signature, twice", lambda signature: signature * 2),
    _bytes("a bit of the signature", "a bit of the signature changed", lambda signature: bytes([signature[0] ^ 1]) + signature[1:]),
    _bytes("no bytes", "an empty signature", lambda _: b""),
    _parts("more than was signed", SIGNED, "a scope added after it was signed", lambda head, claims, signature: f"{head}.{_richer(claims)}.{signature}"),
    _parts("spaces added to what was signed", SIGNED, "a space added to the claims after they were signed", lambda head, claims, signature: f"{head}.{b64(_read(claims) + b' ')}.{signature}"),
    token("a header changed after it was signed", SIGNED, "a member added to the header after it was signed", _other_header),
    token("another token's signature", SIGNED, "the signature of another good token", _borrowed),
    token("claims signed without their header", SIGNED, "only the claims are signed", lambda forge: _over(forge, forge.parts()[1])),
    token("claims signed before they were encoded", "RFC 7797, 3", "the claims are signed as they are", lambda forge: _over(forge, f"{forge.parts()[0]}.{json.dumps(forge.claims)}")),
    _shape("one word", SHAPE, "hello", lambda _: "hello"),
    _shape("dots", SHAPE, "two dots", lambda _: ".."),
    _shape("three words", SHAPE, "a.b.c", lambda _: "a.b.c"),
    _parts("two parts", SHAPE, "header and claims", lambda head, claims, _: f"{head}.{claims}"),
    _parts("no signature", SHAPE, "header, claims, a dot", lambda head, claims, _: f"{head}.{claims}."),
    _parts("no claims", SHAPE, "header, signature", lambda head, _, signature: f"{head}..{signature}"),
    _parts("no header", SHAPE, "claims, signature", lambda _, claims, signature: f".{claims}.{signature}"),
    _shape("four parts", SHAPE, "a good token and a fourth part", lambda good: f"{good}.x"),
    _shape("a dot at the end", SHAPE, "a good token and a dot", lambda good: f"{good}."),
    _shape("a dot at the start", SHAPE, "a dot and a good token", lambda good: f".{good}"),
    _shape("five parts, not encrypted", "RFC 7516, 7.1", "a good token as the parts of a JWE", lambda good: f"{_dir()}..{good}"),
    _shape("a JWE with no key", "RFC 7516, 7.1", "five parts, `alg` is dir", lambda _: f"{_dir()}..{b64(b'x' * 12)}.{b64(b'{}')}.{b64(b'x' * 16)}"),
    _parts("JSON, flattened", "RFC 7515, 7.2.2: RFC 7519 has the compact form only", "a good token as a JSON object", _flattened),
    _parts("JSON, general", "RFC 7515, 7.2.1: RFC 7519 has the compact form only", "a good token as a JSON object with a list of signatures", _general),
    _shape("padding at the end", BASE64, "a good token and =", lambda good: f"{good}="),
    _shape("two of padding", BASE64, "a good token and ==", lambda good: f"{good}=="),
    _parts("padding within", BASE64, "= behind the header", lambda head, claims, signature: f"{head}=.{claims}.{signature}"),
    _shape("a letter at the end", BASE64, "a good token and A", lambda good: f"{good}A"),
    _shape("a sign at the end that is none of base64", BASE64, "a good token and !", lambda good: f"{good}!"),
    _parts("a sign in the signature that is none of base64", BASE64, "* in the signature", lambda head, claims, signature: f"{head}.{claims}.{signature[:9]}*{signature[9:]}"),
    _parts("a space in the signature", BASE64, "a space in the signature", lambda head, claims, signature: f"{head}.{claims}.{signature[:9]} {signature[9:]}"),
    _parts("another end of the same signature", "RFC 4648, 3.5: pad bits MUST be zero", "a signature whose unused bits are not nought", lambda head, claims, signature: f"{head}.{claims}.{_other_bits(signature)}"),
    _parts("the alphabet with + and /", BASE64, "64 bytes of 0xff as //…", lambda head, claims, _: f"{head}.{claims}.{'/' * 85}w"),
    _shape("a token in quotation marks", BASE64, "a good token in quotation marks", lambda good: f'"{good}"'),
    _shape("a token in escapes", BASE64, "a good token with %2E for its dots", lambda good: good.replace(".", "%2E")),
    _shape("a token and a comma", BASE64, "a good token and a comma", lambda good: f"{good},"),
    _shape("two tokens", "RFC 6750, 2.1", "two good tokens, with a space", lambda good: f"{good} {good}"),
    _shape("no ASCII", "RFC 6750, 2.1", "t\xf6k\xe9n", lambda _: "t\xf6k\xe9n"),
    _shape("a token of 5,000 characters", "RFC 6750, 3.1: malformed", "5,000 letters", lambda _: "x" * 5000),
    _shape("a token of 20,000 dots", "RFC 6750, 3.1: malformed", "20,000 dots", lambda _: "." * 20_000),
    token("a good token of more than 4,096 characters", "RFC 6750, 3.1: malformed", "a claim of 4,000 letters", lambda forge: forge.saying(x="x" * 4000)),
]  # fmt: skip
