"""`AuthPort` over HTTP."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter

from modules.auth.port import KEYS_PATH, AuthPort, RevocationPage, VerificationKey
from modules.kernel import rpc
from modules.kernel.principal import Verifier
from modules.web.internal import served

KEYS = rpc.crossing(AuthPort.keys, KEYS_PATH, verb="GET", member="keys")
REVOCATIONS = rpc.crossing(AuthPort.revocations, "/auth/revocations", verb="GET", member=None)
METHODS: tuple[rpc.Crossing[..., Any], ...] = (KEYS, REVOCATIONS)


def routes(auth: AuthPort, verifier: Verifier) -> APIRouter:
    """What other processes call of the auth that is hosted here. Its keys are for everyone: `api.py` has them."""
    return served("auth", verifier, {REVOCATIONS: auth.revocations}, described={KEYS: auth.keys})


class RemoteAuth:
    """Fulfils `AuthPort` where auth lives in another process."""

    def __init__(self, channel: rpc.Channel) -> None:
        self._channel = channel

    async def keys(self) -> Sequence[VerificationKey]:
        """The keys that tokens are or will soon be signed with, and those whose tokens may still be alive."""
        return await self._channel.call(KEYS)

    async def revocations(self, after: int) -> RevocationPage:
        """What was revoked since sequence number `after`."""
        return await self._channel.call(REVOCATIONS, after)
