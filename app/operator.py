"""The operator's way in: the operator ports of an installation, found in its data folder."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.launcher import CannotStart
from app.secrets_file import read_secrets
from app.supervisor.runfile import RunFile, read_run
from modules.auth.port import AuthOperatorPort
from modules.delivery.port import DeliveryOperatorPort
from modules.product.port import ProductOperatorPort
from modules.sales.port import SalesOperatorPort

if TYPE_CHECKING:
    from app.container import Container

DATABASES = "WAYBILL_DATABASES__"
FOR_OPERATORS = (DATABASES, "WAYBILL_SECRETS__", "WAYBILL_TOKENS__", "WAYBILL_PLACEMENT__")
MONOLITH = Path(__file__).resolve().parent.parent / "config" / "monolith.toml"


@dataclass(frozen=True, slots=True)
class Operator:
    """What an operator can do, per module."""

    auth: AuthOperatorPort
    product: ProductOperatorPort
    sales: SalesOperatorPort
    delivery: DeliveryOperatorPort


def running(data: Path) -> RunFile:
    """What `up` wrote about the system that runs on a data folder.

    Raises:
        CannotStart: nothing runs there.
    """
    run = read_run(data)
    if run is None:
        raise CannotStart(f"Nothing runs on {data}; start it with `waybill up`.")
    return run


def database_urls(data: Path) -> Mapping[str, str]:
    """Where each module's database is: from `WAYBILL_DATABASES__…` where that is set, else from the data folder.

    Raises:
        CannotStart: neither says so, or a file that a variable names cannot be read.
    """
    return _given_databases() or running(data).databases


def _given_databases() -> Mapping[str, str]:
    """The databases that variables name, `…_FILE` included."""
    if not any(name.startswith(DATABASES) and value for name, value in os.environ.items()):
        return {}
    from app.settings.sources import Variables

    variables = Variables({name: value for name, value in os.environ.items() if name.startswith(DATABASES)})
    for name, what in variables.problems.items():
        raise CannotStart(f"{name}: {what}.")
    return {name.upper().removeprefix(DATABASES).lower(): str(url) for name, url in variables.env_vars.items()}


@asynccontextmanager
async def assembled(data: Path) -> "AsyncIterator[Container]":
    """Every module over the databases of an installation, wherever its processes run; nothing is served.

    It is the one that runs on `data`; where none does, the one whose databases and secrets the variables name.

    Raises:
        CannotStart: neither is there, or the variables make no sense.
    """
    environment = _environment(data)
    from app.container import Container  # not before it is known that something runs: it takes a second
    from app.settings import SettingsError, load_settings

    try:
        settings = load_settings(MONOLITH, environment)
    except SettingsError as error:
        raise CannotStart(str(error)) from None
    container = Container(settings=settings)
    try:
        yield container
    finally:
        for database in container.databases():
            await database.close()


def _environment(data: Path) -> Mapping[str, str]:
    run = read_run(data)
    if run is None:
        if not _given_databases():
            raise CannotStart(f"Nothing runs on {data}; start it with `waybill up`.")
        # what tells a process of that installation what it hosts is not for one that acts on all of it
        return {name: value for name, value in os.environ.items() if name.startswith(FOR_OPERATORS)}
    secrets = read_secrets(data)
    return {
        "WAYBILL_SECRETS__PEPPER": secrets.pepper,
        "WAYBILL_SECRETS__KEY_ENCRYPTION_KEY": secrets.key_encryption_key,
        "WAYBILL_TOKENS__ISSUER": run.url("auth"),
        **{f"{DATABASES}{module.upper()}": dsn for module, dsn in run.databases.items()},
        **{f"WAYBILL_PLACEMENT__{module.upper()}": one.url for one in run.processes for module in one.modules},
    }


@asynccontextmanager
async def operating(data: Path) -> AsyncIterator[Operator]:
    """The operator ports, in process, over the databases of the installation in `data`.

    Raises:
        CannotStart: nothing runs there.
    """
    async with assembled(data) as container:
        yield Operator(container.auth(), container.catalogue(), container.orders(), container.delivery())
