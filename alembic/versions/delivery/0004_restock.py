"""Whether what came back is fit to be sold again."""

import sqlalchemy as sa

from alembic import op

revision = "delivery_0004"
down_revision = "delivery_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("shipment_transition", sa.Column("restock", sa.Boolean, nullable=True))
    op.create_check_constraint(
        "shipment_restock_on_return", "shipment_transition", "restock IS NULL OR to_status = 'returned'"
    )


def downgrade() -> None:
    op.drop_constraint("shipment_restock_on_return", "shipment_transition")
    op.drop_column("shipment_transition", "restock")
