"""What one process of a deployment is told, and what it must know."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, SECP384R1, EllipticCurve, generate_private_key
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from app.service_key import new_service_key, public_part
from app.settings import SERVICES, load_settings
from tests.unit.settings_world import DISTRIBUTED, ENV, MINIMAL, ROOT, Loader, loader

__all__ = ["loader"]


def test_one_process_of_a_deployment_is_told_its_modules_and_no_more(loader: Loader) -> None:
    settings = loader.load(DISTRIBUTED, ENV | {"WAYBILL_MODULES": "sales, product"})
    assert settings.modules == ("sales", "product")
    assert settings.server.port == 3001
    assert settings.placement["auth"] == "http://127.0.0.1:3004"
    assert loader.load(DISTRIBUTED, modules=("delivery",)).server.port == 3002
    assert loader.load(DISTRIBUTED, modules=("delivery",), server={"port": 4000}).server.port == 4000
    assert loader.load(DISTRIBUTED).server.port == 3000


def test_a_process_needs_only_its_own_modules_databases_and_secrets(loader: Loader) -> None:
    env = {name: ENV[name] for name in ("WAYBILL_DATABASES__SALES", "WAYBILL_SERVICES__SALES")}
    assert loader.load(DISTRIBUTED, env, modules=("sales",)).secrets.pepper is None


def test_the_process_of_auth_needs_the_secret_of_every_service(loader: Loader) -> None:
    env = {name: value for name, value in ENV.items() if not name.startswith("WAYBILL_SERVICES")}
    assert loader.load(MINIMAL, env).services == {}  # all in one process: nobody signs in
    problems = loader.problems(DISTRIBUTED, env, modules=("auth",))
    assert problems == [
        f"waybill.toml: services.{name}: is missing, and auth is hosted here; set WAYBILL_SERVICES__{name.upper()}, "
        f"or WAYBILL_SERVICES__{name.upper()}_FILE"
        for name in SERVICES
    ]


def test_the_file_of_a_deployment_is_what_a_process_of_it_starts_from() -> None:
    settings = load_settings(ROOT / "config" / "distributed.toml", ENV, modules=("delivery",))
    assert (settings.server.port, settings.events.bus) == (3002, "redis")
    assert {name: url[-4:] for name, url in settings.placement.items()} == {
        "auth": "3004",
        "sales": "3001",
        "delivery": "3002",
        "product": "3003",
    }


def key(curve: EllipticCurve, passphrase: bytes | None = None) -> str:
    """A private key in PEM."""
    sealed = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    return generate_private_key(curve).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealed).decode()


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (public_part(new_service_key()), "is a public key; sales is hosted here and signs in with the private one"),
        (key(SECP384R1()), "must be a key on P-256 in PEM, without a pass phrase"),
        (key(SECP256R1(), b"sesame"), "must be a key on P-256 in PEM, without a pass phrase"),
        ("wbs_" + "s" * 43, "must be a key on P-256 in PEM, without a pass phrase"),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "must be a key on P-256 in PEM, without a"),
    ],
    ids=["public", "P-384", "sealed", "a secret", "half"],
)
def test_a_key_with_which_a_service_can_t_sign_in_is_refused_without_a_word_of_it(
    given: str, why: str, loader: Loader
) -> None:
    (problem,) = loader.problems(DISTRIBUTED, ENV | {"WAYBILL_SERVICES__SALES": given}, modules=("sales",))
    assert problem.startswith(f"WAYBILL_SERVICES__SALES: services.sales: {why}")
    assert given.rsplit(maxsplit=1)[-1] not in problem


def test_auth_takes_the_public_part_of_a_service_s_key_and_the_whole_where_both_are_one(loader: Loader) -> None:
    public = {f"WAYBILL_SERVICES__{name.upper()}": public_part(new_service_key()) for name in SERVICES}
    assert set(loader.load(DISTRIBUTED, ENV | public, modules=("auth",)).services) == set(SERVICES)
    assert set(loader.load(DISTRIBUTED, ENV, modules=("auth",)).services) == set(SERVICES)
