"""Clients, keys and tokens."""

import sqlalchemy as sa

from alembic import op

revision = "auth_0001"
down_revision = None
branch_labels = None
depends_on = None


INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _clients()
    _secrets()
    _keys()
    _families()
    _refresh_tokens()
    _revocations()


def _clients() -> None:
    op.create_table(
        "client",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("scopes", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("audiences", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("generation", sa.Integer, nullable=False, server_default="1"),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by", sa.String, nullable=False),
        sa.Column("disabled_at", INSTANT),
        sa.CheckConstraint("char_length(name) BETWEEN 1 AND 200", name="client_name"),
        sa.CheckConstraint("kind IN ('customer', 'service')", name="client_kind"),
        sa.CheckConstraint("cardinality(scopes) > 0 AND cardinality(audiences) > 0", name="client_can_do_something"),
        sa.CheckConstraint(
            "kind = 'service' OR NOT 'internal:call' = ANY (scopes)", name="client_internal_is_for_services"
        ),
        sa.CheckConstraint("generation > 0", name="client_generation"),
    )


def _secrets() -> None:
    op.create_table(
        "client_secret",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("client_id", sa.Uuid, sa.ForeignKey("client.id", ondelete="CASCADE"), nullable=False),
        sa.Column("slot", sa.Integer, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("pepper_version", sa.Integer, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("last_used_at", INSTANT),
        sa.Column("retired_at", INSTANT),
        sa.CheckConstraint("slot IN (1, 2)", name="client_secret_slot"),
        sa.CheckConstraint("octet_length(digest) = 32", name="client_secret_digest"),
    )
    op.create_index(
        "client_secret_two_live",
        "client_secret",
        ["client_id", "slot"],
        unique=True,
        postgresql_where=sa.text("retired_at IS NULL"),
    )


def _keys() -> None:
    op.create_table(
        "signing_key",
        sa.Column("kid", sa.String, primary_key=True),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("x", sa.String, nullable=False),
        sa.Column("y", sa.String, nullable=False),
        sa.Column("private_sealed", sa.LargeBinary),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("activated_at", INSTANT),
        sa.Column("retired_at", INSTANT),
        sa.CheckConstraint("state IN ('pending', 'active', 'retiring', 'gone')", name="signing_key_state"),
        sa.CheckConstraint(
            "(state IN ('pending', 'active')) = (private_sealed IS NOT NULL)", name="signing_key_private_while_it_signs"
        ),
    )
    op.create_index(
        "signing_key_one_active",
        "signing_key",
        ["state"],
        unique=True,
        postgresql_where=sa.text("state = 'active'"),
    )


def _families() -> None:
    op.create_table(
        "token_family",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("client_id", sa.Uuid, sa.ForeignKey("client.id", ondelete="CASCADE"), nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("scopes", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("audience", sa.String, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("revoked_at", INSTANT),
        sa.Column("reason", sa.String),
        sa.CheckConstraint("(revoked_at IS NULL) = (reason IS NULL)", name="token_family_revoked_for_a_reason"),
        sa.CheckConstraint("expires_at > created_at", name="token_family_lifetime"),
    )
    op.create_index("token_family_client", "token_family", ["client_id"])
    op.create_index("token_family_expiry", "token_family", ["expires_at"])


def _refresh_tokens() -> None:
    op.create_table(
        "refresh_token",
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("family_id", sa.Uuid, sa.ForeignKey("token_family.id", ondelete="CASCADE"), nullable=False),
        sa.Column("issued_at", INSTANT, nullable=False),
        sa.Column("access_jti", sa.Uuid, nullable=False),
        sa.Column("access_expires_at", INSTANT, nullable=False),
        sa.Column("consumed_at", INSTANT),
        sa.Column("consumed_by", sa.Uuid),
        sa.CheckConstraint("octet_length(digest) = 32", name="refresh_token_digest"),
        sa.CheckConstraint("(consumed_at IS NULL) = (consumed_by IS NULL)", name="refresh_token_consumed_by_someone"),
    )
    op.create_index(
        "refresh_token_one_live",
        "refresh_token",
        ["family_id"],
        unique=True,
        postgresql_where=sa.text("consumed_at IS NULL"),
    )
    op.create_index("refresh_token_family", "refresh_token", ["family_id"])


def _revocations() -> None:
    op.create_table(
        "revocation_counter",
        sa.Column("id", sa.Boolean, primary_key=True),
        sa.Column("last", sa.BigInteger, nullable=False),
        sa.CheckConstraint("id", name="revocation_counter_one_row"),
    )
    op.create_table(
        "revocation",
        sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("family_id", sa.Uuid),
        sa.Column("client_id", sa.Uuid),
        sa.Column("generation", sa.Integer),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("until", INSTANT, nullable=False),
        sa.CheckConstraint(
            "(family_id IS NULL) <> (client_id IS NULL) AND (client_id IS NULL) = (generation IS NULL)",
            name="revocation_of_one_thing",
        ),
    )
    op.create_index("revocation_until", "revocation", ["until"])


def downgrade() -> None:
    for table in (
        "revocation",
        "revocation_counter",
        "refresh_token",
        "token_family",
        "signing_key",
        "client_secret",
        "client",
    ):
        op.drop_table(table)
