"""Everything that is in other processes."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress

from app.identity import Identity
from app.rpc.channel import HttpChannel
from app.rpc.peer import Peer, http_client
from modules.kernel.errors import NotReached

SIGN_IN_EVERY_S = 1.0


class Peers:
    """Everything that is in other processes, and as whom it is called.

    `placement` says where each module is, `services` with which key each module here signs in at `auth_url`, to
    `issuer`.
    """

    def __init__(self, placement: Mapping[str, str], services: Mapping[str, str], auth_url: str, issuer: str) -> None:
        self._http = http_client()
        self._identities = {module: Identity(module, key, auth_url, issuer) for module, key in services.items()}
        self._peers = {module: Peer(module, url, self._http) for module, url in placement.items()}

    def channel(self, caller: str, callee: str) -> HttpChannel:
        """The way from a module here to one elsewhere."""
        return HttpChannel(self._peers[callee], self._identities[caller])

    async def sign_in(self, callees: Mapping[str, Sequence[str]]) -> None:
        """Have tokens at hand before they are needed, and renew them in time, until cancelled; so auth may be away.

        `callees` says for each module whom it calls.
        """
        while True:
            for caller, identity in self._identities.items():
                for callee in callees[caller]:
                    if callee in self._peers:
                        with suppress(NotReached):  # it says so itself
                            await identity.token(callee)
            await asyncio.sleep(SIGN_IN_EVERY_S)

    async def trouble(self) -> Mapping[str, str]:
        """What is wrong with whom, as of a second ago at most."""
        found = await asyncio.gather(*(peer.look() for peer in self._peers.values()))
        return {name: what for name, what in zip(self._peers, found, strict=True) if what is not None}

    async def close(self) -> None:
        """Leave nothing open."""
        for identity in self._identities.values():
            await identity.close()
        await self._http.aclose()
