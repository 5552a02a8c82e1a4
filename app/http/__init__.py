"""The ASGI application around the modules' routes."""

from app.http.application import create_app
from app.http.health import Health

__all__ = ["Health", "create_app"]
