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
        CannotStart: neither says so.
    """
    given = {
        name.removeprefix("WAYBILL_DATABASES__").lower(): value
        for name, value in os.environ.items()
        if name.startswith("WAYBILL_DATABASES__")
    }
    return given or running(data).databases


@asynccontextmanager
async def assembled(data: Path) -> "AsyncIterator[Container]":
    """Every module over the databases of the installation in `data`, wherever its processes run; nothing is served.

    Raises:
        CannotStart: nothing runs there.
    """
    run, secrets = running(data), read_secrets(data)
    from app.container import Container  # not before it is known that something runs: it takes a second
    from app.settings import load_settings

    environment = {
        "WAYBILL_SECRETS__PEPPER": secrets.pepper,
        "WAYBILL_SECRETS__KEY_ENCRYPTION_KEY": secrets.key_encryption_key,
        "WAYBILL_TOKENS__ISSUER": run.url("auth"),
        **{f"WAYBILL_DATABASES__{module.upper()}": dsn for module, dsn in run.databases.items()},
    }
    container = Container(settings=load_settings(MONOLITH, environment))
    try:
        yield container
    finally:
        for database in container.databases():
            await database.close()


@asynccontextmanager
async def operating(data: Path) -> AsyncIterator[Operator]:
    """The operator ports, in process, over the databases of the installation in `data`.

    Raises:
        CannotStart: nothing runs there.
    """
    async with assembled(data) as container:
        yield Operator(container.auth(), container.catalogue(), container.orders(), container.delivery())
