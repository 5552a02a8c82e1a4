"""What product offers: availability and holds to sales, catalogue and stock to the operator."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Protocol
from uuid import UUID

from pydantic import Field, StringConstraints

from modules.kernel import rpc
from modules.kernel.errors import Conflict, Invalid, NotFound, PreconditionFailed
from modules.kernel.events import Progress
from modules.kernel.ids import HoldId, OrderId
from modules.kernel.mailroom import InboxOperatorPort
from modules.kernel.money import MAX_UNIT_PRICE, Currency, Money

MAX_QUANTITY = 1_000_000
MAX_LINES = 200
MAX_LISTED = 1000

Sku = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,63}$")]
Quantity = Annotated[int, Field(ge=1, le=MAX_QUANTITY, strict=True)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]


class UnknownSku(Invalid, code="product.unknown_sku"):
    """A SKU is not in the catalogue. `details["skus"]` names each."""


class OutOfStock(Conflict, code="product.out_of_stock"):
    """There is not enough of something. `details["lines"]` names every short line with what is left of it."""


class HoldMismatch(Conflict, code="product.hold_mismatch"):
    """Another attempt at this order holds other lines; it ends by itself within a minute or two."""

    retryable = True


class BelowHeld(Conflict, code="product.below_held"):
    """A count or correction says that there is less than open orders hold. `details["orders"]` names them."""


class MovementKeyReused(Invalid, code="product.movement_key_reused"):
    """This key has moved stock already, and differently."""


class NoSuchProduct(NotFound, code="product.not_found"):
    """There is no product of that SKU."""


@dataclass(frozen=True, slots=True)
class Line:
    """So many pieces of one thing: 1 to 1,000,000."""

    sku: Sku
    quantity: Quantity


@dataclass(frozen=True, slots=True)
class AvailabilityRequest:
    """A basket of 1 to 200 lines; the same SKU twice is added up.

    With `hold` all of it is held for `order_id`, or nothing.
    """

    lines: Annotated[tuple[Line, ...], Field(min_length=1, max_length=MAX_LINES)]
    order_id: OrderId | None = None
    hold: bool = False


@dataclass(frozen=True, slots=True)
class LineAvailability:
    """What there is of one line. Of an unknown SKU there is no name and no price."""

    sku: str
    quantity: int
    available_quantity: int
    name: str | None
    unit_price: Money | None


@dataclass(frozen=True, slots=True)
class Availability:
    """The answer to one request, its lines one per SKU in the order asked.

    `refusal` is the code of the reason where a hold was asked for and not given.
    """

    available: bool
    lines: tuple[LineAvailability, ...]
    hold_id: HoldId | None = None
    hold_expires_at: datetime | None = None
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class CatalogueRequest:
    """What a customer looks for: the products of `skus`, or, where none are named, a page by SKU.

    The page has up to `limit` of those whose SKU begins with `prefix`, from behind `after`.
    """

    skus: Annotated[tuple[str, ...], Field(max_length=MAX_LINES)] = ()
    prefix: str = ""
    after: str = ""
    limit: Annotated[int, Field(ge=1, le=MAX_LISTED)] = 50


@dataclass(frozen=True, slots=True)
class CatalogueItem:
    """What can be bought, at which price, and whether there is any of it that no order has taken."""

    sku: str
    name: str
    unit_price: Money
    in_stock: bool


class ProductPort(Protocol):
    """What sales asks of product."""

    @rpc.idempotent("order_id")
    async def availability(self, requests: Sequence[AvailabilityRequest]) -> Sequence[Availability]:
        """Check baskets, and hold those that ask for it: one answer per request, in order.

        A repeat for the same order and lines answers the same hold.
        """
        ...

    @rpc.idempotent("hold_ids")
    async def release(self, hold_ids: Sequence[HoldId]) -> None:
        """Give back holds that were decided void. A confirmed, closed or unknown hold stays as it is."""
        ...

    @rpc.read()
    async def catalogue(self, requests: Sequence[CatalogueRequest]) -> Sequence[tuple[CatalogueItem, ...]]:
        """What can be bought, by SKU: one answer per request, in order. What is unknown or retired is left out."""
        ...

    @rpc.read()
    async def progress(self, source: str, subjects: Sequence[UUID]) -> Progress:
        """How far product is with the events of `source` about `subjects`."""
        ...


@dataclass(frozen=True, slots=True)
class NewProduct:
    """A row of the catalogue: `unit_price` in minor units, `on_hand` a count of what is there now."""

    sku: Sku
    name: Name
    unit_price: Annotated[int, Field(ge=0, le=MAX_UNIT_PRICE)]
    currency: Currency
    on_hand: Annotated[int, Field(ge=0, le=10**12)] | None = None


@dataclass(frozen=True, slots=True)
class ProductWanted:
    """What a product is to be, `unit_price` in minor units.

    Where nothing is said of `active`, a new one is sold, and one that there is stays as it is. With `new` it is only
    added, with a `version` only changed, and only if it is still that one.
    """

    name: Name
    unit_price: Annotated[int, Field(ge=0, le=MAX_UNIT_PRICE)]
    currency: Currency
    active: bool | None = None
    version: int | None = None
    new: bool = False


@dataclass(frozen=True, slots=True)
class ProductChange:
    """`actor` did `action` (add, change, retire, sell_again) to a product.

    `before` and `after` have the members that differ; of a new product there is no `before`.
    """

    id: int
    at: datetime
    actor: str
    action: str
    sku: str
    before: Mapping[str, object] | None
    after: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ProductView:
    """What the catalogue says of a product."""

    sku: str
    name: str
    unit_price: Money
    active: bool
    version: int


@dataclass(frozen=True, slots=True)
class StockView:
    """How much there is: `on_hand` in the warehouse, `held` of it for open orders, the rest `available`.

    `shortage` of what is on hand and held is missing: a forced count has found less. What comes in makes up for it.
    """

    sku: str
    on_hand: int
    held: int
    available: int
    shortage: int = 0


@dataclass(frozen=True, slots=True)
class StockChange:
    """A receipt (adds `quantity`), a correction (adds it, may be negative), or a count (sets it).

    The `key` makes a repeat the same change. With `force` a count below what open orders hold is not refused: what is
    missing is written down as a shortage, the orders keep what they hold, and nothing is sold until it is made up for.
    """

    kind: str
    quantity: int
    key: str
    reason: str = ""
    force: bool = False


@dataclass(frozen=True, slots=True)
class MovementView:
    """One thing that has changed stock: what was done to how many, for what reason, by whom."""

    key: str
    kind: str
    quantity: int
    on_hand_change: int
    held_change: int
    reason: str | None
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class StockFault:
    """A counter that is not what the movements and holds add up to."""

    sku: str
    what: str
    counter: int
    derived: int


@dataclass(frozen=True, slots=True)
class HoldFact:
    """What a check across modules needs to know of a hold: `held` is what of each SKU is still set aside."""

    id: HoldId
    order_id: OrderId
    state: str
    held: Mapping[str, int]
    expires_at: datetime


class ProductOperatorPort(InboxOperatorPort, Protocol):
    """What the operator does with catalogue and stock."""

    @rpc.idempotent("rows", raises=(BelowHeld,))
    async def import_products(self, actor: str, rows: Sequence[NewProduct]) -> int:
        """Add products or change them by SKU, and count their stock where a row says how much there is.

        A retired product stays retired: who took it out of sale had a reason that a list of prices does not know.

        Raises:
            BelowHeld: a row counts less than is held; nothing of it all was done.
        """
        ...

    @rpc.read()
    async def products(
        self, after: str | None, limit: int, prefix: str = "", *, active: bool | None = None
    ) -> Sequence[ProductView]:
        """The catalogue by SKU, from behind `after`; with `active` only those that are sold, or only the retired."""
        ...

    @rpc.read(raises=(NoSuchProduct,))
    async def product(self, sku: str) -> ProductView:
        """One product.

        Raises:
            NoSuchProduct: there is none of that SKU.
        """
        ...

    @rpc.once(raises=(PreconditionFailed,))
    async def put_product(self, actor: str, sku: Sku, wanted: ProductWanted) -> ProductView:
        """Add a product or change it; what is so already stays as it is, version included.

        Orders, and what is held for them, keep the prices that they were placed at.

        Raises:
            PreconditionFailed: it is another version by now, or is there, or is not. `details["version"]` is the
                present one.
        """
        ...

    @rpc.idempotent("sku", raises=(NoSuchProduct,))
    async def retire_product(self, actor: str, sku: str) -> ProductView:
        """Sell a product no more. It stays in the catalogue, and orders that have it are not touched.

        Raises:
            NoSuchProduct: there is none of that SKU.
        """
        ...

    @rpc.read()
    async def list_changes(
        self, sku: str | None = None, limit: int = 50, before: int | None = None
    ) -> Sequence[ProductChange]:
        """Who changed what of the catalogue, of one SKU where it is named, the newest first, from behind the id `before`."""
        ...

    @rpc.read()
    async def stock(self, skus: Sequence[str]) -> Sequence[StockView]:
        """Stock of the SKUs that exist."""
        ...

    @rpc.idempotent("key", raises=(NoSuchProduct, BelowHeld, MovementKeyReused))
    async def change_stock(self, actor: str, sku: str, change: StockChange) -> StockView:
        """Receive, count or correct.

        Raises:
            NoSuchProduct: there is no such SKU.
            BelowHeld: it would leave less than is held, and is not forced.
            MovementKeyReused: the key has made another change.
        """
        ...

    @rpc.read(timeout_s=30)
    async def movements(self, sku: str, limit: int = 50, kind: str | None = None) -> Sequence[MovementView]:
        """What has changed the stock of a SKU, the newest first; of one kind where it is named (`write_off`)."""
        ...

    @rpc.read(timeout_s=30)
    async def verify_stock(self) -> Sequence[StockFault]:
        """Every counter that differs from what movements and open holds add up to."""
        ...

    @rpc.idempotent("skus")
    async def recount(self, actor: str, skus: Sequence[str]) -> Sequence[StockView]:
        """Set counters to what movements add up to, where those agree with the open holds; answers what was changed."""
        ...

    @rpc.read(timeout_s=30)
    async def facts(self, after: HoldId | None, limit: int) -> Sequence[HoldFact]:
        """Holds by id from behind `after`, as a check across modules needs them."""
        ...
