"""The tables that modules have alike, each in its own database; what is done with them is said in the room of their name.

Only the schema's history and comparison read this: a process that serves knows its tables by its statements, and is
ready sooner without a library that it would load for nothing else.
"""

from sqlmodel import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)


def outbox_tables(metadata: MetaData) -> None:
    """Declare `outbox` and `relay_lease`. Bound: the outbox is pruned by the relay; the lease is one row."""
    instant = DateTime(timezone=True)
    outbox = Table(
        "outbox",
        metadata,
        Column("event_id", Uuid, primary_key=True),
        Column("id", BigInteger, Identity(always=True), nullable=False),
        Column("type", Text, nullable=False),
        Column("subject", Uuid, nullable=False),
        Column("sequence", Integer, nullable=False),
        Column("data", JSON, nullable=False),
        Column("traceparent", Text),
        Column("recorded_at", instant, nullable=False, server_default=text("now()")),
        Column("state", Text, nullable=False, server_default=text("'recorded'")),
        Column("bus", Text),
        Column("stream_id", Text),
        Column("publications", Integer, nullable=False, server_default=text("0")),
        Column("published_at", instant),
        Column("checks", Integer, nullable=False, server_default=text("0")),
        Column("check_at", instant),
        Column("settled_at", instant),
        UniqueConstraint("subject", "sequence", name="outbox_subject_sequence"),
        CheckConstraint("state IN ('recorded', 'published', 'settled')", name="outbox_state"),
    )
    Index("outbox_recorded", outbox.c.id, postgresql_where=text("state = 'recorded'"))
    Index("outbox_published", outbox.c.check_at, postgresql_where=text("state = 'published'"))
    Index("outbox_settled", outbox.c.settled_at, postgresql_where=text("state = 'settled'"))
    Table(
        "relay_lease",
        metadata,
        Column("name", Text, primary_key=True),
        Column("holder", Text, nullable=False),
        Column("token", BigInteger, nullable=False),
        Column("expires_at", instant, nullable=False),
    )


def inbox_tables(metadata: MetaData) -> None:
    """Declare `inbox_source` (a row per source), `inbox_cursor` (a row per subject) and `inbox_parked` (emptied as it is run)."""
    instant = DateTime(timezone=True)
    Table(
        "inbox_source",
        metadata,
        Column("source", Text, primary_key=True),
        Column("begun_at", instant, nullable=False, server_default=text("now()")),
        Column("reached", Uuid),
        Column("adopted_at", instant),
    )
    Table(
        "inbox_cursor",
        metadata,
        Column("source", Text, primary_key=True),
        Column("subject", Uuid, primary_key=True),
        Column("sequence", Integer, nullable=False),
    )
    parked = Table(
        "inbox_parked",
        metadata,
        Column("source", Text, primary_key=True),
        Column("subject", Uuid, primary_key=True),
        Column("sequence", Integer, primary_key=True),
        Column("event", JSON, nullable=False),
        Column("state", Text, nullable=False),
        Column("attempts", Integer, nullable=False),
        Column("next_at", instant, nullable=False),
        Column("error", Text),
        Column("parked_at", instant, nullable=False, server_default=text("now()")),
        CheckConstraint("state IN ('waiting', 'retrying', 'dead')", name="inbox_parked_state"),
    )
    Index("inbox_parked_due", parked.c.next_at, postgresql_where=text("state <> 'dead'"))


def memory_table(metadata: MetaData) -> None:
    """Declare `peer_memory`. Bound: a row for each thing that is remembered, a handful."""
    Table(
        "peer_memory",
        metadata,
        Column("name", Text, primary_key=True),
        Column("number", BigInteger, nullable=False),
        Column("content", JSON, nullable=False),
        Column("remembered_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    )


def idempotency_table(metadata: MetaData) -> None:
    """Declare `idempotency`. Bound: what was asked within 24 hours; `forget` takes the rest away."""
    table = Table(
        "idempotency",
        metadata,
        Column("client_id", Text, primary_key=True),
        Column("key", Text, primary_key=True),
        Column("fingerprint", Text, nullable=False),
        Column("answer", JSON),
        Column("at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    )
    Index("idempotency_at", table.c.at)


def audit_table(metadata: MetaData) -> None:
    """Declare `audit`. Append-only; grows with what people do."""
    table = Table(
        "audit",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
        Column("actor", Text, nullable=False),
        Column("action", Text, nullable=False),
        Column("subject", Text, nullable=False),
        Column("details", JSON, nullable=False),
    )
    Index("audit_subject", table.c.subject, table.c.id)
