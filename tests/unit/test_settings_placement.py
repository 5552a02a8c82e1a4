"""What one process of a deployment is told, and what it must know."""

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
