"""One JSON object a line, with the request and the trace that a line belongs to."""

import logging
import sys
from contextvars import ContextVar
from typing import Any

import orjson
from loguru import logger

from modules.kernel.events import traceparent

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The request that the work at hand belongs to."""


def configure_logs(level: str) -> None:
    """Write JSON lines to stdout: this program's, and those of the libraries that use `logging`."""
    logger.remove()
    logger.add(_write, level=level, format="{message}", backtrace=False, diagnose=False)
    logging.basicConfig(handlers=[_Forward()], level=logging.WARNING, force=True)


def _write(message: Any) -> None:
    record = message.record
    line = {
        "time": record["time"].isoformat(),
        "level": record["level"].name,
        "message": record["message"],
        "logger": record["name"],
        "request_id": request_id.get(),
        "trace": traceparent.get(),
        **record["extra"],
    }
    if record["exception"] is not None:
        line["exception"] = str(message)[len(record["message"]) :].strip()
    line = {key: value for key, value in line.items() if value is not None}
    sys.stdout.write(orjson.dumps(line, default=str, option=orjson.OPT_APPEND_NEWLINE).decode())
    sys.stdout.flush()


class _Forward(logging.Handler):
    """Takes what libraries log to the same sink."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            level: str | int = logger.level(record.levelname).name
        except ValueError:
            level = record.levelno
        logger.opt(exception=record.exc_info).log(level, "{}", record.getMessage())
