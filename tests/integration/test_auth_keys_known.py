"""Keys change while verifiers ask for them once a minute: whatever a client has is good until it is over."""

from datetime import timedelta

from app.verifier import LocalVerifier
from modules.auth.port import SigningKeyState
from modules.kernel.database import Database
from tests.integration.auth_world import ACCESS_TTL_S, ISSUER, AuthWorld

A_MINUTE_S = 60.0


async def test_no_token_is_refused_whatever_keys_come_and_go(auth_database: Database) -> None:
    world = AuthWorld(auth_database, key_life=timedelta(minutes=30))
    verifier = LocalVerifier(ISSUER, 10, world.clock, steady=lambda: world.clock.now().timestamp())
    client = await world.client()
    await verifier.learn(world.service)
    alive: list[str] = []
    seen = set()
    for _ in range(75):
        await world.service.turn_keys()
        world.clock.move(A_MINUTE_S / 2)
        alive = [*alive, (await world.begin(client)).access_token][-int(ACCESS_TTL_S / A_MINUTE_S) :]
        refused = [token for token in alive if not _good(verifier, token)]
        assert not refused, "a token was refused that is not over"
        world.clock.move(A_MINUTE_S / 2)
        await verifier.learn(world.service)
        seen |= {key.kid for key in await world.service.list_signing_keys() if key.state is not SigningKeyState.PENDING}
    assert len(seen) >= 3


def _good(verifier: LocalVerifier, token: str) -> bool:
    try:
        return bool(verifier.verify(token, "sales"))
    except Exception as error:  # noqa: BLE001  whichever refusal
        assert "unknown key" in str(error)  # noqa: PT017
        return False
