"""Signed JSON is read strictly, whoever asks."""

import pytest
from joserfc.jwk import ECKey
from joserfc.util import urlsafe_b64encode

from modules.kernel.jws import MAX_LENGTH, Unusable, instant, read_header, read_payload, read_unproven, word

KEY = ECKey.generate_key("P-256")


def compact(header: bytes, payload: bytes = b"{}", signature: bytes = b"") -> str:
    return ".".join(urlsafe_b64encode(part).decode() for part in (header, payload, signature))


@pytest.mark.parametrize("algorithm", ["none", "None", "", "HS256", "ES256K", "es256"])
def test_what_proves_nothing_is_never_a_signature(algorithm: str) -> None:
    text = compact(b'{"alg": "%s"}' % algorithm.encode())
    with pytest.raises(Unusable, match="in a way that is not accepted"):
        read_payload(text, KEY, algorithm)


@pytest.mark.parametrize(
    "text",
    ["", ".", "a", "a.b.c", "tökén", compact(b"[]"), compact(b"null"), compact(b'{"a": 1, "a": 1}'), "x" * 5000],
)
def test_a_header_that_is_none(text: str) -> None:
    with pytest.raises(Unusable):
        read_header(text)


@pytest.mark.parametrize(
    "payload", [b"", b"[]", b"7", b"NaN", b'{"a": NaN}', b'{"a": 1, "a": 2}', b"\xff", b"{" * 3000]
)
def test_a_payload_that_is_none(payload: bytes) -> None:
    with pytest.raises(Unusable):
        read_unproven(compact(b"{}", payload))


@pytest.mark.parametrize(
    "text", ["a.b", "a.b.c.d", compact(b"{}") + ".", compact(b"{}", b"{" + b" " * MAX_LENGTH + b"}")]
)
def test_what_is_no_compact_form(text: str) -> None:
    with pytest.raises(Unusable):
        read_unproven(text)


@pytest.mark.parametrize("value", [None, True, "1", [], -1, 2**35, float("inf"), float("nan")])
def test_what_is_no_moment(value: object) -> None:
    with pytest.raises(Unusable, match="has no usable exp"):
        instant({"exp": value}, "exp")


@pytest.mark.parametrize("value", [None, True, 1, [], ""])
def test_what_is_no_word(value: object) -> None:
    with pytest.raises(Unusable, match="has no usable jti"):
        word({"jti": value}, "jti")
