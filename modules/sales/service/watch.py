"""Who waits for news of which order, in this process."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from uuid import UUID

from modules.kernel.database import Database
from modules.kernel.errors import Overloaded, TooMany, Unavailable
from modules.kernel.ids import ClientId
from modules.sales import repository

LOOK_EVERY_S = 1.0
STREAMS = 10_000
STREAMS_A_CLIENT = 100


class Follower:
    """One who has seen an order's steps up to number `seen`."""

    def __init__(self, order_id: UUID, seen: int) -> None:
        self.order_id = order_id
        self.seen = seen
        self._news = asyncio.Event()

    def tell(self) -> None:
        """There may be a step that it has not seen."""
        self._news.set()

    async def news(self, timeout_s: float) -> bool:
        """Whether there may be news since the last call; waits for `timeout_s` at most."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._news.wait()
        except TimeoutError:
            return False
        self._news.clear()
        return True


class Watch:
    """Wakes those who follow an order.

    What happens in this process it is told. What other processes do it finds by looking, once a second and with one
    statement for all orders that are followed here, however many.
    """

    def __init__(
        self,
        database: Database,
        *,
        every_s: float = LOOK_EVERY_S,
        bound: int = STREAMS,
        bound_a_client: int = STREAMS_A_CLIENT,
    ) -> None:
        self._database = database
        self._every_s = every_s
        self._bound = bound
        self._bound_a_client = bound_a_client
        self._followers: dict[UUID, set[Follower]] = defaultdict(set)
        self._clients: Counter[ClientId] = Counter()
        self._looking: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return self._clients.total()

    @contextmanager
    def following(self, client_id: ClientId, order_id: UUID, seen: int) -> Iterator[Follower]:
        """Have a client follow an order from behind its step number `seen`.

        Raises:
            TooMany: the client follows as many orders as it may.
            Overloaded: so do all clients together, in this process.
        """
        self.admit(client_id)
        follower = Follower(order_id, seen)
        self._clients[client_id] += 1
        self._followers[order_id].add(follower)
        if self._looking is None:
            self._looking = asyncio.get_running_loop().create_task(self._look_on())
        try:
            yield follower
        finally:
            self._clients[client_id] -= 1
            self._clients += Counter()  # those without any are forgotten
            self._followers[order_id].discard(follower)
            if not self._followers[order_id]:
                del self._followers[order_id]

    def admit(self, client_id: ClientId) -> None:
        """See that a client may follow one more order. Raises as `following`."""
        if self._clients[client_id] >= self._bound_a_client:
            raise TooMany(f"A client follows {self._bound_a_client} orders at a time.", retry_after_s=5)
        if len(self) >= self._bound:
            raise Overloaded("More orders are followed than are taken on; come back.", retry_after_s=5)

    def tell(self, order_ids: Iterable[UUID]) -> None:
        """Say that there is news of these orders."""
        for order_id in order_ids:
            for follower in self._followers.get(order_id, ()):
                follower.tell()

    async def _look_on(self) -> None:
        try:
            while self._followers:
                await asyncio.sleep(self._every_s)
                await self._look()
        finally:
            self._looking = None

    async def _look(self) -> None:
        try:
            async with self._database.reading() as reading:
                last = await repository.last_steps(reading, list(self._followers))
        except Unavailable:
            return  # the next look finds it
        for order_id, number in last.items():
            for follower in self._followers.get(order_id, ()):
                if follower.seen < number:
                    follower.tell()
