"""The tables of the auth database. Secrets and tokens are in none of them, only what recognises them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import registry
from sqlmodel import (
    ARRAY,
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Field,
    Identity,
    Index,
    LargeBinary,
    SQLModel,
    Text,
)

from modules.kernel.tables import idempotency_table

INSTANT: Any = DateTime(timezone=True)


class AuthTable(SQLModel, registry=registry()):
    """Tables of the auth database."""


class Client(AuthTable, table=True):
    """Someone who may ask for tokens. The first audience is the default. Grows with the business.

    Tokens carry the generation: raising it makes every token from before worthless at once.
    """

    id: UUID = Field(primary_key=True)
    name: str
    kind: str
    scopes: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    audiences: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    generation: int = Field(default=1, sa_column_kwargs={"server_default": text("1")})
    created_at: datetime = Field(sa_type=INSTANT)
    created_by: str
    disabled_at: datetime | None = Field(default=None, sa_type=INSTANT)

    __table_args__ = (
        CheckConstraint("char_length(name) BETWEEN 1 AND 200", name="client_name"),
        CheckConstraint("kind IN ('customer', 'service')", name="client_kind"),
        CheckConstraint("cardinality(scopes) > 0 AND cardinality(audiences) > 0", name="client_can_do_something"),
        CheckConstraint(
            "kind = 'service' OR NOT 'internal:call' = ANY (scopes)", name="client_internal_is_for_services"
        ),
        CheckConstraint("generation > 0", name="client_generation"),
    )


class ClientSecret(AuthTable, table=True):
    """What recognises a client's secret: its HMAC under one version of the pepper. At most two are live.

    A live secret sits in one of two slots, so the database itself refuses a third. Bound: retired ones are pruned.
    """

    __tablename__ = "client_secret"

    id: UUID = Field(primary_key=True)
    client_id: UUID = Field(foreign_key="client.id", ondelete="CASCADE")
    slot: int
    digest: bytes = Field(sa_type=LargeBinary)
    pepper_version: int
    created_at: datetime = Field(sa_type=INSTANT)
    last_used_at: datetime | None = Field(default=None, sa_type=INSTANT)
    retired_at: datetime | None = Field(default=None, sa_type=INSTANT)

    __table_args__ = (
        CheckConstraint("slot IN (1, 2)", name="client_secret_slot"),
        CheckConstraint("octet_length(digest) = 32", name="client_secret_digest"),
        Index("client_secret_two_live", "client_id", "slot", unique=True, postgresql_where=text("retired_at IS NULL")),
    )


class ClientKeyRow(AuthTable, table=True):
    """A public key by which a client's assertions are recognised (`private_key_jwt`). At most two are live.

    Bound: retired ones are pruned.
    """

    __tablename__ = "client_key"

    id: UUID = Field(primary_key=True)
    client_id: UUID = Field(foreign_key="client.id", ondelete="CASCADE")
    slot: int
    kid: str
    algorithm: str
    jwk: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    created_at: datetime = Field(sa_type=INSTANT)
    last_used_at: datetime | None = Field(default=None, sa_type=INSTANT)
    retired_at: datetime | None = Field(default=None, sa_type=INSTANT)

    __table_args__ = (
        CheckConstraint("slot IN (1, 2)", name="client_key_slot"),
        CheckConstraint("algorithm IN ('ES256', 'RS256', 'EdDSA')", name="client_key_algorithm"),
        Index("client_key_two_live", "client_id", "slot", unique=True, postgresql_where=text("retired_at IS NULL")),
        Index("client_key_once", "client_id", "kid", unique=True, postgresql_where=text("retired_at IS NULL")),
    )


class AssertionJti(AuthTable, table=True):
    """An assertion that was used, and by which attempt. Bound: pruned when it is over."""

    __tablename__ = "assertion_jti"

    client_id: UUID = Field(foreign_key="client.id", ondelete="CASCADE", primary_key=True)
    jti: str = Field(primary_key=True)
    attempt: UUID
    expires_at: datetime = Field(sa_type=INSTANT)

    __table_args__ = (
        CheckConstraint("char_length(jti) BETWEEN 1 AND 255", name="assertion_jti_length"),
        Index("assertion_jti_expiry", "expires_at"),
    )


class SigningKey(AuthTable, table=True):
    """A key for access tokens: pending (published), active (signs), retiring (its tokens live), gone.

    The private part is sealed, and there is none left once the key no longer signs for good. Bound: a few a year.
    """

    __tablename__ = "signing_key"

    kid: str = Field(primary_key=True)
    state: str
    x: str
    y: str
    private_sealed: bytes | None = Field(default=None, sa_type=LargeBinary)
    created_at: datetime = Field(sa_type=INSTANT)
    activated_at: datetime | None = Field(default=None, sa_type=INSTANT)
    retired_at: datetime | None = Field(default=None, sa_type=INSTANT)

    __table_args__ = (
        CheckConstraint("state IN ('pending', 'active', 'retiring', 'gone')", name="signing_key_state"),
        CheckConstraint(
            "(state IN ('pending', 'active')) = (private_sealed IS NOT NULL)", name="signing_key_private_while_it_signs"
        ),
        Index("signing_key_one_active", "state", unique=True, postgresql_where=text("state = 'active'")),
        Index("signing_key_one_pending", "state", unique=True, postgresql_where=text("state = 'pending'")),
    )


class TokenFamily(AuthTable, table=True):
    """All tokens that go back to one authentication. It ends at `expires_at`, whatever is rotated until then.

    Bound: pruned after that.
    """

    __tablename__ = "token_family"

    id: UUID = Field(primary_key=True)
    client_id: UUID = Field(foreign_key="client.id", ondelete="CASCADE")
    generation: int
    scopes: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    audience: str
    created_at: datetime = Field(sa_type=INSTANT)
    expires_at: datetime = Field(sa_type=INSTANT)
    revoked_at: datetime | None = Field(default=None, sa_type=INSTANT)
    reason: str | None = None

    __table_args__ = (
        CheckConstraint("(revoked_at IS NULL) = (reason IS NULL)", name="token_family_revoked_for_a_reason"),
        CheckConstraint("expires_at > created_at", name="token_family_lifetime"),
        Index("token_family_client", "client_id"),
        Index("token_family_expiry", "expires_at"),
    )


class RefreshToken(AuthTable, table=True):
    """One link of a family, by the SHA-256 of the token; consumed by the attempt that exchanged it.

    Kept when consumed, so that its reuse is seen. Bound: goes with its family.
    """

    __tablename__ = "refresh_token"

    digest: bytes = Field(sa_type=LargeBinary, primary_key=True)
    family_id: UUID = Field(foreign_key="token_family.id", ondelete="CASCADE")
    issued_at: datetime = Field(sa_type=INSTANT)
    access_jti: UUID
    access_expires_at: datetime = Field(sa_type=INSTANT)
    consumed_at: datetime | None = Field(default=None, sa_type=INSTANT)
    consumed_by: UUID | None = None

    __table_args__ = (
        CheckConstraint("octet_length(digest) = 32", name="refresh_token_digest"),
        CheckConstraint("(consumed_at IS NULL) = (consumed_by IS NULL)", name="refresh_token_consumed_by_someone"),
        Index("refresh_token_one_live", "family_id", unique=True, postgresql_where=text("consumed_at IS NULL")),
        Index("refresh_token_family", "family_id"),
    )


class RevocationCounter(AuthTable, table=True):
    """The one row whose lock gives revocations their numbers: who reads number n has seen all before it."""

    __tablename__ = "revocation_counter"

    id: bool = Field(primary_key=True)
    last: int = Field(sa_type=BigInteger)

    __table_args__ = (CheckConstraint("id", name="revocation_counter_one_row"),)


class RevocationRow(AuthTable, table=True):
    """A family, or all of a client's tokens from before a generation, that are no longer good.

    Bound: pruned after `until`, when none of those tokens can be alive.
    """

    __tablename__ = "revocation"

    sequence: int = Field(sa_type=BigInteger, primary_key=True, sa_column_kwargs={"autoincrement": False})
    family_id: UUID | None = None
    client_id: UUID | None = None
    generation: int | None = None
    at: datetime = Field(sa_type=INSTANT)
    until: datetime = Field(sa_type=INSTANT)

    __table_args__ = (
        CheckConstraint(
            "(family_id IS NULL) <> (client_id IS NULL) AND (client_id IS NULL) = (generation IS NULL)",
            name="revocation_of_one_thing",
        ),
        Index("revocation_until", "until"),
    )


class Audit(AuthTable, table=True):
    """What an operator did to a client or to the keys that sign, and no secret of it.

    Grows with what operators do; it outlives what it is about.
    """

    id: int = Field(sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    at: datetime = Field(sa_type=INSTANT)
    actor: str
    action: str
    client_id: UUID | None = None
    secret_id: UUID | None = None
    kid: str | None = None

    __table_args__ = (
        CheckConstraint("client_id IS NOT NULL OR kid IS NOT NULL", name="audit_of_something"),
        Index("audit_client", "client_id", "id"),
    )


class FailedAuthentication(AuthTable, table=True):
    """How often someone at an address failed to be a client in one minute; without a client where there is none such.

    A row a minute, client and address, however many tries. Bound: pruned after 90 days.
    """

    __tablename__ = "failed_authentication"

    id: int = Field(sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    minute: datetime = Field(sa_type=INSTANT)
    client_id: UUID | None = None
    address: str
    times: int = Field(sa_type=BigInteger)
    last_at: datetime = Field(sa_type=INSTANT)

    __table_args__ = (
        CheckConstraint("times > 0", name="failed_authentication_times"),
        Index(
            "failed_authentication_once",
            "minute",
            "client_id",
            "address",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        Index("failed_authentication_client", "client_id", "minute"),
    )


metadata = AuthTable.metadata
idempotency_table(metadata)
