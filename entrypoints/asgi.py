"""The application that uvicorn serves: settings, container, app."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from app.launcher import die_with_spawner

if TYPE_CHECKING:
    from fastapi import FastAPI

    from app.settings import Settings

die_with_spawner()  # a worker ends with its parent; said before the imports below, which take a second


def create() -> "FastAPI":
    """The application that `WAYBILL_CONFIG` and the other variables describe."""
    from app.container import Container
    from app.process import build_app
    from app.settings import load_settings
    from app.telemetry.logs import configure_logs

    settings = load_settings(Path(os.environ.get("WAYBILL_CONFIG", "config/monolith.toml")))
    refuse_other_placements(settings)
    configure_logs(settings.log.level)
    return build_app(Container(settings=settings))


def refuse_other_placements(settings: "Settings") -> None:
    """Refuse what the settings can say already and this version does not serve yet.

    Raises:
        SettingsError: they ask for another placement than one process.
    """
    from app.settings import MODULES, SettingsError

    if set(settings.modules) != set(MODULES) or settings.events.bus != "in_process":
        raise SettingsError(["modules: this version serves all four modules in one process, with the in-process bus"])
