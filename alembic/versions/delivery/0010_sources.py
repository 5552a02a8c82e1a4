"""From when on which source is followed. Those that delivery follows until here it has followed from their first event on."""

import sqlalchemy as sa

from alembic import op

revision = "delivery_0010"
down_revision = "delivery_0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "inbox_source",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("reached", sa.Uuid(), nullable=True),
        sa.Column("adopted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("source"),
    )
    op.execute("INSERT INTO inbox_source (source, adopted_at) VALUES ('/waybill/sales', now())")


def downgrade() -> None:
    op.drop_table("inbox_source")
