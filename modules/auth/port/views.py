"""What auth tells of keys, revocations, clients and their credentials."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from modules.kernel.ids import ClientId


class ClientKind(StrEnum):
    """Who a client is. Only a service may call `/internal/…`, and its tokens live longer."""

    CUSTOMER = "customer"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """The public half of a key that signs access tokens: a point on P-256, each coordinate in base64url.

    Source: RFC 7518, 6.2.1.
    """

    kid: str
    x: str
    y: str


@dataclass(frozen=True, slots=True)
class Revocation:
    """Tokens that are no longer good: those of a family, or those of a client from before `generation`.

    After `until` none of them can be alive any more, so it may be forgotten.
    """

    sequence: int
    until: datetime
    family: UUID | None = None
    client_id: ClientId | None = None
    generation: int | None = None


@dataclass(frozen=True, slots=True)
class RevocationPage:
    """Revocations in the order of their sequence. `complete` says that there were no more at that moment."""

    items: tuple[Revocation, ...]
    complete: bool


@dataclass(frozen=True, slots=True)
class ClientView:
    """A client as the operator sees it. Scopes and audiences by their short words; the first audience is the default."""

    id: ClientId
    name: str
    kind: ClientKind
    scopes: tuple[str, ...]
    audiences: tuple[str, ...]
    created_at: datetime
    created_by: str
    disabled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ClientCreated:
    """A new client and its secret, which is shown this once and stored nowhere."""

    client: ClientView
    client_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SecretView:
    """A live secret as the operator sees it: never what it is, only since when, and when it was last used.

    `last_used_at` is noted once a minute at most.
    """

    id: UUID
    created_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class KeyView:
    """A live public key of a client's. `kid` is what its assertions may name it by, `algorithm` how they are signed."""

    id: UUID
    kid: str
    algorithm: str
    created_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class ClientDetail:
    """A client with its live secrets and keys, the newest first: two of each at most."""

    client: ClientView
    secrets: tuple[SecretView, ...]
    keys: tuple[KeyView, ...] = ()


@dataclass(frozen=True, slots=True)
class SecretCreated:
    """Another secret of a client, which is shown this once and stored nowhere."""

    id: UUID
    client_secret: str = field(repr=False)


class SigningKeyState(StrEnum):
    """The life of a key: published and not used yet, the one that signs, kept for what it signed, of no use any more."""

    PENDING = "pending"
    ACTIVE = "active"
    RETIRING = "retiring"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class SigningKeyView:
    """A key that signs access tokens, as the operator sees it. `next_at` is when its state changes next by itself."""

    kid: str
    state: SigningKeyState
    created_at: datetime
    activated_at: datetime | None
    retired_at: datetime | None
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """What somebody did: `action` to a client, to one of its credentials, or to the key `kid` that signs."""

    at: datetime
    actor: str
    action: str
    client_id: ClientId | None
    credential: UUID | None
    kid: str | None


@dataclass(frozen=True, slots=True)
class FailedAuthentications:
    """How often, in one minute, somebody at `address` failed to be a client; which one, where there is such a client.

    An IPv6 address stands for its network of 64 bits.
    """

    minute: datetime
    client_id: ClientId | None
    address: str
    times: int


@dataclass(frozen=True, slots=True)
class ClientChanges:
    """What is to be different about a client; what is not named stays as it is."""

    name: str | None = None
    scopes: tuple[str, ...] | None = None
    audiences: tuple[str, ...] | None = None
    disabled: bool | None = None


@dataclass(frozen=True, slots=True)
class ClientPage:
    """Some clients, the oldest first. `next` is the `after` of the page that follows, where there is one."""

    items: tuple[ClientView, ...]
    next: ClientId | None = None
