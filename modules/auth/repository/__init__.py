"""Every SQL statement of auth."""

from modules.auth.repository import audit, clients, keys, pruning, revocations, tokens

__all__ = ["audit", "clients", "keys", "pruning", "revocations", "tokens"]
