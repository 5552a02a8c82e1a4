"""Servers that come with the installation, for one machine: nothing to install by hand, nothing left running."""

from app.embedded.cluster import SUPERUSER
from app.embedded.postgres import EmbeddedPostgres
from app.embedded.valkey import EmbeddedValkey

__all__ = ["SUPERUSER", "EmbeddedPostgres", "EmbeddedValkey"]
