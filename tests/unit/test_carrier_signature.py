"""Whose word a pushed update is: signed by its carrier, with a secret that is good, and just now."""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from modules.delivery.model import signature, signed_with
from modules.delivery.port import BadSignature

# The example of the specification: Standard Webhooks 1.0.0, Signature scheme.
KNOWN = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
ID, TIMESTAMP, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
THEN = datetime.fromtimestamp(int(TIMESTAMP), UTC)
GOOD = {"webhook-id": ID, "webhook-timestamp": TIMESTAMP, "webhook-signature": SIGNATURE}
OTHER = b"another secret of 32 bytes long."


def test_a_signature_is_that_of_the_specification() -> None:
    assert signature(KNOWN, ID, TIMESTAMP, BODY) == SIGNATURE


@pytest.mark.parametrize("offset_s", [-300, -1, 0, 300])
def test_what_was_signed_within_five_minutes_is_believed(offset_s: int) -> None:
    assert signed_with({7: KNOWN}, GOOD, BODY, THEN + timedelta(seconds=offset_s)) == 7


def test_while_one_secret_takes_over_from_the_other_either_is_good_and_its_version_is_told() -> None:
    assert signed_with({1: KNOWN, 2: OTHER}, GOOD, BODY, THEN) == 1
    both = GOOD | {"webhook-signature": f"{signature(OTHER, ID, TIMESTAMP, BODY)} {SIGNATURE}"}
    assert signed_with({1: KNOWN, 2: OTHER}, both, BODY, THEN) == 2
    assert signed_with({1: KNOWN}, both, BODY, THEN) == 1


def test_signatures_of_other_schemes_are_passed_over() -> None:
    assert signed_with({1: KNOWN}, GOOD | {"webhook-signature": f"v1a,AAAA v2,x {SIGNATURE}"}, BODY, THEN) == 1


BAD: Mapping[str, dict[str, str]] = {
    "no id": {"webhook-id": ""},
    "another id": {"webhook-id": "msg_other"},
    "a long id": {"webhook-id": "x" * 256},
    "an id in two lines": {"webhook-id": "a\nb"},
    "no timestamp": {"webhook-timestamp": ""},
    "another timestamp": {"webhook-timestamp": "1614265331"},
    "a timestamp that is no number": {"webhook-timestamp": "now"},
    "a timestamp in other digits": {"webhook-timestamp": "١٦١٤٢٦٥٣٣٠"},
    "a timestamp beyond time": {"webhook-timestamp": "9" * 12},
    "a long timestamp": {"webhook-timestamp": "9" * 400},
    "a negative timestamp": {"webhook-timestamp": "-1614265330"},
    "no signature": {"webhook-signature": ""},
    "a signature without its scheme": {"webhook-signature": SIGNATURE.removeprefix("v1,")},
    "a cut signature": {"webhook-signature": SIGNATURE[:-1]},
    "a signature that is not ASCII": {"webhook-signature": "v1,ü"},
    "the signature behind ten others": {"webhook-signature": "v1,x " * 10 + SIGNATURE},
}


@pytest.mark.parametrize("what", BAD)
def test_a_message_with_a_bad_header_is_not_believed(what: str) -> None:
    with pytest.raises(BadSignature) as refused:
        signed_with({1: KNOWN}, GOOD | BAD[what], BODY, THEN)
    assert refused.value.detail


@pytest.mark.parametrize("offset_s", [-301, 301, 10**6])
def test_what_was_signed_longer_ago_or_for_later_is_not_believed(offset_s: int) -> None:
    with pytest.raises(BadSignature, match="five minutes"):
        signed_with({1: KNOWN}, GOOD, BODY, THEN + timedelta(seconds=offset_s))


def test_another_body_or_another_secret_is_not_believed() -> None:
    for secrets, body in (({1: KNOWN}, BODY + b" "), ({1: OTHER}, BODY), ({}, BODY)):
        with pytest.raises(BadSignature):
            signed_with(secrets, GOOD, body, THEN)
