"""The signing keys, unsealed once and kept for a while."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from joserfc.jwk import ECKey

from modules.auth import repository
from modules.auth.model.key import Seal, new_signing_key, signer
from modules.auth.port import VerificationKey
from modules.kernel.clock import Clock
from modules.kernel.database import Database
from modules.kernel.errors import NotReached

LOOK_AGAIN = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys as they were at some moment: the one that signs, and all that verifiers should know."""

    active: ECKey
    published: tuple[VerificationKey, ...]
    read_at: datetime


class Keyring:
    """Knows the keys; makes the first one. A change of keys is noticed within 15 seconds."""

    def __init__(self, database: Database, seal: Seal, clock: Clock) -> None:
        self._database = database
        self._seal = seal
        self._clock = clock
        self._known: Keys | None = None

    async def active(self) -> ECKey:
        """The key to sign with."""
        return (await self._keys()).active

    async def published(self) -> Sequence[VerificationKey]:
        """The keys that verifiers should know."""
        return (await self._keys()).published

    async def _keys(self) -> Keys:
        now = self._clock.now()
        known = self._known
        if known is None or now - known.read_at > LOOK_AGAIN:
            try:
                known = self._known = await self._read(now)
            except NotReached:
                # Verifiers can do with the keys of a moment ago; whoever wants tokens hears from the database itself.
                if known is None:
                    raise
        return known

    async def _read(self, now: datetime) -> Keys:
        async with self._database.reading() as reading:
            stored = await repository.keys.known(reading)
            if all(state != "active" for state, _ in stored):
                await repository.keys.add_active(reading, new_signing_key(self._seal), now)
                stored = await repository.keys.known(reading)
        signing = next(key for state, key in stored if state == "active")
        if self._known is not None and self._known.active.kid == signing.kid:
            active = self._known.active
        else:
            active = signer(self._seal, signing)
        return Keys(active, tuple(key.public for _, key in stored), now)
