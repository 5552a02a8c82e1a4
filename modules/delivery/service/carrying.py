"""Asking a carrier that tells nothing by itself."""

from modules.delivery import repository
from modules.delivery.model import actor_of
from modules.delivery.port import Carrier, IllegalTransition, Parcel, StatusKeyReused, StatusReport
from modules.delivery.service.reporting import Reporting
from modules.kernel.clock import Clock
from modules.kernel.database import Database

AT_ONCE = 200


class Carrying:
    """Reports what a carrier says of the parcels in its hands, as anybody else would report it."""

    def __init__(self, database: Database, reporting: Reporting, carrier: Carrier, clock: Clock) -> None:
        self._database = database
        self._reporting = reporting
        self._carrier = carrier
        self._clock = clock

    async def turn(self, limit: int = AT_ONCE) -> int:
        """Ask for news of parcels, those first of which nothing was heard for longest; answers how many had some.

        The key of a report is the number of its step: two who ask, or one that is started again, report it once.
        """
        async with self._database.reading() as reading:
            rows = await repository.carried(reading, limit)
        parcels = [Parcel(row.id, row.status, row.updated_at, row.steps, row.failures) for row in rows]
        now = self._clock.now()
        told = [(parcel, news) for parcel in parcels if (news := self._carrier.news(parcel, now)) is not None]
        for parcel, news in told:
            await self._report(parcel, news)
        return len(told)

    async def _report(self, parcel: Parcel, news: StatusReport) -> None:
        try:
            await self._reporting.report(actor_of(self._carrier.name), parcel.shipment_id, news)
        except (IllegalTransition, StatusKeyReused):
            return  # somebody else has moved it meanwhile: next time it is asked of where it is then
