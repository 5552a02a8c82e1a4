"""The settings as a whole: what they hold, and when they contradict themselves."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, ValidationError, field_validator, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError
from pydantic_core.core_schema import ValidationInfo
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict
from typing_extensions import override

from app.service_key import is_private
from app.settings.keys import MODULES, SERVICES, Key, Problem, variable
from app.settings.sections import Carriers, Events, Holds, Limits, Log, Orders, Pool, Secrets, Server, Tokens
from app.settings.values import (
    EVERYWHERE,
    LOOPBACK,
    CarrierSecrets,
    Dsn,
    Origin,
    ServiceKey,
    Site,
    listed,
    own_port,
    sites,
)

CARRIER = re.compile(r"[a-z][a-z0-9_]{0,39}")

REVOCATIONS_KEPT_S = 7200
"""Auth tells verifiers of a revocation for two hours; no token may live longer than that."""


class Settings(BaseSettings):
    """Everything a process is told. Constructed by `load_settings`; built directly, it reads nothing from outside."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, env_prefix="WAYBILL_", env_nested_delimiter="__"
    )

    modules: Annotated[tuple[str, ...], NoDecode, BeforeValidator(listed)] = MODULES
    """The modules hosted here; the first named gives the port."""
    placement: Mapping[str, Origin] = Field(default_factory=dict)
    """Where a module is when it is not hosted here."""
    databases: Mapping[str, Dsn] = Field(default_factory=dict)
    services: Mapping[str, ServiceKey] = Field(default_factory=dict)
    """The key with which a module of ours signs in to auth, in PEM: the private one where it is hosted, the public one at
    auth. Needed as soon as any module lives elsewhere."""
    carrier_secrets: Mapping[str, CarrierSecrets] = Field(default_factory=dict)
    """With what a carrier signs the updates that it pushes, by version; two while one takes over from the other."""
    server: Server = Field(default=Server(), validate_default=True)
    events: Events = Events()
    limits: Limits = Limits()
    tokens: Tokens = Field(default_factory=dict, validate_default=True)  # so that the key that is missing is named
    holds: Holds = Holds()
    orders: Orders = Orders()
    carriers: Carriers = Carriers()
    log: Log = Log()
    pool: Pool = Pool()
    secrets: Secrets = Secrets()

    @override
    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take arguments only; `load_settings` brings its own sources."""
        return (init_settings,)

    @field_validator("server")
    @classmethod
    def _listen_where_placed(cls, server: Server, info: ValidationInfo) -> Server:
        """So that a process of a deployment is told its modules and nothing else."""
        modules, placement = info.data.get("modules", ()), info.data.get("placement", {})
        if "port" in server.model_fields_set or set(modules) >= set(MODULES):
            return server
        port = own_port(placement.get(modules[0], "")) if modules else None
        return server.model_copy(update={"port": port}) if port else server

    @model_validator(mode="after")
    def _make_sense(self) -> Self:
        problems = [
            InitErrorDetails(type=PydanticCustomError("nonsense", "{what}", {"what": what}), loc=key, input=None)
            for key, what in contradictions(self)
        ]
        if problems:
            raise ValidationError.from_exception_data("Settings", problems, hide_input=True)
        return self


def contradictions(settings: Settings) -> Iterator[Problem]:
    """What is wrong between settings that are each right by themselves: the key to change, and why."""
    unknown = list(_unknown_modules(settings))
    if unknown:
        yield from unknown
        return  # what follows from a misspelt name is only noise
    yield from _placement(settings)
    if settings.server.internal_port == settings.server.port:
        yield ("server", "internal_port"), "is server.port; it must be another, or be left out"
    yield from _databases(settings)
    yield from _bus(settings)
    if "auth" in settings.modules:
        for name in ("pepper", "key_encryption_key"):
            if getattr(settings.secrets, name) is None:
                yield ("secrets", name), _missing(("secrets", name), "auth")
    if settings.secrets.pepper_before is not None and settings.secrets.pepper_version == 1:
        yield ("secrets", "pepper_version"), "is 1, and there is none before; raise it with every new pepper"
    yield from _services(settings)
    yield from _carriers(settings)
    for name in ("access_ttl_s", "service_ttl_s"):
        if getattr(settings.tokens, name) + settings.tokens.leeway_s > REVOCATIONS_KEPT_S:
            yield (
                ("tokens", name),
                f"with its leeway it must not exceed {REVOCATIONS_KEPT_S}: revocations are kept so long",
            )
    if settings.tokens.refresh_ttl_s < settings.tokens.access_ttl_s:
        yield ("tokens", "refresh_ttl_s"), "must not be shorter than tokens.access_ttl_s"


def _unknown_modules(settings: Settings) -> Iterator[Problem]:
    known = f"known are {', '.join(MODULES)}"
    if not settings.modules:
        yield ("modules",), f"names no module; {known}"
    if len(set(settings.modules)) < len(settings.modules):
        yield ("modules",), "names a module twice"
    for module in settings.modules:
        if module not in MODULES:
            yield ("modules",), f'"{module}" is no module; {known}'
    for section in ("placement", "databases"):
        for module in getattr(settings, section):
            if module not in MODULES:
                yield (section, module), f"is no module; {known}"
    for module in settings.services:
        if module not in SERVICES:
            yield ("services", module), f"signs in nowhere; known are {', '.join(SERVICES)}"


def _missing(key: Key, module: str) -> str:
    return f"is missing, and {module} is hosted here; set {variable(key)}, or {variable(key)}_FILE"


def _elsewhere(settings: Settings) -> list[str]:
    return [module for module in MODULES if module not in settings.modules]


def _placement(settings: Settings) -> Iterator[Problem]:
    here = {sites(url)[0]: module for module, url in settings.placement.items() if module in settings.modules}
    if settings.server.host in LOOPBACK | EVERYWHERE:
        for module in settings.modules:
            here.setdefault(("localhost", settings.server.port), module)
    for module in _elsewhere(settings):
        url = settings.placement.get(module)
        if url is None:
            what = f"{module} is neither hosted here nor placed; host it, or set placement.{module} to its URL"
            yield ("modules",), what
        elif hosted := here.get(sites(url)[0]):
            yield ("placement", module), f"is the URL of {hosted}, which is hosted here while {module} is not"


def _databases(settings: Settings) -> Iterator[Problem]:
    for module in settings.modules:
        if module not in settings.databases:
            yield ("databases", module), _missing(("databases", module), module)
    owners: dict[tuple[Site, str], str] = {}
    for module in sorted(settings.databases, key=MODULES.index):
        url = settings.databases[module].get_secret_value()
        others = {owners.setdefault((site, urlsplit(url).path), module) for site in sites(url)} - {module}
        if others:
            yield ("databases", module), f"is the database of {min(others)}; each module has one of its own"


def _services(settings: Settings) -> Iterator[Problem]:
    """Auth has to know whoever may sign in; a module that calls across a distance has to have a key of its own."""
    if not _elsewhere(settings):
        return
    for module in SERVICES:
        if module not in settings.services and (module in settings.modules or "auth" in settings.modules):
            host = module if module in settings.modules else "auth"
            yield ("services", module), _missing(("services", module), host)
        key = settings.services.get(module)
        if module in settings.modules and key is not None and not is_private(key.get_secret_value()):
            yield ("services", module), f"is a public key; {module} is hosted here and signs in with the private one"


def _carriers(settings: Settings) -> Iterator[Problem]:
    """A carrier that is played has no place where parcels are real."""
    carriers = settings.carriers
    if carriers.kind == "simulated" and not carriers.rehearsal:
        what = 'is "simulated", and its parcels only play; start it by `waybill up --carrier simulated`'
        yield ("carriers", "kind"), f'{what}, and have "manual" here'
    if carriers.rehearsal and settings.server.host not in LOOPBACK:
        yield ("carriers", "rehearsal"), "is for this machine alone, and server.host is for others"
    if carriers.failed + carriers.returned > 1:
        yield ("carriers", "failed"), "with carriers.returned it is more than all parcels"
    for name in settings.carrier_secrets:
        if not CARRIER.fullmatch(name):
            yield ("carrier_secrets", name), "is no name of a carrier; use small letters, digits and _"


def _bus(settings: Settings) -> Iterator[Problem]:
    elsewhere = _elsewhere(settings)
    if settings.events.bus == "in_process" and elsewhere:
        yield ("events", "bus"), f'must be "redis" while modules live elsewhere: {", ".join(elsewhere)}'
    if settings.events.bus == "redis" and settings.events.url is None:
        yield ("events", "url"), 'is missing, and events.bus is "redis"'
