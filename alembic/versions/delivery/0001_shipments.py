"""Shipments and their history."""

import sqlalchemy as sa

from alembic import op

revision = "delivery_0001"
down_revision = None
branch_labels = None
depends_on = None

STEPS = [
    ("pending", "packed"),
    ("pending", "cancelled"),
    ("packed", "dispatched"),
    ("packed", "cancelled"),
    ("dispatched", "in_transit"),
    ("dispatched", "failed"),
    ("in_transit", "delivered"),
    ("in_transit", "failed"),
    ("failed", "in_transit"),
    ("failed", "returned"),
    ("delivered", "returned"),
]


def upgrade() -> None:
    op.create_table(
        "fulfilment",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("hold_id", sa.Uuid(), nullable=False),
        sa.Column("event_sequence", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("order_id"),
    )
    op.create_table(
        "inbox_cursor",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("source", "subject"),
    )
    op.create_table(
        "inbox_parked",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("event", sa.JSON(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'retrying', 'dead')", name="inbox_parked_state"),
        sa.PrimaryKeyConstraint("source", "subject", "sequence"),
    )
    op.create_index(
        "inbox_parked_due", "inbox_parked", ["next_at"], unique=False, postgresql_where=sa.text("state <> 'dead'")
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("traceparent", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'recorded'"), nullable=False),
        sa.Column("bus", sa.Text(), nullable=True),
        sa.Column("stream_id", sa.Text(), nullable=True),
        sa.Column("publications", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("checks", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("check_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('recorded', 'published', 'settled')", name="outbox_state"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("subject", "sequence", name="outbox_subject_sequence"),
    )
    op.create_index(
        "outbox_published", "outbox", ["check_at"], unique=False, postgresql_where=sa.text("state = 'published'")
    )
    op.create_index("outbox_recorded", "outbox", ["id"], unique=False, postgresql_where=sa.text("state = 'recorded'"))
    op.create_index(
        "outbox_settled", "outbox", ["settled_at"], unique=False, postgresql_where=sa.text("state = 'settled'")
    )
    op.create_table(
        "relay_lease",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "shipment_step",
        sa.Column("from_status", sa.String(), nullable=False),
        sa.Column("to_status", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("from_status", "to_status"),
    )
    op.create_table(
        "shipment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("carrier", sa.String(), nullable=True),
        sa.Column("tracking_code", sa.String(), nullable=True),
        sa.Column("ship_to", sa.JSON(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["fulfilment.order_id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("order_id", "part", name="shipment_one_per_part"),
    )
    op.create_index("shipment_opened", "shipment", ["opened_at", "id"], unique=False)
    op.create_table(
        "shipment_line",
        sa.Column("shipment_id", sa.Uuid(), nullable=False),
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity >= 1", name="shipment_line_quantity"),
        sa.ForeignKeyConstraint(
            ["shipment_id"],
            ["shipment.id"],
        ),
        sa.PrimaryKeyConstraint("shipment_id", "sku"),
    )
    op.create_table(
        "shipment_transition",
        sa.Column("shipment_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("from_status", sa.String(), nullable=True),
        sa.Column("to_status", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("key", sa.String(), nullable=True),
        sa.CheckConstraint("sequence > 1 OR to_status = 'pending'", name="shipment_begins_pending"),
        sa.CheckConstraint("(sequence = 1) = (from_status IS NULL)", name="shipment_first_step"),
        sa.ForeignKeyConstraint(
            ["from_status", "to_status"],
            ["shipment_step.from_status", "shipment_step.to_status"],
            name="shipment_legal_step",
        ),
        sa.ForeignKeyConstraint(
            ["shipment_id"],
            ["shipment.id"],
        ),
        sa.PrimaryKeyConstraint("shipment_id", "sequence"),
        sa.UniqueConstraint("shipment_id", "key", name="shipment_transition_once"),
    )
    steps = sa.table("shipment_step", sa.column("from_status"), sa.column("to_status"))
    op.bulk_insert(steps, [{"from_status": before, "to_status": after} for before, after in STEPS])
    # Rows that are updated after they are written find room on their page, and no index needs a new entry.
    for table in ("shipment", "fulfilment", "inbox_cursor"):
        op.execute(f"ALTER TABLE {table} SET (fillfactor = 70)")


def downgrade() -> None:
    op.drop_table("shipment_transition")
    op.drop_table("shipment_line")
    op.drop_index("shipment_opened", table_name="shipment")
    op.drop_table("shipment")
    op.drop_table("shipment_step")
    op.drop_table("relay_lease")
    op.drop_index("outbox_settled", table_name="outbox", postgresql_where=sa.text("state = 'settled'"))
    op.drop_index("outbox_recorded", table_name="outbox", postgresql_where=sa.text("state = 'recorded'"))
    op.drop_index("outbox_published", table_name="outbox", postgresql_where=sa.text("state = 'published'"))
    op.drop_table("outbox")
    op.drop_index("inbox_parked_due", table_name="inbox_parked", postgresql_where=sa.text("state <> 'dead'"))
    op.drop_table("inbox_parked")
    op.drop_table("inbox_cursor")
    op.drop_table("fulfilment")
