"""What lets processes be wrong about the time, taken away."""

import pytest

from app import identity as signing
from app.identity import NotAdmitted
from tests.contract import test_identity as identities
from tests.sabotage.guards import seen_red

office = identities.office


@seen_red(
    "P6",
    "what a service signs to sign in is good on both sides of its clock",
    test=identities.test_a_service_is_let_in_although_its_clock_and_auths_differ_by_a_minute_and_a_half,
)
async def test_without_room_on_both_sides_a_service_whose_clock_is_behind_is_not_let_in(
    office: identities.Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It signs for its own moment: `CLOCKS_DIFFER_BY_S = 0`."""
    monkeypatch.setattr(signing, "CLOCKS_DIFFER_BY_S", 0)
    async with identities.signed_in(office.url) as identity:
        with pytest.raises(NotAdmitted):
            await identities.test_a_service_is_let_in_although_its_clock_and_auths_differ_by_a_minute_and_a_half(
                office, identity, 90
            )
