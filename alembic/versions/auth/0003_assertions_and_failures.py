"""Clients with keys, assertions that were used, and who failed to be a client."""

import sqlalchemy as sa

from alembic import op

revision = "auth_0003"
down_revision = "auth_0002"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
LIVE = sa.text("retired_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "client_key",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("client_id", sa.Uuid, sa.ForeignKey("client.id", ondelete="CASCADE"), nullable=False),
        sa.Column("slot", sa.Integer, nullable=False),
        sa.Column("kid", sa.String, nullable=False),
        sa.Column("algorithm", sa.String, nullable=False),
        sa.Column("jwk", sa.JSON, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("last_used_at", INSTANT),
        sa.Column("retired_at", INSTANT),
        sa.CheckConstraint("slot IN (1, 2)", name="client_key_slot"),
        sa.CheckConstraint("algorithm IN ('ES256', 'RS256', 'EdDSA')", name="client_key_algorithm"),
    )
    op.create_index("client_key_two_live", "client_key", ["client_id", "slot"], unique=True, postgresql_where=LIVE)
    op.create_index("client_key_once", "client_key", ["client_id", "kid"], unique=True, postgresql_where=LIVE)
    op.create_table(
        "assertion_jti",
        sa.Column("client_id", sa.Uuid, sa.ForeignKey("client.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("jti", sa.String, primary_key=True),
        sa.Column("attempt", sa.Uuid, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.CheckConstraint("char_length(jti) BETWEEN 1 AND 255", name="assertion_jti_length"),
    )
    op.create_index("assertion_jti_expiry", "assertion_jti", ["expires_at"])
    op.alter_column("audit", "client_id", nullable=True)
    op.add_column("audit", sa.Column("kid", sa.String))
    op.create_check_constraint("audit_of_something", "audit", "client_id IS NOT NULL OR kid IS NOT NULL")
    op.create_table(
        "failed_authentication",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("minute", INSTANT, nullable=False),
        sa.Column("client_id", sa.Uuid),
        sa.Column("address", sa.String, nullable=False),
        sa.Column("times", sa.BigInteger, nullable=False),
        sa.Column("last_at", INSTANT, nullable=False),
        sa.CheckConstraint("times > 0", name="failed_authentication_times"),
    )
    op.create_index(
        "failed_authentication_once",
        "failed_authentication",
        ["minute", "client_id", "address"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    op.create_index("failed_authentication_client", "failed_authentication", ["client_id", "minute"])

    op.create_index(
        "signing_key_one_pending",
        "signing_key",
        ["state"],
        unique=True,
        postgresql_where=sa.text("state = 'pending'"),
    )


def downgrade() -> None:
    op.drop_index("signing_key_one_pending", "signing_key")
    op.drop_table("failed_authentication")
    op.drop_constraint("audit_of_something", "audit")
    op.drop_column("audit", "kid")
    op.execute("DELETE FROM audit WHERE client_id IS NULL")
    op.alter_column("audit", "client_id", nullable=False)
    op.drop_table("assertion_jti")
    op.drop_table("client_key")
