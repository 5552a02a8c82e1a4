"""Every SQL statement of auth."""

from modules.auth.repository import audit, clients, credentials, keys, pruning, revocations, tokens

__all__ = ["audit", "clients", "credentials", "keys", "pruning", "revocations", "tokens"]
