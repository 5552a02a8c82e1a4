"""Who did what."""

from datetime import datetime
from uuid import UUID

from modules.kernel.database import Transaction, sql

NOTE = sql("""
    INSERT INTO audit (at, actor, action, client_id, secret_id) VALUES (:now, :actor, :action, :client_id, :secret_id)
""")


async def note(
    transaction: Transaction, actor: str, action: str, client_id: UUID, now: datetime, secret_id: UUID | None = None
) -> None:
    """Write down who did what to a client."""
    await transaction.execute(NOTE, actor=actor, action=action, client_id=client_id, now=now, secret_id=secret_id)
