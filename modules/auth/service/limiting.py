"""How much one address, one client and everybody may ask of auth, before anything is looked up."""

from ipaddress import IPv6Address
from typing import Protocol
from uuid import UUID

LONGEST = 64


class Limiter(Protocol):
    """Counts who asks and who fails, and refuses who does either too often. It never fails itself.

    An address is what `counted_as` makes of it. A client counts together with the address it asks from, so that nobody
    shuts out another's client from elsewhere, and nobody is shut out for good.
    """

    async def admit(self, address: str) -> None:
        """Count a request.

        Raises:
            TooMany: this address, or all together, ask too often.
        """
        ...

    async def admit_client(self, client_id: UUID | None, address: str) -> bool:
        """Whether failures of this client from this address are remembered; none where no client has the id sent.

        Raises:
            TooMany: it failed so often that it has to wait, or too many fail from this address. Whether this request's
                credentials are right was not looked at.
        """
        ...

    async def failed(self, client_id: UUID | None, address: str) -> None:
        """Remember that authentication failed. What began before it was remembered is admitted all the same."""
        ...

    async def succeeded(self, client_id: UUID, address: str) -> None:
        """Forget the failures of a client from an address."""
        ...


class Unlimited:
    """Admits everybody."""

    async def admit(self, address: str) -> None:
        """Count nothing."""

    async def admit_client(self, client_id: UUID | None, address: str) -> bool:  # noqa: ARG002  what a `Limiter` takes
        """Remember nothing."""
        return False

    async def failed(self, client_id: UUID | None, address: str) -> None:
        """Remember nothing."""

    async def succeeded(self, client_id: UUID, address: str) -> None:
        """Forget nothing."""


def counted_as(host: str | None) -> str:
    """The address that requests from a host are counted under: of IPv6 its network of 64 bits, which one party has."""
    if not host:
        return "unknown"  # as over a socket file
    if ":" not in host:
        return host[:LONGEST]
    try:
        address = IPv6Address(host)
    except ValueError:
        return host[:LONGEST]  # whatever a trusted proxy calls it
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return f"{IPv6Address(int(address) >> 64 << 64)}/64"
