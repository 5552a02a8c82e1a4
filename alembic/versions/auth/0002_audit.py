"""Who changed which client, and when."""

import sqlalchemy as sa

from alembic import op

revision = "auth_0002"
down_revision = "auth_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("action", sa.String, nullable=False),
        sa.Column("client_id", sa.Uuid, nullable=False),
        sa.Column("secret_id", sa.Uuid),
    )
    op.create_index("audit_client", "audit", ["client_id", "id"])


def downgrade() -> None:
    op.drop_table("audit")
