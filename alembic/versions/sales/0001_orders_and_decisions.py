"""Orders, their history, and what became of holds."""

import sqlalchemy as sa

from alembic import op

revision = "sales_0001"
down_revision = None
branch_labels = None
depends_on = None

STEPS = [
    ("placed", "confirmed"),
    ("placed", "cancelling"),
    ("confirmed", "packed"),
    ("confirmed", "cancelling"),
    ("packed", "partially_shipped"),
    ("packed", "shipped"),
    ("packed", "cancelling"),
    ("cancelling", "placed"),
    ("cancelling", "confirmed"),
    ("cancelling", "packed"),
    ("cancelling", "cancelled"),
    ("partially_shipped", "shipped"),
    ("shipped", "partially_delivered"),
    ("shipped", "delivered"),
    ("shipped", "delivery_failed"),
    ("partially_delivered", "delivered"),
    ("partially_delivered", "delivery_failed"),
    ("delivery_failed", "shipped"),
    ("delivery_failed", "returned"),
    ("delivered", "returned"),
]


def upgrade() -> None:
    op.create_table(
        "hold_decision",
        sa.Column("hold_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("hold_id"),
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
        "order",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("idempotency_key", sa.String(), nullable=True),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("hold_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("ship_to", sa.JSON(), nullable=False),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("metadata", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("event_sequence", sa.Integer(), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("total >= 0", name="order_total"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("client_id", "idempotency_key", name="order_one_per_key"),
        sa.UniqueConstraint("hold_id", name="order_one_per_hold"),
    )
    op.create_index("order_of_client", "order", ["client_id", "placed_at", "id"], unique=False)
    op.create_index("order_placed", "order", ["placed_at", "id"], unique=False)
    op.create_table(
        "order_step",
        sa.Column("from_status", sa.String(), nullable=False),
        sa.Column("to_status", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("from_status", "to_status"),
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
        "order_line",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("unit_price", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("quantity >= 1 AND unit_price >= 0", name="order_line_bounds"),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["order.id"],
        ),
        sa.PrimaryKeyConstraint("order_id", "position"),
    )
    op.create_table(
        "order_shipment",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("shipment_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("carrier", sa.String(), nullable=True),
        sa.Column("tracking_code", sa.String(), nullable=True),
        sa.Column("lines", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["order.id"],
        ),
        sa.PrimaryKeyConstraint("order_id", "part"),
    )
    op.create_table(
        "order_transition",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("from_status", sa.String(), nullable=True),
        sa.Column("to_status", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("sequence > 1 OR to_status = 'placed'", name="order_begins_placed"),
        sa.CheckConstraint("(sequence = 1) = (from_status IS NULL)", name="order_first_step"),
        sa.ForeignKeyConstraint(
            ["from_status", "to_status"], ["order_step.from_status", "order_step.to_status"], name="order_legal_step"
        ),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["order.id"],
        ),
        sa.PrimaryKeyConstraint("order_id", "sequence"),
    )
    steps = sa.table("order_step", sa.column("from_status"), sa.column("to_status"))
    op.bulk_insert(steps, [{"from_status": before, "to_status": after} for before, after in STEPS])
    # Rows that are updated after they are written find room on their page, and no index needs a new entry.
    for table in ('"order"', "order_shipment", "inbox_cursor"):
        op.execute(f"ALTER TABLE {table} SET (fillfactor = 70)")


def downgrade() -> None:
    op.drop_table("order_transition")
    op.drop_table("order_shipment")
    op.drop_table("order_line")
    op.drop_table("relay_lease")
    op.drop_index("outbox_settled", table_name="outbox", postgresql_where=sa.text("state = 'settled'"))
    op.drop_index("outbox_recorded", table_name="outbox", postgresql_where=sa.text("state = 'recorded'"))
    op.drop_index("outbox_published", table_name="outbox", postgresql_where=sa.text("state = 'published'"))
    op.drop_table("outbox")
    op.drop_table("order_step")
    op.drop_index("order_placed", table_name="order")
    op.drop_index("order_of_client", table_name="order")
    op.drop_table("order")
    op.drop_index("inbox_parked_due", table_name="inbox_parked", postgresql_where=sa.text("state <> 'dead'"))
    op.drop_table("inbox_parked")
    op.drop_table("inbox_cursor")
    op.drop_table("hold_decision")
