from pathlib import Path

import pytest

from app.secrets_file import Secrets
from app.service_key import new_service_key
from app.settings import Settings, load_settings
from app.supervisor import Deployment, ProcessSpec, planned, serve_command
from app.supervisor.environment import external_placement, external_redis
from app.supervisor.plan import MODULES, SERVICES
from tests.unit.test_up_plan import all_partitions

SECRETS = Secrets(
    passwords={"postgres": "the superuser's"},
    pepper="pepper" * 10,
    key_encryption_key="key" * 15,
    valkey="the bus'",
    services={module: new_service_key() for module in SERVICES},
)
DATABASES = {module: f"postgresql://{module}:its-password@127.0.0.1/{module}" for module in MODULES}
REDIS = "redis://:its-password@127.0.0.1:6379/0"
TABLES = ("WAYBILL_DATABASES__", "WAYBILL_SECRETS__", "WAYBILL_SERVICES__")
# What a caller may have set for all: none of it may get past.
CALLER = {
    "PATH": "/bin",
    "WAYBILL_LOG__LEVEL": "WARNING",
    "WAYBILL_SECRETS__PEPPER": "an-old-pepper",
    "WAYBILL_SECRETS__KEY_ENCRYPTION_KEY_FILE": "/etc/key",
    "WAYBILL_EVENTS__BUS": "in_process",
    **{f"WAYBILL_DATABASES__{module.upper()}": DATABASES[module] for module in MODULES},
    **{f"waybill_DATABASES__{module}_FILE": "/etc/database" for module in MODULES},
    **{f"WAYBILL_SERVICES__{module.upper()}": new_service_key() for module in SERVICES},
}
SPLITS = [",".join("+".join(group) for group in groups) for groups in all_partitions() if len(groups) > 1]


def deployed(split: str | None) -> Deployment:
    specs = planned(split, None, 3000)
    return Deployment(specs, DATABASES, SECRETS, REDIS if len(specs) > 1 else None)


def settings(deployment: Deployment, spec: ProcessSpec) -> Settings:
    """What the process makes of its command and its environment."""
    words = serve_command(spec)
    environment = deployment.environment(spec, {"PATH": "/bin"})
    if "--modules" in words:
        environment["WAYBILL_MODULES"] = words[words.index("--modules") + 1]
    environment["WAYBILL_SERVER__PORT"] = words[words.index("--port") + 1]
    return load_settings(Path(words[words.index("--config") + 1]), environment)


@pytest.mark.parametrize("split", SPLITS)
def test_no_process_is_given_the_database_or_a_secret_of_another(split: str) -> None:
    deployment = deployed(split)
    for spec in deployment.specs:
        told = deployment.environment(spec, CALLER)

        given = {name.upper().removesuffix("_FILE") for name in told if name.upper().startswith(TABLES)}
        hosted = {f"WAYBILL_DATABASES__{module.upper()}" for module in spec.modules}
        hosted |= {f"WAYBILL_SERVICES__{module.upper()}" for module in SERVICES if module in spec.modules}
        if "auth" in spec.modules:
            hosted |= {f"WAYBILL_SERVICES__{module.upper()}" for module in SERVICES}
            hosted |= {"WAYBILL_SECRETS__PEPPER", "WAYBILL_SECRETS__KEY_ENCRYPTION_KEY"}
        assert given == hosted
        others = [DATABASES[module] for module in MODULES if module not in spec.modules]
        assert not [value for value in told.values() if value in {*others, "an-old-pepper", "the superuser's"}]


@pytest.mark.parametrize("split", [None, *SPLITS])
def test_each_process_understands_what_it_is_told(split: str | None) -> None:
    deployment = deployed(split)
    for spec in deployment.specs:
        understood = settings(deployment, spec)

        assert (understood.modules, understood.server.port) == (spec.modules, spec.port)
        assert set(understood.databases) == set(spec.modules)
        assert understood.tokens.issuer == next(one.url for one in deployment.specs if "auth" in one.modules)
        assert understood.events.bus == ("in_process" if split is None else "redis")


def test_in_a_split_everybody_knows_where_everybody_is_and_where_events_travel() -> None:
    deployment = deployed("auth+product,sales,delivery")
    for spec in deployment.specs:
        understood = settings(deployment, spec)

        assert understood.placement == {
            "auth": "http://127.0.0.1:3004",
            "product": "http://127.0.0.1:3004",
            "sales": "http://127.0.0.1:3001",
            "delivery": "http://127.0.0.1:3002",
        }
        assert understood.events.url is not None
        assert understood.events.url.get_secret_value() == REDIS


def test_whoever_is_behind_a_proxy_is_found_there_by_the_others() -> None:
    placed = external_placement({"WAYBILL_PLACEMENT__SALES": "http://127.0.0.1:9", "WAYBILL_PLACEMENT__AUTH": ""})
    specs = planned("auth,sales,delivery,product", None, 3000)
    deployment = Deployment(specs, DATABASES, SECRETS, REDIS, placement=placed)
    understood = [settings(deployment, spec) for spec in specs]

    assert [one.placement["sales"] for one in understood] == ["http://127.0.0.1:9"] * 4
    assert [one.placement["auth"] for one in understood] == ["http://127.0.0.1:3004"] * 4
    assert [one.server.port for one in understood] == [3004, 3001, 3002, 3003]


def test_what_the_caller_sets_for_all_reaches_all() -> None:
    deployment = deployed("auth,sales,delivery,product")

    assert [deployment.environment(spec, CALLER)["WAYBILL_LOG__LEVEL"] for spec in deployment.specs] == ["WARNING"] * 4
    assert [deployment.environment(spec, CALLER)["WAYBILL_EVENTS__BUS"] for spec in deployment.specs] == ["redis"] * 4


def test_one_process_is_told_nothing_of_others() -> None:
    deployment = deployed("auth+sales+delivery+product")
    told = deployment.environment(deployment.specs[0], {})

    assert not [name for name in told if name.startswith(("WAYBILL_PLACEMENT__", "WAYBILL_EVENTS__", TABLES[2]))]


def test_a_part_is_served_by_the_topology_and_everything_by_the_monolith() -> None:
    parts = [serve_command(spec) for spec in deployed("auth+product,sales,delivery").specs]

    assert {Path(words[words.index("--config") + 1]).name for words in parts} == {"distributed.toml"}
    assert [words[words.index("--modules") + 1] for words in parts] == ["auth,product", "sales", "delivery"]
    everything = serve_command(deployed(None).specs[0])
    assert Path(everything[everything.index("--config") + 1]).name == "monolith.toml"
    assert "--modules" not in everything


def test_no_secret_is_on_a_command_line() -> None:
    words = [word for spec in deployed(SPLITS[0]).specs for word in serve_command(spec, workers=2)]
    secret = [SECRETS.pepper, SECRETS.key_encryption_key, SECRETS.valkey, *SECRETS.services.values(), "its-password"]

    assert words[-2:] == ["--workers", "2"]
    assert not [word for word in words for one in secret if one in word]


def test_an_empty_url_is_no_redis_elsewhere() -> None:
    variable = "WAYBILL_EVENTS__URL"

    assert [external_redis(given) for given in ({}, {variable: ""}, {variable: REDIS})] == [None, None, REDIS]
