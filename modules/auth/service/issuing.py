"""Token requests, answered by the batch: load, let the grants decide, store, sign."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from joserfc import jwt
from joserfc.jwk import ECKey

from modules.auth import repository
from modules.auth.model.key import ALGORITHM
from modules.auth.model.token import REMEMBERED, Issue, Terms
from modules.auth.service.authentication import Attested, Authentication, of_those_who_are
from modules.auth.service.grant import Asked, Grants, Reused, invalid_grant
from modules.auth.service.keyring import Keyring
from modules.auth.service.request import TokenRefused, TokenRequest
from modules.kernel.clock import Clock
from modules.kernel.database import Database, Transaction
from modules.kernel.errors import NotReached, Unavailable


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """What a client gets. Source: RFC 6749, 5.1."""

    access_token: str = field(repr=False)
    token_type: str
    expires_in: int
    refresh_token: str = field(repr=False)
    scope: str


Outcome = TokenAnswer | TokenRefused


@dataclass(slots=True)
class _Batch:
    """What is decided so far of each request, by its place, and what is to be stored besides."""

    attested: Attested
    outcomes: list[Issue | TokenRefused] = field(default_factory=list)
    reused: set[UUID] = field(default_factory=set)

    def issues(self, *, refreshed: bool) -> list[Issue]:
        """What is to be issued, to those who refresh or to those who begin."""
        found = [outcome for outcome in self.outcomes if isinstance(outcome, Issue)]
        return [issue for issue in found if (issue.spends is not None) == refreshed]

    def refuse(self, lost: Sequence[Issue]) -> None:
        """Take back what these were to get."""
        self.outcomes = [invalid_grant() if outcome in lost else outcome for outcome in self.outcomes]


class Issuing:
    """Issues tokens, durably and at most once per request."""

    def __init__(
        self, database: Database, keyring: Keyring, authentication: Authentication, terms: Terms, clock: Clock
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._authentication = authentication
        self._grants = Grants(terms)
        self._terms = terms
        self._clock = clock

    async def issue(self, requests: Sequence[TokenRequest]) -> Sequence[Outcome]:
        """One outcome per request, in order; one bad request never fails its neighbours.

        Repeating a request object stores and answers the same.

        Raises:
            Unavailable: the database gave no answer, twice.
        """
        key = await self._keyring.active()
        try:
            outcomes = await self._settle(requests)
        except NotReached:
            raise
        except Unavailable as lost:
            outcomes = await self._settle_again(requests, lost)
        return [self._answer(one, key) if isinstance(one, Issue) else one for one in outcomes]

    async def _settle_again(
        self, requests: Sequence[TokenRequest], lost: Unavailable
    ) -> Sequence[Issue | TokenRefused]:
        """Find out what became of a COMMIT whose answer was lost: the same attempts are never taken for theft."""
        try:
            return await self._settle(requests)
        except NotReached:
            # True of this try, but not of the first.
            raise lost from None

    async def _settle(self, requests: Sequence[TokenRequest]) -> Sequence[Issue | TokenRefused]:
        return await of_those_who_are(lambda: self._settled(requests))

    async def _settled(self, requests: Sequence[TokenRequest]) -> Sequence[Issue | TokenRefused]:
        now = self._clock.now()
        async with self._database.transaction() as transaction:
            batch = await self._decide(transaction, requests, now)
            await self._store(transaction, batch, now)
        return batch.outcomes

    async def _decide(self, transaction: Transaction, requests: Sequence[TokenRequest], now: datetime) -> _Batch:
        batch = _Batch(await self._authentication.attest(transaction, requests, now))
        # What nobody presents is not looked for.
        digests = {
            request.presented
            for request, client in zip(requests, batch.attested.clients, strict=True)
            if client and request.presented
        }
        presented = await repository.tokens.presented(transaction, sorted(digests))
        for request, client in zip(requests, batch.attested.clients, strict=True):
            asked = Asked(request, client, presented.get(request.presented) if request.presented else None, now)
            try:
                batch.outcomes.append(self._grants.decide(asked))
            except Reused as reuse:
                batch.reused.add(reuse.family)
                batch.outcomes.append(invalid_grant())
            except TokenRefused as refused:
                batch.outcomes.append(refused)
        return batch

    async def _store(self, transaction: Transaction, batch: _Batch, now: datetime) -> None:
        if begun := batch.issues(refreshed=False):
            await repository.tokens.found_families(transaction, begun, now)
        if refreshed := batch.issues(refreshed=True):
            await self._rotate(transaction, batch, refreshed, now)
        if batch.reused:
            until = now + REMEMBERED
            await repository.revocations.revoke_families(transaction, sorted(batch.reused), "reuse", now, until)
        await self._authentication.note(transaction, batch.attested, now)

    async def _rotate(self, transaction: Transaction, batch: _Batch, refreshed: Sequence[Issue], now: datetime) -> None:
        won = await repository.tokens.rotate(transaction, refreshed, batch.reused, now)
        lost = [issue for issue in refreshed if issue.drawn.attempt not in won]
        if not lost:
            return
        tokens = await repository.tokens.presented(transaction, [issue.spends for issue in lost if issue.spends])
        refused = []
        for issue in lost:
            token = tokens.get(issue.spends) if issue.spends else None
            if token is None or token.revoked or token.consumed_by is None:
                refused.append(issue)
            elif token.consumed_by != issue.drawn.attempt:
                refused.append(issue)
                batch.reused.add(token.family)
        batch.refuse(refused)

    def _answer(self, issue: Issue, key: ECKey) -> TokenAnswer:
        header = {"alg": ALGORITHM, "typ": "at+jwt", "kid": key.kid}
        token = jwt.encode(header, issue.claims(self._terms.issuer), key, algorithms=[ALGORITHM])
        return TokenAnswer(token, "Bearer", issue.expires_in, issue.drawn.refresh_token, " ".join(issue.scopes))
