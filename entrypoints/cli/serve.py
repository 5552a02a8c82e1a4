"""`waybill serve`: one process of a deployment, in the foreground."""

import gc
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

APPLICATION = "entrypoints.asgi:create"
STARTUP_FAILED = 3  # uvicorn's own code for it
SERVER: dict[str, Any] = {
    "loop": "uvloop",
    "http": "httptools",
    "log_config": None,
    "access_log": False,
    "server_header": False,
    "date_header": False,
    "timeout_graceful_shutdown": 8,
    "timeout_keep_alive": 30,  # longer than our own clients keep a connection, so that none is closed under a request
    "backlog": 2048,
}
"""How uvicorn serves, whatever the settings: our own log, and time for what is in hand when it is told to stop."""


def serve(
    config: Annotated[Path, typer.Option(help="The settings file.")] = Path("config/monolith.toml"),
    modules: Annotated[str | None, typer.Option(help="The modules to host, with commas.")] = None,
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="The port to listen on.")] = None,
    internal_port: Annotated[
        int | None, typer.Option(help="A second port, for our own network: /internal/… and /metrics are only there.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that share the port.")] = 1,
) -> None:
    """Serve the hosted modules until SIGTERM."""
    given = {"WAYBILL_CONFIG": str(config), "WAYBILL_MODULES": modules, "WAYBILL_SERVER__HOST": host}
    given["WAYBILL_SERVER__PORT"] = None if port is None else str(port)
    given["WAYBILL_SERVER__INTERNAL_PORT"] = None if internal_port is None else str(internal_port)
    os.environ.update({name: value for name, value in given.items() if value is not None})

    gc.disable()  # until everything is imported: the collector would walk it again and again, for nothing

    import uvicorn

    from app.settings import SettingsError, load_settings

    try:
        settings = load_settings(config)
    except SettingsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    if os.environ.pop("WAYBILL_MIGRATE", "") == "1":
        _migrate(settings)
    at: dict[str, Any] = {"host": settings.server.host, "factory": True, "workers": workers, **SERVER}
    at |= _believing(settings.server.trusted_proxies)
    if settings.server.internal_port is None:
        uvicorn.run(APPLICATION, port=settings.server.port, **at)
    else:
        _serve_on_two(at, settings.server.port, settings.server.internal_port)


def _believing(proxies: Sequence[str]) -> dict[str, Any]:
    """Take the word of these for whom they ask. Without any, nobody's: uvicorn would trust whoever is on this machine."""
    return {"proxy_headers": bool(proxies), "forwarded_allow_ips": list(proxies)}


def _serve_on_two(at: dict[str, Any], *ports: int) -> None:
    """Serve until SIGTERM on more than one port, as uvicorn does on one."""
    from uvicorn import Config, Server
    from uvicorn.supervisors import Multiprocess

    configs = [Config(APPLICATION, port=port, **at) for port in ports]
    sockets = [config.bind_socket() for config in configs]
    if configs[0].workers > 1:
        Multiprocess(configs[0], sockets=sockets).run()
        return
    server = Server(configs[0])
    server.run(sockets)
    if not server.started:
        raise typer.Exit(STARTUP_FAILED)


def _migrate(settings: object) -> None:
    from app.migrations import Migrations
    from app.settings import Settings

    if not isinstance(settings, Settings):
        raise TypeError(settings)
    for module in settings.modules:
        migrations = Migrations(module, settings.databases[module].get_secret_value())
        migrations.await_database()
        if migrations.current() != migrations.head():
            migrations.upgrade()
        migrations.close()
