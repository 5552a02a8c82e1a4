"""Verification without asking anyone, and the loop that keeps it up to date."""

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from joserfc.jwk import ECKey
from loguru import logger

from app.verifier.remembered import Remembered
from app.verifier.revoked import Revoked
from app.verifier.token import Expected, UnknownKey, read_token
from modules.auth.port import AUDIENCE_PREFIX, AuthPort, VerificationKey, audience_urn
from modules.kernel.clock import Clock
from modules.kernel.errors import InvalidToken, NotReached
from modules.kernel.jws import MAX_LENGTH, Unusable
from modules.kernel.principal import Principal

LOOK_FOR_REVOCATIONS_S = 0.25
LOOK_FOR_UNKNOWN_KEY_S = 30.0
# Keys are published long before they sign: whoever looks this often never meets an unknown one.
LOOK_FOR_KEYS_S = 60.0
TOKENS_REMEMBERED = 10_000


class LocalVerifier:
    """Checks access tokens by what this process knows of keys and revocations.

    A token that was checked is remembered by its hash until it is over; whether it was revoked is looked up each time.
    `steady` is a clock that never goes back, in seconds. Once auth is silent for more than `silent_s`, tokens are good
    for reading only: what was revoked meanwhile must not change anything.
    """

    def __init__(
        self,
        issuer: str,
        leeway_s: float,
        clock: Clock,
        *,
        remembered: int = TOKENS_REMEMBERED,
        silent_s: float = math.inf,
        steady: Callable[[], float] = time.monotonic,
        memory: Remembered | None = None,
    ) -> None:
        self._issuer = issuer
        self._leeway = timedelta(seconds=leeway_s)
        self._clock = clock
        self._steady = steady
        self._silent_s = silent_s
        self._memory = memory
        self._published: Sequence[VerificationKey] = ()
        self._recalled = False
        self._keys: dict[str, ECKey] = {}
        self._revoked = Revoked()
        self._remembered = remembered
        self._known: OrderedDict[tuple[bytes, str], tuple[Principal, datetime]] = OrderedDict()
        self._keys_read_at = -math.inf
        self._heard_at = -math.inf
        self._wanted = False

    def verify(self, token: str, audience: str, *, changes: bool = False) -> Principal:
        """The client behind `token`; `audience` is this service, as a short word or as its URN.

        Raises:
            InvalidToken: malformed, expired, tampered with, revoked, or made for another audience.
            NotReached: nothing is known of keys and revocations yet; or nothing new for too long, and the client wants
                to change something.
        """
        if not self.ready:
            raise NotReached("Tokens can't be checked yet: auth has not been heard of.")
        if changes and self.silent_for_s > self._silent_s:
            raise NotReached("Which tokens were revoked has not been heard of for too long: nothing is changed.")
        if len(token) > MAX_LENGTH or not token.isascii():
            raise InvalidToken("The access token is malformed.")
        name = (sha256(token.encode()).digest(), audience)
        now = self._clock.now()
        known = self._known.get(name)
        if known is None or known[1] <= now:
            known = self._check(token, audience, now)
            self._remember(name, known)
        if self._revoked.includes(known[0]):
            raise InvalidToken("The access token was revoked.")
        return known[0]

    @property
    def ready(self) -> bool:
        """Whether it has keys and has heard of every revocation once, now or before this process began."""
        return bool(self._keys) and (self._recalled or self._heard_at > -math.inf)

    @property
    def silent_for_s(self) -> float:
        """For how many seconds auth has not been heard of; infinite before the first time."""
        return self._steady() - self._heard_at

    async def recall(self) -> None:
        """Begin with what was known when a process of this service last heard of auth."""
        if self._memory is not None and (keys := await self._memory.recall(self._revoked)):
            self._trust(keys)
            self._keys_read_at = -math.inf  # of another time: to be asked for soon
            self._recalled = True
            if (heard := self._memory.heard_at) is not None:
                self._heard_at = self._steady() - max(0.0, (self._clock.now() - heard).total_seconds())

    async def follow(self, port: AuthPort, every_s: float = LOOK_FOR_REVOCATIONS_S) -> None:
        """Keep up with auth until cancelled, and with what is known where auth is away."""
        away = False
        while True:
            try:
                await self.learn(port)
            except Exception as error:  # noqa: BLE001  whatever ends this loop would leave revoked tokens good for ever
                if not away:
                    logger.warning("Auth gives no answer, tokens are checked with what is known: {}", error)
                away = True
            else:
                away = False
            await asyncio.sleep(every_s)

    async def learn(self, port: AuthPort) -> None:
        """Ask auth once for what is new: the keys if it is time for them, and every revocation.

        Raises:
            Unavailable: auth gives no answer.
        """
        if self._steady() >= self._keys_due():
            self._trust(await port.keys())
        complete = False
        while not complete:
            page = await port.revocations(self._revoked.sequence)
            self._revoked.heed(page.items)
            complete = page.complete or not page.items
        self._heard_at = self._steady()
        self._revoked.forget(self._clock.now() - self._leeway)
        if self._memory is not None:
            await self._memory.keep(self._published, self._revoked)

    def _keys_due(self) -> float:
        if not self._keys:
            return -math.inf
        return self._keys_read_at + (LOOK_FOR_UNKNOWN_KEY_S if self._wanted else LOOK_FOR_KEYS_S)

    def _trust(self, keys: Sequence[VerificationKey]) -> None:
        trusted = {
            key.kid: self._keys.get(key.kid)
            or ECKey.import_key({"kty": "EC", "crv": "P-256", "x": key.x, "y": key.y, "kid": key.kid})
            for key in keys
        }
        if self._keys.keys() - trusted.keys():
            # What a withdrawn key has signed is no longer good, however recently it was checked.
            self._known.clear()
        self._keys = trusted
        self._published = tuple(keys)
        self._keys_read_at = self._steady()
        self._wanted = False

    def _check(self, token: str, audience: str, now: datetime) -> tuple[Principal, datetime]:
        urn = audience if audience.startswith(AUDIENCE_PREFIX) else audience_urn(audience)
        expected = Expected(self._issuer, urn, now.timestamp(), self._leeway.total_seconds())
        try:
            principal = read_token(token, self._keys, expected)
        except UnknownKey as error:
            self._wanted = True
            raise _refused(error) from error
        except Unusable as error:
            raise _refused(error) from error
        return principal, principal.expires_at + self._leeway

    def _remember(self, name: tuple[bytes, str], known: tuple[Principal, datetime]) -> None:
        self._known[name] = known
        self._known.move_to_end(name)
        if len(self._known) > self._remembered:
            self._known.popitem(last=False)


def _refused(error: Unusable) -> InvalidToken:
    return InvalidToken(f"The access token {error}.")
