"""What was reported with a key, so that another report under it is told apart in every word."""

import sqlalchemy as sa

from alembic import op

revision = "delivery_0008"
down_revision = "delivery_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("shipment_transition", sa.Column("fingerprint", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("shipment_transition", "fingerprint")
