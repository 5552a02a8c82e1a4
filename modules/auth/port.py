"""What auth offers: keys and revocations to every service, clients and keys to the operator."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from modules.kernel import rpc
from modules.kernel.errors import Conflict, Invalid, NotFound
from modules.kernel.ids import ClientId

AUDIENCE_PREFIX = "urn:waybill:"
KEYS_PATH = "/.well-known/jwks.json"
"""Where everyone finds the keys. Source: RFC 7517, 5; RFC 8414, 2."""


def audience_urn(word: str) -> str:
    """What a token for the service `word` says in `aud`: `urn:waybill:sales` for `sales`."""
    return AUDIENCE_PREFIX + word


class ClientRefused(Invalid, code="auth.client_refused"):
    """A client like that makes no sense or may not be. `details["errors"]` says why, for each name at fault."""


class NoSuchClient(NotFound, code="auth.client_not_found"):
    """There is no client of that id."""


class NoSuchSecret(NotFound, code="auth.secret_not_found"):
    """The client has no live secret of that id."""


class TwoSecrets(Conflict, code="auth.two_live_secrets"):
    """The client has two live secrets, the most there can be. `details["secrets"]` names them: retire one first."""


class LastCredential(Conflict, code="auth.last_credential"):
    """Without it the client could not sign in: it has no other live secret or key. Give it one, or disable it."""


class KeyRefused(Invalid, code="auth.key_refused"):
    """A key like that can't be a client's. `details["errors"]` says why."""


class NoSuchKey(NotFound, code="auth.key_not_found"):
    """The client has no key of that id."""


class TwoKeys(Conflict, code="auth.two_live_keys"):
    """The client has two live keys, the most there can be. `details["keys"]` names them: retire one first."""


class ServiceClient(Conflict, code="auth.service_client"):
    """It is a service of ours: what it may do follows the release, and it comes back at the next start."""


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


class AuthPort(Protocol):
    """What every service asks of auth, so that it can verify access tokens by itself."""

    @rpc.read()
    async def keys(self) -> Sequence[VerificationKey]:
        """The keys that tokens are or will soon be signed with, and those whose tokens may still be alive."""
        ...

    @rpc.read()
    async def revocations(self, after: int) -> RevocationPage:
        """What was revoked since sequence number `after`: at most 1,000, none ever appears behind one that was read."""
        ...


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


class AuthOperatorPort(Protocol):
    """What the operator does with clients. `actor` is whoever acts, for the record."""

    @rpc.once(raises=(ClientRefused,))
    async def create_client(
        self, actor: str, name: str, scopes: Sequence[str], audiences: Sequence[str], kind: ClientKind
    ) -> ClientCreated:
        """Register a client. Audiences are short words (`sales`); the first one is its default.

        Raises:
            ClientRefused: a scope or audience does not exist, one comes without the other, the scope is not for
                clients of this kind, or the name is empty or too long.
        """
        ...

    @rpc.read(raises=(Invalid,))
    async def list_clients(self, after: ClientId | None = None, limit: int = 50) -> ClientPage:
        """Clients by age, at most `limit` (1 to 200) of them.

        Raises:
            Invalid: `after` is not the id of a client.
        """
        ...

    @rpc.read(raises=(NoSuchClient,))
    async def show_client(self, client_id: ClientId) -> ClientDetail:
        """One client with its live secrets.

        Raises:
            NoSuchClient: there is none of that id.
        """
        ...

    @rpc.idempotent("client_id", raises=(NoSuchClient, ClientRefused, ServiceClient))
    async def update_client(self, actor: str, client_id: ClientId, changes: ClientChanges) -> ClientView:
        """Change a client. Where it may do less than before, every token of its is worth nothing within a second.

        Raises:
            NoSuchClient: there is none of that id.
            ClientRefused: a client like that may not be, as in `create_client`.
            ServiceClient: it is one of our services, and more is to be different than whether it is disabled.
        """
        ...

    @rpc.idempotent("client_id", raises=(NoSuchClient, ServiceClient))
    async def delete_client(self, actor: str, client_id: ClientId) -> None:
        """Forget a client, its secrets and keys; every token of its is worth nothing within a second.

        Raises:
            NoSuchClient: there is none of that id (any more).
            ServiceClient: it is one of our services.
        """
        ...

    @rpc.idempotent("client_id", raises=(NoSuchClient,))
    async def disable_client(self, actor: str, client_id: ClientId) -> ClientView:
        """Let a client sign in no more, and have every token of its be worth nothing within a second.

        Raises:
            NoSuchClient: there is none of that id.
        """
        ...

    @rpc.idempotent("client_id", raises=(NoSuchClient,))
    async def enable_client(self, actor: str, client_id: ClientId) -> ClientView:
        """Let a client sign in again; its tokens from before stay worthless.

        Raises:
            NoSuchClient: there is none of that id.
        """
        ...

    @rpc.once(raises=(NoSuchClient, TwoSecrets))
    async def rotate_secret(self, actor: str, client_id: ClientId) -> SecretCreated:
        """Give a client a second secret beside the one it has; both are good until one is retired.

        Raises:
            NoSuchClient: there is none of that id.
            TwoSecrets: it has two already.
        """
        ...

    @rpc.idempotent("secret_id", raises=(NoSuchClient, NoSuchSecret, LastCredential))
    async def retire_secret(self, actor: str, client_id: ClientId, secret_id: UUID) -> ClientDetail:
        """Have a secret be worth nothing; one that is retired already stays so.

        Raises:
            NoSuchClient: there is none of that id.
            NoSuchSecret: it never had a secret of that id.
            LastCredential: the client has nothing else to sign in with.
        """
        ...

    @rpc.idempotent("public_key", raises=(NoSuchClient, KeyRefused, TwoKeys))
    async def add_key(self, actor: str, client_id: ClientId, public_key: str) -> ClientDetail:
        """Let a client sign in by what it signs with a key; one that it has already is not added again.

        `public_key` is in PEM, or a JWK: on P-256 or Ed25519, or an RSA key of 2,048 to 4,096 bits.

        Raises:
            NoSuchClient: there is none of that id.
            KeyRefused: it is no such key, or a private one.
            TwoKeys: it has two already.
        """
        ...

    @rpc.idempotent("key_id", raises=(NoSuchClient, NoSuchKey, LastCredential))
    async def retire_key(self, actor: str, client_id: ClientId, key_id: UUID) -> ClientDetail:
        """Have a client's key be worth nothing; one that is retired already stays so.

        Raises:
            NoSuchClient: there is none of that id.
            NoSuchKey: it never had a key of that id.
            LastCredential: the client has nothing else to sign in with.
        """
        ...

    @rpc.read()
    async def list_signing_keys(self) -> Sequence[SigningKeyView]:
        """The keys that sign access tokens, those that did lately and those that will, the newest first."""
        ...

    @rpc.once()
    async def rotate_signing_key(self, actor: str, *, compromised: bool = False) -> SigningKeyView:
        """Have another key sign; answers that key. One that waits to sign already is that key.

        It signs when every service has had time to hear of it. Where the present one is `compromised`, it signs at
        once, and whatever the others have signed is refused by every service within two minutes.
        """
        ...
