"""Tokens that come back: to be revoked, or to be told about. Source: RFC 7009; RFC 7662."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from joserfc.jwk import ECKey

from modules.auth import repository
from modules.auth.model.key import ALGORITHM, jwk
from modules.auth.model.secret import REFRESH_TOKEN_PREFIX, refresh_digest
from modules.auth.model.token import REMEMBERED, KnownClient, PresentedToken, Terms
from modules.auth.port import audience_urn
from modules.auth.service.authentication import Authentication, of_those_who_are
from modules.auth.service.keyring import Keyring
from modules.auth.service.request import TokenRefused, TokenRequest, unknown_client
from modules.kernel.clock import Clock
from modules.kernel.database import Database, Transaction
from modules.kernel.jws import Unusable, read_header, read_payload

SEES_ALL = "auth:introspect"
INACTIVE: Mapping[str, Any] = {"active": False}
"""All that is said of a token that is no good, or no business of who asks. Source: RFC 7662, 2.2."""


@dataclass(frozen=True, slots=True)
class Returned:
    """A token of ours that came back: its family, whose it is, until when it is good, and what is told of it."""

    family: UUID
    client_id: UUID
    generation: int
    expires_at: float
    told: Mapping[str, Any]
    spent: bool = False


class Returning:
    """Takes tokens back, and tells about them, to clients that authenticate."""

    def __init__(
        self, database: Database, keyring: Keyring, authentication: Authentication, terms: Terms, clock: Clock
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._authentication = authentication
        self._terms = terms
        self._clock = clock

    async def revoke(self, request: TokenRequest) -> None:
        """End the family of a token, be it a refresh token or an access token; repeating changes nothing more.

        What is no token of ours is passed over: there is nothing to revoke. Source: RFC 7009, 2.2.

        Raises:
            TokenRefused: the client does not authenticate, names no token, or shows another's.
        """
        client, returned = await of_those_who_are(lambda: self._revoked(request))
        owner = _complete(request, client)
        if returned is not None and returned.client_id != owner.id:
            raise TokenRefused("invalid_grant", "The token was issued to another client.")

    async def introspect(self, request: TokenRequest) -> Mapping[str, Any]:
        """What a token is good for now; of another client's only who may see all is told.

        Raises:
            TokenRefused: the client does not authenticate, or names no token.
        """
        now, client, returned, owner, family = await of_those_who_are(lambda: self._found(request))
        asker = _complete(request, client)
        if returned is None or not (returned.client_id == asker.id or SEES_ALL in asker.scopes):
            return INACTIVE
        alive = (
            owner is not None
            and not owner.disabled
            and owner.generation == returned.generation
            and family is not None
            and not family.revoked
            and not returned.spent
            and now.timestamp() < returned.expires_at
        )
        return {"active": True, **returned.told} if alive else INACTIVE

    async def _revoked(self, request: TokenRequest) -> tuple[KnownClient | None, Returned | None]:
        now = self._clock.now()
        async with self._database.transaction() as transaction:
            client = await self._client(transaction, request, now)
            returned = await self._returned(transaction, request) if client else None
            if client and returned and returned.client_id == client.id:
                until = now + REMEMBERED
                await repository.revocations.revoke_families(transaction, [returned.family], "revoked", now, until)
        return client, returned

    async def _found(
        self, request: TokenRequest
    ) -> tuple[datetime, KnownClient | None, Returned | None, KnownClient | None, Any]:
        """When this was found: who asks, about which token, whose it is, and how its family is."""
        now = self._clock.now()
        async with self._database.transaction() as transaction:
            client = await self._client(transaction, request, now)
            returned = await self._returned(transaction, request) if client else None
            owner, family = await self._standing(transaction, returned, now) if returned else (None, None)
        return now, client, returned, owner, family

    async def _client(self, transaction: Transaction, request: TokenRequest, now: datetime) -> KnownClient | None:
        """Who asks. That somebody failed to be a client is kept, so this raises nothing."""
        attested = await self._authentication.attest(transaction, [request], now)
        await self._authentication.note(transaction, attested, now)
        return attested.clients[0]

    @staticmethod
    async def _standing(transaction: Transaction, returned: Returned, now: datetime) -> tuple[KnownClient | None, Any]:
        """Whose the token is, and how its family is."""
        owners = await repository.credentials.clients(transaction, [returned.client_id], now)
        return owners.get(returned.client_id), await repository.tokens.family(transaction, returned.family)

    async def _returned(self, reading: Transaction, request: TokenRequest) -> Returned | None:
        """The token that is named, if it is one of ours. `token_type_hint` is not needed to find it."""
        token = request.parameters.get("token", "")
        if token.startswith(REFRESH_TOKEN_PREFIX):
            digest = refresh_digest(token)
            known = (await repository.tokens.presented(reading, [digest])).get(digest)
            return None if known is None else self._refresh_token(known)
        return await self._access_token(token)

    def _refresh_token(self, known: PresentedToken) -> Returned:
        told = {
            "scope": " ".join(known.scopes),
            "client_id": str(known.client_id),
            "exp": int(known.expires_at.timestamp()),
            "sub": str(known.client_id),
            "aud": audience_urn(known.audience),
            "iss": self._terms.issuer,
        }
        return Returned(
            known.family,
            known.client_id,
            known.generation,
            known.expires_at.timestamp(),
            told,
            spent=known.consumed_by is not None,
        )

    async def _access_token(self, token: str) -> Returned | None:
        keys = {key.kid: ECKey.import_key(dict(jwk(key))) for key in await self._keyring.published()}
        try:
            header = read_header(token)
            key = keys.get(str(header.get("kid")))
            if key is None or header.get("typ") != "at+jwt" or header.get("alg") != ALGORITHM:
                return None
            claims = read_payload(token, key, ALGORITHM)
            if claims.get("iss") != self._terms.issuer:
                return None
            told = {name: claims[name] for name in ("scope", "client_id", "exp", "iat", "sub", "aud", "iss", "jti")}
            told["token_type"] = "Bearer"  # noqa: S105  what kind it is
            return Returned(UUID(claims["fid"]), UUID(claims["client_id"]), claims["gen"], claims["exp"], told)
        except (Unusable, ValueError, TypeError, KeyError, AttributeError):
            return None


def _complete(request: TokenRequest, client: KnownClient | None) -> KnownClient:
    """Who asks, if it may and names a token."""
    if client is None:
        raise unknown_client()
    if "token" not in request.parameters:
        raise TokenRefused("invalid_request", "The parameter token is missing.")
    return client
