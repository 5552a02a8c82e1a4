"""What was revoked, as far as this process has heard."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from modules.auth.port import Revocation
from modules.kernel.ids import ClientId
from modules.kernel.principal import Principal


class Revoked:
    """Families that ended, and the generations that clients are at. Forgets what can no longer matter."""

    def __init__(self) -> None:
        self.sequence = 0
        self._families: dict[str, datetime] = {}
        self._generations: dict[str, tuple[int, datetime]] = {}

    def __len__(self) -> int:
        return len(self._families) + len(self._generations)

    def includes(self, principal: Principal) -> bool:
        """Whether this token was revoked."""
        if principal.family in self._families:
            return True
        raised = self._generations.get(principal.client_id)
        return raised is not None and principal.generation < raised[0]

    def standing(self) -> Sequence[Revocation]:
        """Everything known that still matters, as of `sequence`."""
        families = [Revocation(self.sequence, until, family=UUID(name)) for name, until in self._families.items()]
        raised = [
            Revocation(self.sequence, until, client_id=ClientId(name), generation=generation)
            for name, (generation, until) in self._generations.items()
        ]
        return [*families, *raised]

    def heed(self, revocations: Sequence[Revocation]) -> None:
        """Take in what was revoked since `sequence`."""
        for one in revocations:
            if one.family is not None:
                self._families[str(one.family)] = one.until
            if one.client_id is not None and one.generation is not None:
                known, until = self._generations.get(one.client_id, (0, one.until))
                self._generations[one.client_id] = (max(known, one.generation), max(until, one.until))
            self.sequence = max(self.sequence, one.sequence)

    def forget(self, now: datetime) -> None:
        """Drop what no living token can be hit by."""
        if any(until <= now for until in self._families.values()):
            self._families = {name: until for name, until in self._families.items() if until > now}
        if any(until <= now for _, until in self._generations.values()):
            self._generations = {name: raised for name, raised in self._generations.items() if raised[1] > now}
