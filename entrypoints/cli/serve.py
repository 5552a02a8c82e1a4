"""`waybill serve`: one process of a deployment, in the foreground."""

import gc
import os
import signal
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
    "timeout_graceful_shutdown": 5,  # after notice was given; then jobs have 2 s, and closing 0.5
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

    _end_well()
    gc.disable()  # until everything is imported: the collector would walk it again and again, for nothing

    import uvicorn

    from app.schema import bring_up
    from app.settings import SettingsError, load_settings

    try:
        settings = load_settings(config)
    except SettingsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    if os.environ.pop("WAYBILL_MIGRATE", "") == "1":
        for module in settings.modules:
            bring_up(module, settings.databases[module].get_secret_value())
    at: dict[str, Any] = {"host": settings.server.host, "factory": True, "workers": workers, **SERVER}
    at |= _believing(settings.server.trusted_proxies)
    ports = [settings.server.port, *filter(None, [settings.server.internal_port])]
    if len(ports) == workers == 1:
        uvicorn.run(APPLICATION, port=ports[0], **at)
    else:
        _serve_on(ports, at)


def _end_well() -> None:
    """Have a stop be no failure. Uvicorn gives it back when all is done in order; what still waits for a halted server is left."""
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: os._exit(0))


def _believing(proxies: Sequence[str]) -> dict[str, Any]:
    """Take the word of these for whom they ask. Without any, nobody's: uvicorn would trust whoever is on this machine."""
    return {"proxy_headers": bool(proxies), "forwarded_allow_ips": list(proxies)}


def _serve_on(ports: Sequence[int], at: dict[str, Any]) -> None:
    """Serve until SIGTERM on more than one port or by more than one worker, as uvicorn does on one and by one."""
    from uvicorn import Config, Server

    from entrypoints.workers import Workers

    configs = [Config(APPLICATION, port=port, **at) for port in ports]
    sockets = [config.bind_socket() for config in configs]
    if configs[0].workers > 1:
        Workers(configs[0], sockets=sockets).run()
        return
    server = Server(configs[0])
    server.run(sockets)
    if not server.started:
        raise typer.Exit(STARTUP_FAILED)
