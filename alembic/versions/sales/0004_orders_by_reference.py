"""An index by which a customer finds its orders by reference, however many it has."""

import sqlalchemy as sa

from alembic import op

revision = "sales_0004"
down_revision = "sales_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "order_of_reference",
        "order",
        ["client_id", "reference", "placed_at", "id"],
        postgresql_where=sa.text("reference IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("order_of_reference", table_name="order", postgresql_where=sa.text("reference IS NOT NULL"))
