"""The signing keys, unsealed once and kept for a while."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from joserfc.jwk import ECKey

from modules.auth import repository
from modules.auth.model.key import Seal, new_signing_key, signer
from modules.auth.model.token import REMEMBERED
from modules.auth.port import SigningKeyState, SigningKeyView, VerificationKey
from modules.kernel.clock import Clock
from modules.kernel.database import Database
from modules.kernel.errors import NotReached

LOOK_AGAIN = timedelta(seconds=15)
PUBLISHED_FIRST = timedelta(minutes=10)
"""For how long a key is published before it signs: by then every service has asked for the keys several times."""
LISTED = 50


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys as they were at some moment: the one that signs, and all that verifiers should know."""

    active: ECKey
    published: tuple[VerificationKey, ...]
    read_at: datetime


class Keyring:
    """Knows the keys, makes the first one and those that follow. A change is noticed within 15 seconds.

    A key signs for `life`. Before that it is published for ten minutes, and after that for as long as what it signed
    lives.
    """

    def __init__(self, database: Database, seal: Seal, life: timedelta, clock: Clock) -> None:
        self._database = database
        self._seal = seal
        self._life = life
        self._clock = clock
        self._known: Keys | None = None

    async def active(self) -> ECKey:
        """The key to sign with."""
        return (await self._keys()).active

    async def published(self) -> Sequence[VerificationKey]:
        """The keys that verifiers should know."""
        return (await self._keys()).published

    async def turn(self) -> None:
        """Take each key's next step, if its time has come. Several processes may do so at once."""
        now = self._clock.now()
        async with self._database.transaction() as transaction:
            present = _views(await repository.keys.lives(transaction, LISTED), self._life)
            active = next((key for key in present if key.state is SigningKeyState.ACTIVE), None)
            waits = any(key.state is SigningKeyState.PENDING for key in present)
            if active is not None and active.next_at is not None and active.next_at <= now and not waits:
                await repository.keys.add_pending(transaction, new_signing_key(self._seal), now)
            advanced = await repository.keys.advance(transaction, now, now - PUBLISHED_FIRST)
            await repository.keys.forget(transaction, now - REMEMBERED)
        if advanced:
            self._known = None

    async def rotate(self, actor: str, *, compromised: bool) -> SigningKeyView:
        """Have another key sign, soon, or at once and with all others withdrawn."""
        now, key = self._clock.now(), new_signing_key(self._seal)
        async with self._database.transaction() as transaction:
            if compromised:
                await repository.keys.withdraw(transaction, now)
                added = await repository.keys.add_active(transaction, key, now)
            else:
                added = await repository.keys.add_pending(transaction, key, now)
            if added:
                action = "replace_compromised_keys" if compromised else "rotate_key"
                await repository.audit.note(transaction, actor, action, now, kid=key.kid)
            present = _views(await repository.keys.lives(transaction, LISTED), self._life)
        self._known = None
        wanted = SigningKeyState.ACTIVE if compromised else SigningKeyState.PENDING
        return next(one for one in present if one.state is wanted)

    async def list(self) -> Sequence[SigningKeyView]:
        """What became of the keys, the newest first."""
        async with self._database.reading() as reading:
            return _views(await repository.keys.lives(reading, LISTED), self._life)

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


def _views(rows: Sequence[Any], life: timedelta) -> Sequence[SigningKeyView]:
    return [
        SigningKeyView(
            row.kid, SigningKeyState(row.state), row.created_at, row.activated_at, row.retired_at, _next(row, life)
        )
        for row in rows
    ]


def _next(row: Any, life: timedelta) -> datetime | None:
    """When the key takes its next step: signs, has its successor published, or is published no more."""
    after: Mapping[str, tuple[datetime | None, timedelta]] = {
        SigningKeyState.PENDING: (row.created_at, PUBLISHED_FIRST),
        SigningKeyState.ACTIVE: (row.activated_at, life - PUBLISHED_FIRST),
        SigningKeyState.RETIRING: (row.retired_at, REMEMBERED),
    }
    since, wait = after.get(row.state, (None, timedelta()))
    return since and since + wait
