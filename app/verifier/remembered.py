"""What auth said last, in a module's own database: a service may start, and verify, while auth is away."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from loguru import logger
from pydantic import TypeAdapter, ValidationError

from app.verifier.revoked import Revoked
from modules.auth.port import Revocation, VerificationKey
from modules.kernel.clock import Clock
from modules.kernel.errors import Unavailable
from modules.kernel.memory import Memory

KEYS, REVOCATIONS, HEARD = "auth.keys", "auth.revocations", "auth.heard"
HEARD_NOTED_EVERY = timedelta(seconds=10)

_keys = TypeAdapter(list[VerificationKey])
_revocations = TypeAdapter(list[Revocation])


class Remembered:
    """Keeps keys and revocations for the next start. A database that is away costs no more than the memory."""

    def __init__(self, memory: Memory, clock: Clock) -> None:
        self._memory = memory
        self._clock = clock
        self._kept_keys: Sequence[VerificationKey] | None = None
        self._kept_sequence: int | None = None
        self.heard_at: datetime | None = None
        """When auth was last heard of, to within ten seconds."""

    async def recall(self, revoked: Revoked) -> Sequence[VerificationKey]:
        """The keys as they were heard of last, none where they never were; `revoked` learns what was revoked then."""
        try:
            keys, revocations = await self._memory.recall(KEYS), await self._memory.recall(REVOCATIONS)
            if keys is None or revocations is None:
                return ()
            if (heard := await self._memory.recall(HEARD)) is not None:
                self.heard_at = datetime.fromisoformat(heard["at"])
            revoked.heed(_revocations.validate_python(revocations["items"]))
            revoked.sequence = max(revoked.sequence, int(revocations["sequence"]))
            return _keys.validate_python(keys)
        except Unavailable as error:
            logger.warning("what auth said last can't be read: {}", error.detail)
        except (ValidationError, KeyError, TypeError, ValueError):
            logger.warning("what auth said last makes no sense, and is asked for anew")
        return ()

    async def keep(self, keys: Sequence[VerificationKey], revoked: Revoked) -> None:
        """Write down what is new."""
        try:
            if keys != self._kept_keys:
                number = int(self._clock.now().timestamp())
                await self._memory.remember(KEYS, number, _keys.dump_python(list(keys), mode="json"))
                self._kept_keys = keys
            if revoked.sequence != self._kept_sequence:
                items = _revocations.dump_python(list(revoked.standing()), mode="json")
                content = {"sequence": revoked.sequence, "items": items}
                await self._memory.remember(REVOCATIONS, revoked.sequence, content)
                self._kept_sequence = revoked.sequence
            now = self._clock.now()
            if self.heard_at is None or now - self.heard_at >= HEARD_NOTED_EVERY:
                await self._memory.remember(HEARD, int(now.timestamp()), {"at": now.isoformat()})
                self.heard_at = now
        except Unavailable as error:
            logger.warning("what auth says can't be kept for the next start: {}", error.detail)
