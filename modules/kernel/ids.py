"""Names of things: UUIDs that sort by time, and the one that is derived instead."""

import hashlib
from typing import NewType
from uuid import UUID

from uuid_utils.compat import uuid7

ClientId = NewType("ClientId", str)
OrderId = NewType("OrderId", UUID)
HoldId = NewType("HoldId", UUID)
ShipmentId = NewType("ShipmentId", UUID)

__all__ = ["ClientId", "HoldId", "OrderId", "ShipmentId", "new_id", "order_id_for", "service_id"]


def new_id() -> UUID:
    """A fresh UUIDv7: unique, and in the order of creation. Source: RFC 9562, 5.7."""
    return uuid7()


def order_id_for(client_id: ClientId, key: str) -> OrderId:
    """The id of the one order that this client can place under this idempotency key.

    A UUIDv8 over SHA-256, so that every attempt, in whatever process, names the same row. Source: RFC 9562, 5.8.
    """
    return OrderId(_derived(f"{len(client_id)}:{client_id}:{key}"))


def service_id(module: str) -> ClientId:
    """As whom a module of ours signs in to auth: the same client in every installation."""
    return ClientId(str(_derived(f"service:{module}")))


def _derived(name: str) -> UUID:
    digest = bytearray(hashlib.sha256(name.encode()).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x80
    digest[8] = digest[8] & 0x3F | 0x80
    return UUID(bytes=bytes(digest))
