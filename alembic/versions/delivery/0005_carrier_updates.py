"""What carriers push, and the parcels that they name by a code of theirs."""

import sqlalchemy as sa

from alembic import op

revision = "delivery_0005"
down_revision = "delivery_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "carrier_update",
        sa.Column("carrier", sa.String(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("secret_version", sa.Integer(), nullable=False),
        sa.Column("shipment_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("tracking_code", sa.String(), nullable=True),
        sa.Column("restock", sa.Boolean(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("outcome IN ('applied', 'waiting', 'past', 'impossible')", name="carrier_update_outcome"),
        sa.ForeignKeyConstraint(["shipment_id"], ["shipment.id"]),
        sa.PrimaryKeyConstraint("carrier", "message_id"),
    )
    op.create_index(
        "carrier_update_waiting",
        "carrier_update",
        ["shipment_id"],
        postgresql_where=sa.text("outcome = 'waiting'"),
    )
    op.create_index("carrier_update_received", "carrier_update", ["received_at"])
    op.create_index(
        "shipment_tracked", "shipment", ["tracking_code"], postgresql_where=sa.text("tracking_code IS NOT NULL")
    )


def downgrade() -> None:
    op.drop_index("shipment_tracked", table_name="shipment")
    op.drop_table("carrier_update")
