"""The application that uvicorn serves: settings, container, app."""

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from app.launcher import die_with_spawner

if TYPE_CHECKING:
    from fastapi import FastAPI

die_with_spawner()  # a worker ends with its parent; said before the imports below, which take a second


def create() -> "FastAPI":
    """The application that `WAYBILL_CONFIG` and the other variables describe. It notices that its server is told to stop."""
    from app.container import Container
    from app.process import build_app
    from app.settings import load_settings
    from app.telemetry.logs import configure_logs

    settings = load_settings(Path(os.environ.get("WAYBILL_CONFIG", "config/monolith.toml")))
    configure_logs(settings.log.level)
    container = Container(settings=settings)
    container.departure().heed(signal.SIGTERM, signal.SIGINT)
    return build_app(container)
