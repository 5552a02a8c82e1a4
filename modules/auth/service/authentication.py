"""Whether a client is who it says it is: by a secret, or by what it signed."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from modules.auth import repository
from modules.auth.model.assertion import Asserted, Assertion, read_assertion
from modules.auth.model.client_key import StoredKey
from modules.auth.model.secret import Peppers, StoredSecret
from modules.auth.model.token import KnownClient, Terms
from modules.auth.service.request import TokenRequest
from modules.kernel.database import ConstraintViolated, Transaction
from modules.kernel.jws import Unusable

_T = TypeVar("_T")


@dataclass(slots=True)
class Attested:
    """Who sent each request of a batch, none where that is nobody, and what is to be written down about it."""

    clients: list[KnownClient | None]
    failures: Counter[tuple[UUID | None, str]] = field(default_factory=Counter)
    used_secrets: set[UUID] = field(default_factory=set)
    used_keys: set[UUID] = field(default_factory=set)
    renewed: dict[UUID, bytes] = field(default_factory=dict)


OF_A_CLIENT = "_client_id_fkey"
"""How the constraints are called by which a row is of a client that there is."""


async def of_those_who_are(work: Callable[[], Awaitable[_T]]) -> _T:
    """What `work`, a transaction, comes to; anew where a client was deleted while it ran, and is nobody by then."""
    while True:
        try:
            return await work()
        except ConstraintViolated as refused:
            if not refused.constraint.endswith(OF_A_CLIENT):
                raise


class Authentication:
    """Recognises clients, whatever a batch of theirs asks for."""

    def __init__(self, peppers: Peppers, terms: Terms) -> None:
        self._peppers = peppers
        self._audiences = (terms.issuer, terms.token_endpoint)
        self._leeway_s = terms.leeway.total_seconds()

    async def attest(self, transaction: Transaction, requests: Sequence[TokenRequest], now: datetime) -> Attested:
        """Who sent which request. An assertion is used up by this, whatever becomes of its request.

        It costs the same whatever is wrong with a secret.
        """
        ids = sorted({request.client_id for request in requests if request.client_id})
        known = await repository.credentials.clients(transaction, ids, now)
        asserting = sorted({one.client_id for one in requests if one.assertion is not None and one.client_id in known})
        keys = await repository.credentials.keys(transaction, asserting, now) if asserting else {}
        attested, proofs = Attested([]), self._proofs(requests, known, keys, now)
        spent = await self._spent(transaction, requests, proofs)
        for request, proof in zip(requests, proofs, strict=True):
            client = known.get(request.client_id) if request.client_id else None
            used_up = isinstance(proof, Assertion) and request.drawn.attempt not in spent
            if client is None or client.disabled or proof is None or used_up:
                attested.failures[client.id if client else None, request.address] += 1
                attested.clients.append(None)
                continue
            self._notice(attested, request, client, proof)
            attested.clients.append(client)
        return attested

    async def note(self, transaction: Transaction, attested: Attested, now: datetime) -> None:
        """Write down what was used, and what failed."""
        used = sorted(attested.used_secrets), sorted(attested.used_keys)
        await repository.credentials.notice(transaction, *used, now)
        if attested.renewed:
            await repository.credentials.renew(transaction, attested.renewed, self._peppers.current)
        if attested.failures:
            await repository.audit.failed(transaction, attested.failures, now)

    def _proofs(
        self,
        requests: Sequence[TokenRequest],
        known: Mapping[UUID, KnownClient],
        keys: Mapping[UUID, Sequence[StoredKey]],
        now: datetime,
    ) -> list[StoredSecret | Assertion | None]:
        proofs: list[StoredSecret | Assertion | None] = []
        for request in requests:
            client = known.get(request.client_id) if request.client_id else None
            if request.assertion is None:
                proofs.append(self._peppers.recognise(request.client_secret, client.secrets if client else ()))
            else:
                proofs.append(self._asserted(request.assertion, client, keys.get(client.id, ()) if client else (), now))
        return proofs

    def _asserted(
        self, assertion: str, client: KnownClient | None, keys: Sequence[StoredKey], now: datetime
    ) -> Assertion | None:
        name = str(client.id) if client else ""
        try:
            return read_assertion(assertion, keys, Asserted(name, self._audiences, now.timestamp(), self._leeway_s))
        except Unusable:
            return None

    @staticmethod
    async def _spent(
        transaction: Transaction, requests: Sequence[TokenRequest], proofs: Sequence[StoredSecret | Assertion | None]
    ) -> frozenset[UUID]:
        rows = [
            {
                "client": request.client_id,
                "jti": proof.jti,
                "attempt": request.drawn.attempt,
                "expires_at": proof.expires_at,
            }
            for request, proof in zip(requests, proofs, strict=True)
            if isinstance(proof, Assertion)
        ]
        return await repository.credentials.spend(transaction, rows) if rows else frozenset()

    def _notice(
        self, attested: Attested, request: TokenRequest, client: KnownClient, proof: StoredSecret | Assertion
    ) -> None:
        if isinstance(proof, Assertion):
            if proof.key.unnoticed:
                attested.used_keys.add(proof.key.id)
            return
        if proof.id in client.unnoticed:
            attested.used_secrets.add(proof.id)
        if proof.pepper_version < self._peppers.current:
            attested.renewed[proof.id] = self._peppers.digest(request.client_secret, self._peppers.current)
