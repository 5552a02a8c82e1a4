"""Secrets are generated, recognised by an HMAC, and cost the same whoever asks."""

import base64
from uuid import uuid4

import pytest

from modules.auth.model.key import Seal, SealBroken, SealedKey, jwk, new_signing_key, signer
from modules.auth.model.secret import Peppers, StoredSecret, new_client_secret, new_refresh_token

OLD, NEW = b"o" * 32, b"n" * 32
PEPPERS = Peppers(2, {1: OLD, 2: NEW})


def stored(secret: str, version: int, peppers: Peppers = PEPPERS) -> StoredSecret:
    return StoredSecret(uuid4(), peppers.digest(secret, version), version)


class CountingPeppers(Peppers):
    """Counts the work."""

    __slots__ = ()
    done = 0

    def digest(self, secret: str, version: int) -> bytes:
        type(self).done += 1
        return super().digest(secret, version)


@pytest.mark.parametrize("made", [new_client_secret, new_refresh_token])
def test_secrets_have_256_bits_and_never_repeat(made: "type[str]") -> None:
    secrets = {made() for _ in range(1000)}
    assert len(secrets) == 1000
    assert all(len(base64.urlsafe_b64decode(secret[4:] + "=")) == 32 for secret in secrets)


def test_both_live_secrets_are_recognised() -> None:
    first, second = stored("one", 1), stored("two", 2)
    assert PEPPERS.recognise("one", [first, second]) == first
    assert PEPPERS.recognise("two", [first, second]) == second


def test_another_secret_is_not_recognised() -> None:
    assert PEPPERS.recognise("three", [stored("one", 1), stored("two", 2)]) is None
    assert PEPPERS.recognise("", []) is None


def test_a_secret_under_a_forgotten_pepper_is_not_recognised() -> None:
    kept = stored("one", 1)
    assert Peppers(2, {2: NEW}).recognise("one", [kept]) is None


def test_a_forgotten_version_is_never_stood_in_for_by_the_current_one() -> None:
    forged = StoredSecret(uuid4(), PEPPERS.digest("one", 2), 7)
    assert PEPPERS.recognise("one", [forged]) is None


def test_unknown_clients_cost_as_much_as_known_ones() -> None:
    peppers = CountingPeppers(1, {1: OLD})
    costs = []
    for secrets in ([], [stored("one", 1)], [stored("one", 1), stored("two", 1)]):
        before = CountingPeppers.done
        peppers.recognise("wrong", secrets)
        costs.append(CountingPeppers.done - before)
    assert costs == [2, 2, 2]


def test_a_short_pepper_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Peppers(1, {1: b"short"})


def test_a_sealed_key_signs_again_under_the_same_seal() -> None:
    key = new_signing_key(Seal(b"k" * 32))
    again = signer(Seal(b"k" * 32), key)
    assert again.as_dict(private=False)["x"] == key.x
    assert again.kid == again.thumbprint() == key.kid


def test_a_sealed_key_stays_shut_under_another_key() -> None:
    with pytest.raises(SealBroken, match="key-encryption key"):
        signer(Seal(b"x" * 32), new_signing_key(Seal(b"k" * 32)))


def test_a_sealed_key_stays_shut_under_another_name() -> None:
    seal = Seal(b"k" * 32)
    key = new_signing_key(seal)
    with pytest.raises(SealBroken):
        signer(seal, SealedKey("other", key.x, key.y, key.private_sealed))


def test_jwks_show_the_public_part_only() -> None:
    key = new_signing_key(Seal(b"k" * 32))
    assert jwk(key.public) == {
        "kty": "EC",
        "crv": "P-256",
        "alg": "ES256",
        "use": "sig",
        "kid": key.kid,
        "x": key.x,
        "y": key.y,
    }


def test_neither_seals_nor_keys_show_themselves() -> None:
    key = new_signing_key(Seal(b"k" * 32))
    assert "private_sealed" not in repr(key)
    assert "oooo" not in repr(PEPPERS)
