"""The business of auth: who may ask for what, which tokens are good, and what is kept of a secret."""

from modules.auth.model.table import AuthTable
from modules.kernel.idempotency import idempotency_table

__all__ = ["metadata"]

metadata = AuthTable.metadata
"""The tables of the auth database."""
idempotency_table(metadata)
