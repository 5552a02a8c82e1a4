"""What auth can be asked."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from modules.auth.port.refusals import (
    ClientRefused,
    KeyRefused,
    LastCredential,
    NoSuchClient,
    NoSuchKey,
    NoSuchSecret,
    ServiceClient,
    TwoKeys,
    TwoSecrets,
)
from modules.auth.port.views import (
    AuditEntry,
    ClientChanges,
    ClientCreated,
    ClientDetail,
    ClientKind,
    ClientPage,
    ClientView,
    FailedAuthentications,
    RevocationPage,
    SecretCreated,
    SigningKeyView,
    VerificationKey,
)
from modules.kernel import rpc
from modules.kernel.errors import Invalid
from modules.kernel.ids import ClientId


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

    @rpc.once(raises=(NoSuchClient, TwoSecrets, ServiceClient))
    async def rotate_secret(self, actor: str, client_id: ClientId) -> SecretCreated:
        """Give a client a second secret beside the one it has; both are good until one is retired.

        Raises:
            NoSuchClient: there is none of that id.
            TwoSecrets: it has two already.
            ServiceClient: it is one of our services: whoever had a secret of its could be it.
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

    @rpc.idempotent("public_key", raises=(NoSuchClient, KeyRefused, TwoKeys, ServiceClient))
    async def add_key(self, actor: str, client_id: ClientId, public_key: str) -> ClientDetail:
        """Let a client sign in by what it signs with a key; one that it has already is not added again.

        `public_key` is in PEM, or a JWK: on P-256 or Ed25519, or an RSA key of 2,048 to 4,096 bits.

        Raises:
            NoSuchClient: there is none of that id.
            KeyRefused: it is no such key, or a private one.
            TwoKeys: it has two already.
            ServiceClient: it is one of our services, whose keys come with their settings.
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

    @rpc.read(raises=(NoSuchClient,))
    async def list_changes(self, client_id: ClientId | None = None, limit: int = 50) -> Sequence[AuditEntry]:
        """What operators did lately, to one client or at all, the newest first; at most `limit` (1 to 200).

        Of a client that was deleted it is still known.

        Raises:
            NoSuchClient: that is no id of a client.
        """
        ...

    @rpc.read(raises=(NoSuchClient,))
    async def list_failures(
        self, client_id: ClientId | None = None, limit: int = 50
    ) -> Sequence[FailedAuthentications]:
        """Who failed to be a client lately, one or any, the newest first; at most `limit` (1 to 200) minutes and places.

        Raises:
            NoSuchClient: that is no id of a client.
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
