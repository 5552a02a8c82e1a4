"""The application that uvicorn serves: settings, container, app."""

import os
from pathlib import Path

from fastapi import FastAPI

from app.container import Container
from app.process import build_app
from app.settings import load_settings
from app.telemetry.logs import configure_logs


def create() -> FastAPI:
    """The application that `WAYBILL_CONFIG` and the other variables describe."""
    settings = load_settings(Path(os.environ.get("WAYBILL_CONFIG", "config/monolith.toml")))
    configure_logs(settings.log.level)
    return build_app(Container(settings=settings))
