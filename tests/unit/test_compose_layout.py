"""docker-compose.yml, as Docker Compose itself reads it: who runs, who is reached by whom, and who knows which secret."""

import re
import shutil
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from app.settings import Settings, load_settings
from tests.system.compose_world import (
    COMPOSE,
    GIVEN,
    ISSUER,
    MOUNTED,
    ROOT,
    SERVICES,
    Container,
    compose,
    containers,
    internal_ports,
    layout,
    make_secrets,
)

PORTS = {"auth": 3004, "sales": 3001, "delivery": 3002, "product": 3003}
INTERNAL = {"auth": 3014, "sales": 3011}
END = ("migrate", "operator")
OURS = (*SERVICES, *END)
ALL = tuple(layout()["services"])
LOOPBACK = "127.0.0.1"

DATABASES = {f"database_{module}" for module in SERVICES}
SECRETS = {
    "auth": {
        "events_url",
        "database_auth",
        "pepper",
        "key_encryption_key",
        "service_sales_public",
        "service_delivery_public",
        "service_product_public",
    },
    "sales": {"database_sales", "service_sales", "events_url"},
    "delivery": {"database_delivery", "service_delivery", "events_url"},
    "product": {"database_product", "service_product", "events_url"},
    "migrate": DATABASES,
    "operator": DATABASES | {"pepper", "key_encryption_key"},
    "postgres": DATABASES | {"postgres_password"},
    "redis": {"events_url"},
    "grafana": {"grafana_password"},
}

PROGRAMS = [str(COMPOSE), *filter(None, [shutil.which("docker-compose")])]


def service(name: str) -> Mapping[str, Any]:
    return dict(layout()["services"][name])


def granted(name: str) -> set[str]:
    return {one["source"] for one in service(name).get("secrets", [])}


def networks(name: str) -> set[str]:
    return set(service(name)["networks"])


def published(name: str) -> list[str]:
    return [port.get("host_ip", "") for port in service(name).get("ports", [])]


@pytest.mark.parametrize("program", sorted(set(PROGRAMS)))
def test_every_docker_compose_at_hand_accepts_the_file(program: str) -> None:
    assert not compose("config", "--quiet", program=Path(program))


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_hosts_its_own_module_on_its_own_port(name: str) -> None:
    said = " ".join(service(name)["command"])
    second = f" --internal-port {INTERNAL[name]}" if name in INTERNAL else ""
    wanted = f"serve --config config/distributed.toml --modules {name} --host 0.0.0.0 --port {PORTS[name]}{second}"
    assert said == wanted
    reached = INTERNAL.get(name, PORTS[name])
    assert service(name)["environment"][f"WAYBILL_PLACEMENT__{name.upper()}"] == f"http://{name}:{reached}"


def test_only_auth_and_sales_are_published_beyond_this_machine() -> None:
    assert {name for name in ALL if set(published(name)) - {LOOPBACK}} == {"auth", "sales"}
    assert not published("delivery")
    assert not published("product")
    assert {name: service(name)["ports"][0]["target"] for name in ("auth", "sales")} == {"auth": 3004, "sales": 3001}


def test_what_is_not_published_has_no_way_in_or_out() -> None:
    inner = {name for name, network in layout()["networks"].items() if network.get("internal")}
    assert {name for name in ALL if networks(name) - inner} == {"auth", "sales", "prometheus", "grafana"}


def test_databases_and_the_bus_are_reached_by_our_image_only() -> None:
    assert networks("postgres") == networks("redis") == {"data"}
    assert {name for name in ALL if "data" in networks(name)} == {*OURS, "postgres", "redis"}


@pytest.mark.parametrize("name", ALL)
def test_each_container_is_granted_what_it_needs_and_no_other_secret(name: str) -> None:
    assert granted(name) == SECRETS.get(name, set())


def test_every_secret_is_a_file_outside_version_control_and_is_used() -> None:
    files = {name: Path(secret["file"]) for name, secret in layout()["secrets"].items()}
    assert files == {name: ROOT / "secrets" / name for name in set().union(*SECRETS.values())}
    assert "secrets/" in (ROOT / ".gitignore").read_text().splitlines()


@pytest.mark.parametrize("name", ALL)
def test_secrets_come_by_file_and_from_what_is_granted(name: str) -> None:
    environment = service(name).get("environment") or {}
    files = {value.removeprefix(MOUNTED) for variable, value in environment.items() if variable.endswith("_FILE")}
    assert files <= granted(name)
    secret = re.compile(r"SECRETS__|DATABASES__|SERVICES__|EVENTS__URL|PASSWORD")
    assert all(variable.endswith("_FILE") for variable in environment if secret.search(variable))


def test_the_file_holds_no_url_with_a_password_and_nothing_that_was_generated() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    assert "@" not in text
    assert not re.findall(r"[A-Za-z0-9_-]{43,}", text)


def test_one_image_serves_all_and_is_of_this_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert {service(name)["image"] for name in OURS} == {f"waybill:{version}"}
    assert {service(name)["build"]["context"] for name in OURS} == {str(ROOT)}


@pytest.mark.parametrize("name", sorted(set(ALL) - set(OURS)))
def test_images_of_others_are_pinned_by_their_whole_version(name: str) -> None:
    assert re.search(r":v?\d+(\.\d+)+(-[a-z0-9.]+)?$", service(name)["image"])


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_starts_after_the_migrations(name: str) -> None:
    assert service(name)["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    assert service("migrate")["depends_on"]["postgres"]["condition"] == "service_healthy"
    assert service("migrate")["restart"] == "no"


@pytest.mark.parametrize("name", ALL)
def test_a_container_can_change_nothing_but_its_volumes(name: str) -> None:
    one = service(name)
    assert one["read_only"] is True
    assert one["cap_drop"] == ["ALL"]
    assert one["security_opt"] == ["no-new-privileges:true"]
    assert not one.get("cap_add")
    assert not one.get("privileged")
    binds = [volume for volume in one.get("volumes", []) if volume["type"] == "bind"]
    assert all(volume["read_only"] for volume in binds)
    assert not [volume for volume in binds if "docker.sock" in volume["source"]]


@pytest.mark.parametrize("name", ALL)
def test_files_of_ours_that_are_mounted_exist(name: str) -> None:
    sources = [Path(volume["source"]) for volume in service(name).get("volumes", []) if volume["type"] == "bind"]
    assert all(source.exists() for source in sources if source.is_relative_to(ROOT))


@pytest.mark.parametrize("name", sorted(set(ALL) - set(END)))
def test_every_container_that_stays_is_asked_for_its_health(name: str) -> None:
    check = service(name)["healthcheck"]
    assert check["test"][0] == "CMD"
    assert not check.get("disable")
    if name in SERVICES:
        assert "/health/ready" in check["test"][4]
        assert check["test"][5] == str(PORTS[name])


def test_redis_keeps_a_log_of_writes_and_evicts_nothing() -> None:
    words = service("redis")["command"]
    flags = dict(zip(words[3::2], words[4::2], strict=True))
    assert flags["--appendonly"] == "yes"
    assert flags["--maxmemory-policy"] == "noeviction"
    assert flags["--maxmemory"].endswith("mb")
    assert flags["--dir"] in {volume["target"] for volume in service("redis")["volumes"]}
    assert "requirepass" not in " ".join(words)


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Container]:
    folder = tmp_path_factory.mktemp("layout")
    ports = {**PORTS, **internal_ports(), "postgres": 5432, "redis": 6379}
    return containers(folder / "world", make_secrets(folder / "secrets"), ports)


def settings_of(container: Container) -> Settings:
    environment = {key: value for key, value in container.environment.items() if key.startswith("WAYBILL_")}
    words = container.words
    return load_settings(
        ROOT / words[words.index("--config") + 1],
        environment | {"WAYBILL_MODULES": words[words.index("--modules") + 1]},
        server={"port": int(words[words.index("--port") + 1])},
    )


@pytest.mark.parametrize("name", SERVICES)
def test_settings_take_what_the_file_gives_each_service(name: str, commands: Mapping[str, Container]) -> None:
    settings = settings_of(commands[name])
    assert settings.modules == (name,)
    assert set(settings.databases) == {name}
    assert set(settings.services) == ({"sales", "delivery", "product"} if name == "auth" else {name})
    assert (settings.secrets.pepper is not None) == (name == "auth")
    assert settings.events.bus == "redis"
    assert settings.placement == {module: f"http://127.0.0.1:{port}" for module, port in (PORTS | INTERNAL).items()}


def test_every_variable_of_the_file_is_one_that_these_tests_give() -> None:
    assert set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text())) == set(GIVEN)


def test_every_service_believes_in_the_same_issuer() -> None:
    assert {service(name)["environment"]["WAYBILL_TOKENS__ISSUER"] for name in SERVICES} == {ISSUER}


def test_the_guide_names_every_container_and_every_port_that_is_published() -> None:
    guide = (ROOT / "docs" / "deployment.md").read_text()
    assert {name for name in ALL if f"`{name}`" not in guide} == set()
    assert {str(port["target"]) for name in ALL for port in service(name).get("ports", [])} <= set(
        re.findall(r"\b\d{4}\b", guide)
    )


def test_the_world_gives_a_container_no_secret_of_another(commands: Mapping[str, Container]) -> None:
    for name, container in commands.items():
        folder = Path(container.environment["PATH"].partition(":")[0]).parent / name
        assert {file.name for file in folder.iterdir()} == SECRETS[name]
