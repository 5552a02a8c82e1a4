"""Mending what can be mended without risk: events are told again, counters counted anew."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from app.doctor.invariants import Finding, Remedy
from modules.delivery.port import DeliveryOperatorPort
from modules.kernel.ids import OrderId
from modules.product.port import ProductOperatorPort
from modules.sales.port import SalesOperatorPort


def remedies(findings: Sequence[Finding]) -> Mapping[Remedy, Sequence[str]]:
    """What may be done, and of which orders or SKUs."""
    found: dict[Remedy, dict[str, None]] = defaultdict(dict)
    for finding in findings:
        for case in finding.cases:
            for remedy in case.remedies:
                found[remedy][case.about] = None
    return {remedy: list(about) for remedy, about in found.items()}


class Repair:
    """Does what may be done, through the ports of those whose business it is; each notes who asked for it."""

    def __init__(
        self, actor: str, sales: SalesOperatorPort, delivery: DeliveryOperatorPort, product: ProductOperatorPort
    ) -> None:
        self._actor = actor
        self._sales = sales
        self._delivery = delivery
        self._product = product

    async def mend(self, findings: Sequence[Finding]) -> Sequence[str]:
        """Do it; answers what was done, a sentence each."""
        return [await self._do(remedy, about) for remedy, about in remedies(findings).items()]

    async def _do(self, remedy: Remedy, about: Sequence[str]) -> str:
        if remedy is Remedy.RECOUNT:
            counted = await self._product.recount(self._actor, about)
            return f"{remedy}: {len(counted)} of {len(about)} SKUs were changed"
        teller: Any = self._sales if remedy is Remedy.SALES_TELLS else self._delivery
        events = await teller.tell_again(self._actor, [OrderId(UUID(one)) for one in about])
        return f"{remedy}: {events} events of {len(about)} orders"
