"""Since when an event is parked, for those who look after dead letters."""

import sqlalchemy as sa

from alembic import op

revision = "delivery_0006"
down_revision = "delivery_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "inbox_parked",
        sa.Column("parked_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
    )


def downgrade() -> None:
    op.drop_column("inbox_parked", "parked_at")
