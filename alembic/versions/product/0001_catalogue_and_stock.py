"""Catalogue, stock and holds."""

import sqlalchemy as sa

from alembic import op

revision = "product_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "hold",
        sa.Column("hold_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('held', 'confirmed', 'closed')", name="hold_state"),
        sa.PrimaryKeyConstraint("hold_id"),
    )
    op.create_index(
        "hold_one_open_per_order", "hold", ["order_id"], unique=True, postgresql_where=sa.text("state <> 'closed'")
    )
    op.create_index("hold_to_settle", "hold", ["expires_at"], unique=False, postgresql_where=sa.text("state = 'held'"))
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
        "product",
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("unit_price", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name="product_currency"),
        sa.CheckConstraint("unit_price BETWEEN 0 AND 1000000000000", name="product_unit_price"),
        sa.PrimaryKeyConstraint("sku"),
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
        "hold_line",
        sa.Column("hold_id", sa.Uuid(), nullable=False),
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("shipped", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("released", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("unit_price", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.CheckConstraint(
            "shipped >= 0 AND released >= 0 AND shipped + released <= quantity", name="hold_line_accounted_once"
        ),
        sa.ForeignKeyConstraint(
            ["hold_id"],
            ["hold.hold_id"],
        ),
        sa.PrimaryKeyConstraint("hold_id", "sku"),
    )
    op.create_table(
        "stock",
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("on_hand", sa.BigInteger(), nullable=False),
        sa.Column("held", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("0 <= held AND held <= on_hand", name="stock_never_oversold"),
        sa.ForeignKeyConstraint(
            ["sku"],
            ["product.sku"],
        ),
        sa.PrimaryKeyConstraint("sku"),
    )
    op.create_table(
        "stock_movement",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("on_hand_change", sa.BigInteger(), nullable=False),
        sa.Column("held_change", sa.BigInteger(), nullable=False),
        sa.Column("hold_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.CheckConstraint(
            "kind IN ('receipt', 'count', 'correction', 'hold', 'release', 'ship', 'return', 'write_off')",
            name="stock_movement_kind",
        ),
        sa.ForeignKeyConstraint(
            ["sku"],
            ["stock.sku"],
        ),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("stock_movement_sku", "stock_movement", ["sku"], unique=False)
    # Rows that are updated after they are written find room on their page, and no index needs a new entry.
    for table in ("stock", "hold_line", "inbox_cursor"):
        op.execute(f"ALTER TABLE {table} SET (fillfactor = 70)")


def downgrade() -> None:
    op.drop_index("stock_movement_sku", table_name="stock_movement")
    op.drop_table("stock_movement")
    op.drop_table("stock")
    op.drop_table("hold_line")
    op.drop_table("relay_lease")
    op.drop_table("product")
    op.drop_index("outbox_settled", table_name="outbox", postgresql_where=sa.text("state = 'settled'"))
    op.drop_index("outbox_recorded", table_name="outbox", postgresql_where=sa.text("state = 'recorded'"))
    op.drop_index("outbox_published", table_name="outbox", postgresql_where=sa.text("state = 'published'"))
    op.drop_table("outbox")
    op.drop_index("inbox_parked_due", table_name="inbox_parked", postgresql_where=sa.text("state <> 'dead'"))
    op.drop_table("inbox_parked")
    op.drop_table("inbox_cursor")
    op.drop_index("hold_to_settle", table_name="hold", postgresql_where=sa.text("state = 'held'"))
    op.drop_index("hold_one_open_per_order", table_name="hold", postgresql_where=sa.text("state <> 'closed'"))
    op.drop_table("hold")
