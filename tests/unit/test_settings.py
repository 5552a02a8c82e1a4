"""Settings are read from a file, variables and options, and refuse nonsense naming where it stands."""

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from app.service_key import new_service_key
from app.settings import MODULES, Settings, SettingsError, load_settings
from tests.unit.settings_world import DISTRIBUTED, ENV, MINIMAL, PASSWORD, ROOT, Loader, loader

__all__ = ["loader"]


def test_the_monoliths_file_states_the_defaults(loader: Loader) -> None:
    assert load_settings(ROOT / "config" / "monolith.toml", ENV) == loader.load(MINIMAL)


def test_defaults_are_those_of_the_design(loader: Loader) -> None:
    settings = loader.load(MINIMAL)
    assert settings.modules == MODULES
    assert (settings.server.host, settings.server.port) == ("127.0.0.1", 3000)
    assert (settings.events.bus, settings.events.relay, settings.events.retention_days) == (
        "in_process",
        True,
        7,
    )
    assert settings.events.max_unpublished == 1_000_000
    assert (settings.tokens.access_ttl_s, settings.tokens.service_ttl_s, settings.tokens.leeway_s) == (300, 3600, 10)
    assert settings.tokens.refresh_ttl_s == 30 * 24 * 60 * 60
    assert (settings.holds.ttl_s, settings.holds.sweep_interval_s) == (60, 5)
    assert (settings.orders.max_in_flight, settings.log.level, settings.pool.size) == (1024, "INFO", 4)
    limits = settings.limits
    assert (limits.enabled, limits.address, limits.everyone) == (True, "200/second", "2000/second")
    assert (limits.failures, limits.address_failures) == (5, "60/minute")
    assert settings.server.trusted_proxies == ()


def test_a_variable_beats_the_file_and_an_option_beats_both(loader: Loader) -> None:
    text = MINIMAL + "[server]\nport = 1111\n[pool]\nsize = 1\n"
    env = ENV | {"WAYBILL_SERVER__PORT": "2222", "WAYBILL_SERVER__HOST": "::1"}
    assert loader.load(text, env).server.port == 2222
    settings = loader.load(text, env, server={"port": 3333})
    assert (settings.server.port, settings.server.host, settings.pool.size) == (3333, "::1", 1)


def test_a_list_may_be_a_variable_with_commas(loader: Loader) -> None:
    env = ENV | {"WAYBILL_SERVER__TRUSTED_PROXIES": "10.0.0.0/24, ::1", "WAYBILL_LIMITS__ENABLED": "false"}
    settings = loader.load(MINIMAL, env)
    assert settings.server.trusted_proxies == ("10.0.0.0/24", "::1")
    assert settings.limits.enabled is False


def test_an_option_of_none_and_an_empty_variable_are_not_given(loader: Loader) -> None:
    env = ENV | {"WAYBILL_SERVER__PORT": ""}
    settings = loader.load(MINIMAL, env, modules=None, server={"port": None})
    assert settings == loader.load(MINIMAL)


def test_other_programs_variables_are_none_of_ours(loader: Loader) -> None:
    env = ENV | {"PATH": "/bin", "SERVER__PORT": "1", "WAYBILL_CONFIG": "config/monolith.toml"}
    assert loader.load(MINIMAL, env) == loader.load(MINIMAL)


def test_a_secret_may_be_a_file(loader: Loader, tmp_path: Path) -> None:
    (tmp_path / "dsn").write_text("postgresql://sales@db/sales\n", encoding="utf-8")
    (tmp_path / "pepper").write_text("mortar" * 6 + "\n", encoding="utf-8")
    env = {name: value for name, value in ENV.items() if not name.endswith(("SALES", "PEPPER"))}
    env |= {"WAYBILL_DATABASES__SALES_FILE": f"{tmp_path}/dsn", "WAYBILL_SECRETS__PEPPER_FILE": f"{tmp_path}/pepper"}
    settings = loader.load(MINIMAL, env)
    assert settings.databases["sales"].get_secret_value() == "postgresql://sales@db/sales"
    assert settings.secrets.pepper is not None
    assert settings.secrets.pepper.get_secret_value() == "mortar" * 6


def test_settings_never_print_a_secret(loader: Loader) -> None:
    env = ENV | {"WAYBILL_EVENTS__URL": f"redis://:{PASSWORD}@localhost/0"}
    settings = loader.load(MINIMAL, env)
    shown = f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"
    assert PASSWORD not in shown
    assert "pepper-pepper" not in shown


def test_settings_do_not_change(loader: Loader) -> None:
    settings = loader.load(MINIMAL)
    for target, name in ((settings, "modules"), (settings.server, "port"), (settings.secrets, "pepper")):
        with pytest.raises(ValidationError, match="frozen"):
            setattr(target, name, None)


def test_built_directly_they_read_no_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYBILL_SERVER__PORT", "4000")
    settings = Settings(
        modules=("sales",),
        placement={name: f"http://{name}" for name in MODULES},
        databases={"sales": "postgresql:///sales"},
        events={"bus": "redis", "url": "redis://localhost"},
        tokens={"issuer": "http://auth"},
        services={"sales": new_service_key()},
    )
    assert settings.server.port == 3000


def test_standbys_and_sockets_are_databases_too(loader: Loader) -> None:
    urls = ["postgresql://r@/x?host=one&host=two:5433", "postgresql:///x?host=/run/a", "postgresql:///x?host=/run/b"]
    env = ENV | {f"WAYBILL_DATABASES__{name.upper()}": url for name, url in zip(MODULES, urls, strict=False)}
    assert [loader.load(MINIMAL, env).databases[name].get_secret_value() for name in MODULES[:3]] == urls


NONSENSE = {
    "unknown module hosted": (
        'modules = ["sales",\n  "salse"]\n' + DISTRIBUTED,
        ['waybill.toml:1: modules: "salse" is no module; known are auth, sales, delivery, product'],
    ),
    "no module hosted": ("modules = []\n" + DISTRIBUTED, ["waybill.toml:1: modules: names no module; known are"]),
    "module hosted twice": (
        'modules = ["sales", "sales"]\n' + DISTRIBUTED,
        ["waybill.toml:1: modules: names a module twice"],
    ),
    "unknown module placed": (
        DISTRIBUTED.replace("product  =", "prodcut  =").replace("[events]", "[events]\n"),
        ["waybill.toml:5: placement.prodcut: is no module; known are"],
    ),
    "module neither hosted nor placed": (
        'modules = ["sales", "auth"]\n' + DISTRIBUTED.replace("product  =", "# product  ="),
        ["waybill.toml:1: modules: product is neither hosted here nor placed; host it, or set placement.product"],
    ),
    "module elsewhere at the URL of one that is here": (
        'modules = ["sales"]\n' + DISTRIBUTED.replace("127.0.0.1:3002", "localhost:3001/"),
        ["waybill.toml:5: placement.delivery: is the URL of sales, which is hosted here while delivery is not"],
    ),
    "module elsewhere at the port we listen on": (
        'modules = ["sales"]\n' + DISTRIBUTED.replace("127.0.0.1:3001", "sales.test") + "[server]\nport = 3004\n",
        ["waybill.toml:3: placement.auth: is the URL of sales, which is hosted here while auth is not"],
    ),
    "two ports that are one": (
        MINIMAL + "[server]\nport = 3000\ninternal_port = 3000\n",
        ["waybill.toml:5: server.internal_port: is server.port; it must be another, or be left out"],
    ),
    "in-process bus between processes": (
        'modules = ["sales", "product"]\n' + DISTRIBUTED.replace('bus = "redis"', 'bus = "in_process"'),
        ['waybill.toml:9: events.bus: must be "redis" while modules live elsewhere: auth, delivery'],
    ),
    "redis without a URL": (
        MINIMAL + '[events]\nbus = "redis"\n',
        ['waybill.toml:3: events.url: is missing, and events.bus is "redis"'],
    ),
    "URL with a path": (
        DISTRIBUTED.replace("3004", "3004/auth", 1),
        ["waybill.toml:2: placement.auth: must be a URL without a path"],
    ),
    "URL without a host": (DISTRIBUTED.replace("http:", "", 1), ["waybill.toml:2: placement.auth: must be a URL like"]),
    "URL with an impossible port": (
        DISTRIBUTED.replace("3004", "70000", 1),
        ["waybill.toml:2: placement.auth: is no well-formed URL"],
    ),
    "URL with a user": (DISTRIBUTED.replace("//", "//me@", 1), ["waybill.toml:2: placement.auth: must be a plain URL"]),
    "issuer with a slash at its end": (
        '[tokens]\nissuer = "http://auth/"\n',
        ["waybill.toml:2: tokens.issuer: must not end in a slash"],
    ),
    "no issuer": ("", ["waybill.toml: tokens.issuer: is missing; set it here, or as WAYBILL_TOKENS__ISSUER"]),
    "no issuer in the table": ("[tokens]\n", ["waybill.toml:1: tokens.issuer: is missing; set it here"]),
    "wrong scheme of the bus": (
        DISTRIBUTED.replace("redis:", "http:"),
        ["waybill.toml:9: events.url: must be a URL like redis://host:6379/0"],
    ),
    "unknown bus": (
        DISTRIBUTED.replace('"redis"', '"kafka"'),
        ["waybill.toml:8: events.bus: input should be 'in_process' or 'redis'"],
    ),
    "unknown table": (
        "[evnts]\n" + MINIMAL,
        ["waybill.toml:1: evnts: is no setting; known here are modules, placement"],
    ),
    "unknown key": (
        MINIMAL + "\n[server]\n\nprot = 1\n",
        ["waybill.toml:6: server.prot: is no setting; known here are host, port"],
    ),
    "unknown dotted key": (MINIMAL + "tokens.leeway = 1\n", ["waybill.toml:3: tokens.tokens: is no setting"]),
    "value where a table should be": ("pool = 4\n" + MINIMAL, ["waybill.toml:1: pool: input should be"]),
    "a rate that is none": (
        MINIMAL + '[limits]\naddress = "fast"\n',
        ['waybill.toml:4: limits.address: must be a rate like "200/second" or "60/5 minutes"'],
    ),
    "proxies that are none": (
        MINIMAL + '[server]\ntrusted_proxies = ["10.0.0.0/24", "proxy"]\n',
        ["waybill.toml:4: server.trusted_proxies: must be addresses or networks, like 10.0.0.5 or 10.0.0.0/24"],
    ),
    "malformed": (MINIMAL + "[server\n", ["waybill.toml:3: malformed TOML: "]),
    "malformed at the end": ('[server]\nhost = """\n', ["waybill.toml:2: malformed TOML: "]),
    "key given twice": (MINIMAL + 'issuer = "http://b"\n', ["waybill.toml:3: malformed TOML: "]),
    "refresh tokens shorter than access tokens": (
        MINIMAL + "refresh_ttl_s = 10\n",
        ["waybill.toml:3: tokens.refresh_ttl_s: must not be shorter than tokens.access_ttl_s"],
    ),
    "a token that outlives its revocation": (
        MINIMAL + "service_ttl_s = 7191\n",
        ["waybill.toml:3: tokens.service_ttl_s: with its leeway it must not exceed 7200"],
    ),
    "unknown level": (MINIMAL + '[log]\nlevel = "LOUD"\n', ["waybill.toml:4: log.level: input should be 'TRACE', "]),
    "two things at once": (
        MINIMAL + "[pool]\nsize = 0\n[orders]\nmax_in_flight = 'x'\n",
        ["waybill.toml:6: orders.max_in_flight: input should be", "waybill.toml:4: pool.size: input should be greater"],
    ),
}


@pytest.mark.parametrize("name", NONSENSE)
def test_nonsense_in_the_file_is_refused_with_its_line(name: str, loader: Loader) -> None:
    text, expected = NONSENSE[name]
    problems = loader.problems(text)
    assert [problem[: len(start)] for problem, start in zip(problems, expected, strict=True)] == expected


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("server.port", "0"), ("server.port", "65536"), ("server.port", "3.5"), ("server.host", '""'),
        ("events.retention_days", "0"),
        ("events.max_unpublished", "0"),
        ("tokens.access_ttl_s", "0"), ("tokens.service_ttl_s", "-5"), ("tokens.refresh_ttl_s", "0"),
        ("tokens.leeway_s", "-1"), ("holds.ttl_s", "0"), ("holds.ttl_s", "inf"), ("holds.sweep_interval_s", "nan"),
        ("orders.max_in_flight", "0"), ("pool.size", "0"), ("limits.failures", "-1"), ("limits.enabled", "2"),
        ("limits.everyone", '"0/second"'), ("limits.everyone", '"-1/second"'), ("limits.everyone", '"9/fortnight"'),
        ("limits.address_failures", '"1/minute;2/hour"'), ("limits.address", '"1/0 seconds"'),
        ("tokens.key_days", "0"), ("tokens.key_days", "1.5"), ("tokens.families", "0"), ("tokens.families", '"all"'),
        ("tokens.revocations_silent_s", "0"), ("tokens.revocations_silent_s", "-1"), ("tokens.revocations_silent_s", "inf"),
        ("server.trusted_proxies", '["*"]'), ("server.trusted_proxies", '["10.0.0.1/24"]'),
    ],
)  # fmt: skip
def test_bounds_hold(key: str, value: str, loader: Loader) -> None:
    problems = loader.problems(f'{key} = {value}\ntokens.issuer = "http://auth"\n')
    assert len(problems) == 1
    assert problems[0].startswith(f"waybill.toml:1: {key}: ")


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({"WAYBILL_EVENTS__BUS": "kafka"}, "WAYBILL_EVENTS__BUS: events.bus: input should be"),
        ({"WAYBILL_MODULES": "sales,salse"}, 'WAYBILL_MODULES: modules: "salse" is no module'),
        ({"WAYBILL_SERVER__PROT": "1"}, "WAYBILL_SERVER__PROT: server.prot: is no setting"),
        ({"WAYBILL_SEVRER__PORT": "1"}, "WAYBILL_SEVRER__PORT: is no setting; they look like"),
        ({"WAYBILL_SERVER": '{"port": 1}'}, "WAYBILL_SERVER: is no setting; they look like"),
        ({"WAYBILL_SERVER__PORT__": "1"}, "WAYBILL_SERVER__PORT__: is no setting; they look like"),
        ({"WAYBILL_SERVER__HOST_FILE": "/dev/null"}, "WAYBILL_SERVER__HOST_FILE: server.host_file: is no setting"),
        ({"WAYBILL_DATABASES__SALSE": "postgresql:///x"}, "WAYBILL_DATABASES__SALSE: databases.salse: is no module"),
        ({"WAYBILL_DATABASES__SALES": "mysql://h/x"}, "WAYBILL_DATABASES__SALES: databases.sales: must be a URL like"),
        ({"WAYBILL_DATABASES__SALES": "postgresql://h"}, "WAYBILL_DATABASES__SALES: databases.sales: must be a URL"),
        ({"WAYBILL_DATABASES__SALES": "postgresql://h:x/y"}, "WAYBILL_DATABASES__SALES: databases.sales: is no well"),
        ({"WAYBILL_DATABASES__SALES": "postgresql://h:1,g:2/y"}, "WAYBILL_DATABASES__SALES: databases.sales: is no we"),
        (
            {"WAYBILL_DATABASES__PRODUCT": "postgresql://another@127.0.0.1:5432/sales"},
            "WAYBILL_DATABASES__PRODUCT: databases.product: is the database of sales; each module has one of its own",
        ),
        (
            {"WAYBILL_DATABASES__SALES": "postgresql:///auth?host=standby.test:5432&host=127.0.0.1"},
            "WAYBILL_DATABASES__SALES: databases.sales: is the database of auth; each module has one of its own",
        ),
        ({"WAYBILL_SECRETS__PEPPER": "short"}, "WAYBILL_SECRETS__PEPPER: secrets.pepper: must have at least 32"),
        ({"WAYBILL_SERVICES__AUTH": new_service_key()}, "WAYBILL_SERVICES__AUTH: services.auth: signs in nowhere; known are"),
        ({"WAYBILL_SERVICES__SALES": "short"}, "WAYBILL_SERVICES__SALES: services.sales: must be a key on P-256 in PEM"),
        (
            {"WAYBILL_SECRETS__PEPPER_BEFORE": "b" * 40},
            "waybill.toml: secrets.pepper_version: is 1, and there is none before; raise it with every new pepper",
        ),
        (
            {"WAYBILL_SECRETS__PEPPER_VERSION": "2", "WAYBILL_SECRETS__PEPPER_BEFORE": "short"},
            "WAYBILL_SECRETS__PEPPER_BEFORE: secrets.pepper_before: must have at least 32",
        ),
        ({"WAYBILL_SECRETS__PEPPER_AFTER": "short"}, "WAYBILL_SECRETS__PEPPER_AFTER: secrets.pepper_after: must have at"),
        ({"WAYBILL_SECRETS__PEPPER_VERSION": "0"}, "WAYBILL_SECRETS__PEPPER_VERSION: secrets.pepper_version: input should"),
        ({"WAYBILL_SECRETS__SALT": "x" * 40}, "WAYBILL_SECRETS__SALT: secrets.salt: is no setting"),
        (
            {"WAYBILL_SECRETS__PEPPER": "", "WAYBILL_SECRETS__PEPPER_FILE": "/nowhere/pepper"},
            "WAYBILL_SECRETS__PEPPER_FILE: its file cannot be read: No such file or directory",
        ),
        (
            {"WAYBILL_SECRETS__PEPPER_FILE": "/nowhere/pepper"},
            "WAYBILL_SECRETS__PEPPER_FILE: WAYBILL_SECRETS__PEPPER is given too; keep one",
        ),
        (
            {"WAYBILL_SECRETS__PEPPER": ""},
            "waybill.toml: secrets.pepper: is missing, and auth is hosted here; set WAYBILL_SECRETS__PEPPER, or",
        ),
        (
            {"WAYBILL_DATABASES__SALES": ""},
            "waybill.toml: databases.sales: is missing, and sales is hosted here; set WAYBILL_DATABASES__SALES, or",
        ),
    ],
)  # fmt: skip
def test_nonsense_in_a_variable_is_refused_with_its_name(env: dict[str, str], expected: str, loader: Loader) -> None:
    (problem,) = loader.problems(MINIMAL, ENV | env)
    assert problem.startswith(expected)


def test_nonsense_on_the_command_line_is_refused_as_such(loader: Loader) -> None:
    assert loader.problems(MINIMAL, server={"port": 0})[0].startswith("command line: server.port: input should be")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[secrets]\npepper = "{}"\n', "waybill.toml:4: secrets.pepper: a secret does not belong in a file"),
        ('[services]\nsales = "{}"\n', "waybill.toml:4: services.sales: a secret does not belong in a file"),
        ('[databases]\nsales = "postgresql://r:{}@h/s"\n', "waybill.toml:4: databases.sales: a secret does not belong"),
        ('databases.sales = "postgresql:///s?password={}"\n', "waybill.toml:3: "),
        ('[events]\nurl = "redis://:{}@h/0"\n', "waybill.toml:4: events.url: a secret does not belong in a file"),
    ],
)
def test_a_secret_in_the_file_is_refused_even_where_a_variable_hides_it(
    text: str, expected: str, loader: Loader
) -> None:
    env = ENV | {"WAYBILL_EVENTS__URL": "redis://h/0"}
    problems = loader.problems(MINIMAL + text.format(PASSWORD * 3), env)
    assert problems[0].startswith(expected)
    assert PASSWORD not in "".join(problems)


def test_a_database_without_a_password_may_stand_in_the_file(loader: Loader) -> None:
    env = {name: value for name, value in ENV.items() if not name.endswith("SALES")}
    settings = loader.load(MINIMAL + '[databases]\nsales = "postgresql://sales@db/sales"\n', env)
    assert settings.databases["sales"].get_secret_value() == "postgresql://sales@db/sales"


@pytest.mark.parametrize(
    "env",
    [
        {"WAYBILL_DATABASES__SALES": f"postgresql://r:{PASSWORD}@h:port/s"},
        {"WAYBILL_DATABASES__SALES": f"postgresql://r:{PASSWORD}@[h/s"},
        {"WAYBILL_DATABASES__SALES": f"host=h password={PASSWORD}"},
        {"WAYBILL_EVENTS__URL": f"redis://:{PASSWORD}@h:99999/0"},
        {"WAYBILL_SECRETS__PEPPER": PASSWORD},
        {"WAYBILL_SECRETS": PASSWORD},
        {"WAYBILL_TOKENS__ISSUER": f"http://me:{PASSWORD}@auth"},
    ],
)
def test_no_error_quotes_a_secret(env: dict[str, str], loader: Loader) -> None:
    with pytest.raises(SettingsError) as refused:
        loader.load(MINIMAL, ENV | env)
    assert PASSWORD not in f"{refused.value} {refused.getrepr(style='long', chain=True)}".replace(repr(ENV | env), "")


def test_no_error_quotes_a_secret_where_settings_are_built_directly() -> None:
    with pytest.raises(ValidationError) as refused:
        Settings(databases={"sales": f"mysql://r:{PASSWORD}@h/s"}, tokens={"issuer": "http://auth"})
    assert PASSWORD not in str(refused.value)


@pytest.mark.parametrize(
    ("content", "expected"), [(None, "cannot be read: No such file or directory"), (b"\xff", "is not UTF-8")]
)
def test_an_unreadable_file_is_refused_with_its_path(content: bytes | None, expected: str, tmp_path: Path) -> None:
    path = tmp_path / "none.toml"
    if content:
        path.write_bytes(content)
    with pytest.raises(SettingsError) as refused:
        load_settings(path, ENV)
    assert str(refused.value) == f"{path}: {expected}"


def test_importing_settings_loads_no_server_and_no_database() -> None:
    code = "import sys, app.settings; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert not loaded & {"fastapi", "starlette", "sqlalchemy", "sqlmodel", "psycopg", "redis", "httpx"}
