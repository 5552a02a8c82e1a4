"""What auth is told: peppers, keys, families, and how long it may be silent; and with what services sign in."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, SECP384R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from app.container import _peppers, _terms
from app.service_key import new_service_key, public_part
from tests.unit.settings_world import DISTRIBUTED, ENV, MINIMAL, PASSWORD, Loader, loader

__all__ = ["loader"]

PEPPER = "WAYBILL_SECRETS__PEPPER"
OLD, NEW = "old-pepper-" * 4, "new-pepper-" * 4
NO_KEY = "must be a key on P-256 in PEM, without a pass phrase"


def test_what_is_not_said_is_as_documented(loader: Loader) -> None:
    settings = loader.load(MINIMAL)
    tokens, secrets = settings.tokens, settings.secrets
    assert (tokens.key_days, tokens.families, tokens.revocations_silent_s) == (90, 1000, 300)
    assert (secrets.pepper_version, secrets.pepper_before, secrets.pepper_after) == (1, None, None)
    assert _peppers(secrets).by_version == {1: ENV[PEPPER].encode()}


def test_what_is_said_is_what_auth_goes_by(loader: Loader) -> None:
    text = MINIMAL + "key_days = 30\nfamilies = 7\nrevocations_silent_s = 0.5\n"
    settings = loader.load(text)
    terms = _terms(settings)
    assert (terms.key_life.days, terms.families, settings.tokens.revocations_silent_s) == (30, 7, 0.5)


def test_a_pepper_is_replaced_in_three_restarts(loader: Loader) -> None:
    told = (
        ({PEPPER: OLD, f"{PEPPER}_AFTER": NEW}, 1, {1: OLD, 2: NEW}),
        ({PEPPER: NEW, f"{PEPPER}_BEFORE": OLD, f"{PEPPER}_VERSION": "2"}, 2, {1: OLD, 2: NEW}),
        ({PEPPER: NEW, f"{PEPPER}_VERSION": "2"}, 2, {2: NEW}),
    )
    for env, current, known in told:
        peppers = _peppers(loader.load(MINIMAL, ENV | env).secrets)
        assert peppers.current == current
        assert peppers.by_version == {version: pepper.encode() for version, pepper in known.items()}


def test_no_pepper_is_printed(loader: Loader) -> None:
    env = {PEPPER: NEW, f"{PEPPER}_BEFORE": OLD, f"{PEPPER}_AFTER": "after-pepper" * 4, f"{PEPPER}_VERSION": "2"}
    settings = loader.load(MINIMAL, ENV | env)
    shown = f"{settings!r} {settings.model_dump()} {settings.model_dump_json()} {_peppers(settings.secrets)!r}"
    assert "pepper-" not in shown
    assert "after-pepper" not in shown


@pytest.mark.parametrize("name", ["before", "after"])
def test_a_pepper_stands_in_no_file_that_is_not_its_own(loader: Loader, name: str) -> None:
    problems = loader.problems(f'{MINIMAL}[secrets]\npepper_{name} = "{PASSWORD * 3}"\n')
    assert problems[0].startswith(f"waybill.toml:4: secrets.pepper_{name}: a secret does not belong in a file")
    assert PASSWORD not in str(problems)


# with what services sign in


def pem(key: object, *, phrase: bytes | None = None, form: PrivateFormat = PrivateFormat.PKCS8) -> str:
    sealed = NoEncryption() if phrase is None else BestAvailableEncryption(phrase)
    return key.private_bytes(Encoding.PEM, form, sealed).decode()  # type: ignore[attr-defined, no-any-return]


ON_P384 = generate_private_key(SECP384R1())
BAD = {
    "on P-384": pem(ON_P384),
    "on P-384, the public part": ON_P384.public_key()
    .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    .decode(),
    "in the old form, with a pass phrase": pem(
        generate_private_key(SECP256R1()), phrase=PASSWORD.encode(), form=PrivateFormat.TraditionalOpenSSL
    ),
    "RSA": pem(generate_rsa(65537, 2048)),
    "Ed25519": pem(Ed25519PrivateKey.generate()),
    "half of it": new_service_key()[:120],
    "a JWK": '{"kty": "EC", "crv": "P-256"}',
}


@pytest.mark.parametrize("name", BAD)
def test_a_key_of_another_kind_is_refused_and_not_repeated(loader: Loader, name: str) -> None:
    problems = loader.problems(MINIMAL, ENV | {"WAYBILL_SERVICES__SALES": BAD[name]})
    assert problems == [f"WAYBILL_SERVICES__SALES: services.sales: {NO_KEY}"]


def test_a_key_in_the_old_form_is_as_good(loader: Loader) -> None:
    old = pem(generate_private_key(SECP256R1()), form=PrivateFormat.TraditionalOpenSSL)
    env = ENV | {"WAYBILL_SERVICES__SALES": f"\n{old}\n"}
    assert loader.load(DISTRIBUTED, env, modules=("sales",)).services["sales"].get_secret_value().strip() == old.strip()


def test_where_a_module_is_hosted_and_calls_others_it_needs_the_private_key(loader: Loader) -> None:
    env = ENV | {"WAYBILL_SERVICES__SALES": public_part(ENV["WAYBILL_SERVICES__SALES"])}
    problems = loader.problems(DISTRIBUTED, env, modules=("sales",))
    assert [one.partition(": ")[2] for one in problems] == [
        "services.sales: is a public key; sales is hosted here and signs in with the private one"
    ]
    assert "sales" in loader.load(MINIMAL, env).services  # all in one process: nobody signs in
