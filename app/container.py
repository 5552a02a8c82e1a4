"""The wiring: the only place that chooses an adapter or opens a module's rooms."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from dependency_injector import containers, providers

from app.assembly import (
    auth_limiter,
    batched,
    consumer_of,
    failing,
    failing_port,
    hosted,
    in_process_bus,
    module_database,
    redis_bus,
    relay_of,
    sales_pace,
    wall_clock,
    where,
)
from app.calls import policed
from app.calm import Calm
from app.carriers import chosen_carrier, signers
from app.departure import Departure
from app.settings import SERVICES, Secrets, Settings
from app.telemetry.tokens import counted
from app.verifier import LocalVerifier, Remembered
from modules.auth import api as auth_api
from modules.auth import remote as auth_remote
from modules.auth.model.secret import Peppers
from modules.auth.model.token import Terms
from modules.auth.port import AuthPort
from modules.auth.service import AuthService
from modules.delivery import api as delivery_api
from modules.delivery import consumer as delivery_consumer
from modules.delivery import model as delivery_model
from modules.delivery import remote as delivery_remote
from modules.delivery.port import DeliveryPort
from modules.delivery.service import Carrying, DeliveryService, Hearing, Opening, Reporting, Stepping, Stopping
from modules.kernel.clock import Clock
from modules.kernel.database import Database
from modules.kernel.events import Bus
from modules.kernel.inbox import Inbox
from modules.kernel.memory import Memory
from modules.kernel.outbox import Outbox
from modules.product import api as product_api
from modules.product import consumer as product_consumer
from modules.product import model as product_model
from modules.product import remote as product_remote
from modules.product.port import ProductPort
from modules.product.service import Catalogue, ProductService, Sweeper
from modules.sales import api as sales_api
from modules.sales import consumer as sales_consumer
from modules.sales import model as sales_model
from modules.sales import remote as sales_remote
from modules.sales.port import SalesPort
from modules.sales.service import Cancelling, Offers, Orders, Placing, SalesService, Watch

if TYPE_CHECKING:
    from app.rpc import Peers

_P = TypeVar("_P")

MODELS = {"sales": sales_model, "delivery": delivery_model, "product": product_model}
"""The business of each module with the power off, to draw its state machines."""


def _auth(database: Database, settings: Settings, clock: Clock) -> AuthService:
    key_encryption_key = settings.secrets.key_encryption_key
    if key_encryption_key is None:
        raise ValueError("auth is hosted here and has no key to encrypt keys with")
    return AuthService(
        database,
        peppers=_peppers(settings.secrets),
        key_encryption_key=key_encryption_key.get_secret_value().encode(),
        terms=_terms(settings),
        clock=clock,
    )


def _peppers(secrets: Secrets) -> Peppers:
    version = secrets.pepper_version
    given = {version - 1: secrets.pepper_before, version: secrets.pepper, version + 1: secrets.pepper_after}
    return Peppers(
        version, {number: pepper.get_secret_value().encode() for number, pepper in given.items() if pepper is not None}
    )


def _terms(settings: Settings) -> Terms:
    tokens = settings.tokens
    return Terms(
        tokens.issuer,
        access_ttl=timedelta(seconds=tokens.access_ttl_s),
        service_ttl=timedelta(seconds=tokens.service_ttl_s),
        refresh_ttl=timedelta(seconds=tokens.refresh_ttl_s),
        leeway=timedelta(seconds=tokens.leeway_s),
        key_life=timedelta(days=tokens.key_days),
        families=tokens.families,
    )


def _peers(settings: Settings) -> "Peers | None":
    """What the modules here call in other processes; `None` where that is nothing."""
    called: set[str] = {callee for module in settings.modules for callee in CALLEES.get(module, ())}
    elsewhere = {module: settings.placement[module] for module in sorted(called - set(settings.modules))}
    if not elsewhere:
        return None
    from app.rpc import Peers  # a process that needs no HTTP client does not wait for it

    auth = settings.placement.get("auth", f"http://127.0.0.1:{settings.server.port}")
    keys = {module: settings.services[module].get_secret_value() for module in settings.modules if module in SERVICES}
    return Peers(elsewhere, keys, auth, settings.tokens.issuer)


def _caller(settings: Settings) -> str:
    """As whom this process asks auth."""
    return next(module for module in settings.modules if module in SERVICES)


def _remembered(settings: Settings, clock: Clock, **databases: Callable[[], Database]) -> Remembered | None:
    """What auth said is kept where it lives elsewhere, in the database of the first module here."""
    return None if "auth" in settings.modules else Remembered(Memory(databases[_caller(settings)]()), clock)


def _far(port: type[_P], remote: Any, peers: "Peers", caller: str, callee: str) -> _P:
    made: _P = policed(port, remote(peers.channel(caller, callee)), callee)
    return made


def _reached(port: type, near: Any, remote: type, callee: str, caller: Any, settings: Any, peers: Any) -> Any:
    """A port, as one of its callers has it: the service itself where that is hosted here, else its client."""
    return providers.Selector(
        providers.Callable(where, settings, callee),
        here=providers.Singleton(policed, port, near, callee),
        elsewhere=providers.Singleton(_far, port, remote, peers, caller, callee),
    )


SOURCES = {
    "sales": sales_consumer.SOURCES,
    "delivery": delivery_consumer.SOURCES,
    "product": product_consumer.SOURCES,
}
"""Whose events a module follows."""

CALLEES: Mapping[str, Sequence[str]] = {
    "sales": ("product", "delivery", "auth"),
    "delivery": ("sales", "product", "auth"),
    "product": ("sales", "delivery", "auth"),
}
"""Whom a module calls: its tokens open these and no others."""


REMOTE = {"auth": auth_remote, "sales": sales_remote, "delivery": delivery_remote, "product": product_remote}


def contracts() -> Mapping[str, Mapping[str, Sequence[str]]]:
    """Per module and port method, the contracts that this release serves, today's first."""
    return {name: {method.name: method.offered for method in room.METHODS} for name, room in REMOTE.items()}


class Container(containers.DeclarativeContainer):
    """Everything of one process. `settings` is given, the rest follows; only what a hosted module needs is made."""

    settings = providers.Dependency(instance_of=Settings)
    clock = providers.Singleton(wall_clock, settings)
    departure = providers.Singleton(Departure, settings.provided.server.notice_s)
    peers = providers.Singleton(_peers, settings)

    auth_database = providers.Singleton(module_database, "auth", settings)
    sales_database = providers.Singleton(module_database, "sales", settings)
    delivery_database = providers.Singleton(module_database, "delivery", settings)
    product_database = providers.Singleton(module_database, "product", settings)

    watch = providers.Singleton(Watch, sales_database)
    sales_outbox = providers.Singleton(Outbox, sales_database)
    delivery_outbox = providers.Singleton(Outbox, delivery_database)

    opening = providers.Singleton(Opening, delivery_outbox, clock)
    stopping = providers.Singleton(Stopping, delivery_outbox, clock)
    sales_inbox = providers.Singleton(
        Inbox,
        providers.Callable(failing, "sales.handler", sales_database),
        providers.Callable(sales_consumer.handlers, watch.provided.tell),
    )
    delivery_inbox = providers.Singleton(
        Inbox,
        providers.Callable(failing, "delivery.handler", delivery_database),
        providers.Callable(delivery_consumer.handlers, opening, stopping),
    )
    product_inbox = providers.Singleton(
        Inbox,
        providers.Callable(failing, "product.handler", product_database),
        providers.Callable(product_consumer.handlers),
    )

    auth = providers.Singleton(_auth, auth_database, settings, clock)
    sales = providers.Singleton(SalesService, providers.Callable(failing, "sales.settle", sales_database), sales_inbox)
    stepping = providers.Singleton(Stepping, delivery_outbox, clock)
    hearing = providers.Singleton(Hearing, delivery_database, stepping, clock)
    carrier = providers.Singleton(chosen_carrier, settings.provided.carriers)
    carrying = providers.Singleton(
        Carrying, delivery_database, providers.Singleton(Reporting, delivery_database, stepping), carrier, clock
    )
    delivery = providers.Singleton(DeliveryService, delivery_database, delivery_outbox, delivery_inbox, clock)
    product = providers.Singleton(
        ProductService,
        product_database,
        product_inbox,
        hold_ttl=providers.Callable(lambda settings: timedelta(seconds=settings.holds.ttl_s), settings),
    )

    # Who calls whom, and as whom it does where the other is elsewhere.
    auth_port: providers.Provider[AuthPort] = _reached(
        AuthPort, auth, auth_remote.RemoteAuth, "auth", providers.Callable(_caller, settings), settings, peers
    )
    product_for_sales: providers.Provider[ProductPort] = _reached(
        ProductPort, product, product_remote.RemoteProduct, "product", "sales", settings, peers
    )
    product_for_delivery: providers.Provider[ProductPort] = _reached(
        ProductPort, product, product_remote.RemoteProduct, "product", "delivery", settings, peers
    )
    delivery_for_sales: providers.Provider[DeliveryPort] = _reached(
        DeliveryPort, delivery, delivery_remote.RemoteDelivery, "delivery", "sales", settings, peers
    )
    delivery_for_product: providers.Provider[DeliveryPort] = _reached(
        DeliveryPort, delivery, delivery_remote.RemoteDelivery, "delivery", "product", settings, peers
    )
    sales_for_delivery: providers.Provider[SalesPort] = _reached(
        SalesPort, sales, sales_remote.RemoteSales, "sales", "delivery", settings, peers
    )
    sales_for_product: providers.Provider[SalesPort] = _reached(
        SalesPort, sales, sales_remote.RemoteSales, "sales", "product", settings, peers
    )

    cancelling = providers.Singleton(Cancelling, sales_database, sales_outbox, clock, watch.provided.tell)
    orders = providers.Singleton(Orders, sales_database, sales_outbox, watch, cancelling)
    catalogue = providers.Singleton(Catalogue, product_database)
    sweeper = providers.Singleton(
        Sweeper, product_database, product, providers.Callable(failing_port, "product", sales_for_product, "settle")
    )
    placing = providers.Singleton(
        Placing,
        providers.Callable(failing, "sales.order", sales_database),
        sales_outbox,
        providers.Callable(failing_port, "sales", product_for_sales, "availability"),
        clock,
    )
    place_order = providers.Singleton(batched, placing.provided.place_orders, settings)
    offers = providers.Singleton(Offers, product_for_sales)
    look = providers.Singleton(batched, offers.provided.look, settings)
    quote = providers.Singleton(batched, offers.provided.quote, settings)
    issue_token = providers.Singleton(batched, providers.Callable(counted, auth.provided.issue_tokens), settings)

    limiter = providers.Singleton(auth_limiter, settings)
    pace = providers.Singleton(sales_pace, settings)

    verifier = providers.Singleton(
        LocalVerifier,
        settings.provided.tokens.issuer,
        settings.provided.tokens.leeway_s,
        clock,
        silent_s=settings.provided.tokens.revocations_silent_s,
        memory=providers.Callable(
            _remembered,
            settings,
            clock,
            sales=sales_database.provider,
            delivery=delivery_database.provider,
            product=product_database.provider,
        ),
    )
    routers = providers.Callable(
        hosted,
        settings,
        auth=providers.List(
            providers.Callable(auth_api.routes, auth, issue_token, limiter),
            providers.Callable(auth_api.client_routes, auth, verifier),
            providers.Callable(auth_remote.routes, auth, verifier),
            providers.Callable(auth_remote.operator_routes, auth, verifier),
        ).provider,
        sales=providers.List(
            providers.Callable(sales_api.routes, place_order, orders, verifier, pace),
            providers.Callable(sales_api.catalogue_routes, look, quote, verifier, pace),
            providers.Callable(sales_remote.routes, sales, verifier),
            providers.Callable(sales_remote.operator_routes, orders, verifier),
        ).provider,
        product=providers.List(
            providers.Callable(product_remote.routes, product, verifier),
            providers.Callable(product_remote.operator_routes, catalogue, verifier),
            providers.Callable(product_api.routes, catalogue, verifier),
        ).provider,
        delivery=providers.List(
            providers.Callable(delivery_api.routes, delivery, verifier),
            providers.Callable(
                delivery_api.carrier_routes,
                hearing,
                providers.Callable(signers, settings.provided.carrier_secrets),
                clock,
            ),
            providers.Callable(delivery_remote.routes, delivery, verifier),
            providers.Callable(delivery_remote.operator_routes, delivery, verifier),
        ).provider,
    )

    # Whom each asks how far it is, before it follows it.
    emitters_for_sales = providers.Dict(delivery=delivery_for_sales)
    emitters_for_delivery = providers.Dict(sales=sales_for_delivery)
    emitters_for_product = providers.Dict(sales=sales_for_product, delivery=delivery_for_product)
    sales_events = providers.Singleton(
        consumer_of, "sales", sales_inbox, sales_consumer.SOURCES, emitters_for_sales, settings
    )
    delivery_events = providers.Singleton(
        consumer_of, "delivery", delivery_inbox, delivery_consumer.SOURCES, emitters_for_delivery, settings
    )
    product_events = providers.Singleton(
        consumer_of, "product", product_inbox, product_consumer.SOURCES, emitters_for_product, settings
    )
    consumers = providers.Callable(
        hosted,
        settings,
        sales=sales_events.provider,
        delivery=delivery_events.provider,
        product=product_events.provider,
    )
    bus: providers.Provider[Bus] = providers.Selector(
        settings.provided.events.bus,
        in_process=providers.Singleton(in_process_bus, consumers, providers.Object(SOURCES)),
        redis=providers.Singleton(redis_bus, settings),
    )
    calm = providers.Singleton(Calm)
    sales_relay = providers.Singleton(
        relay_of, sales_outbox, bus, providers.List(delivery_for_sales, product_for_sales), settings, calm
    )
    delivery_relay = providers.Singleton(
        relay_of, delivery_outbox, bus, providers.List(sales_for_delivery, product_for_delivery), settings, calm
    )
    outboxes = providers.Callable(hosted, settings, sales=sales_outbox.provider, delivery=delivery_outbox.provider)
    relays = providers.Callable(hosted, settings, sales=sales_relay.provider, delivery=delivery_relay.provider)
    databases = providers.Callable(
        hosted,
        settings,
        auth=auth_database.provider,
        sales=sales_database.provider,
        delivery=delivery_database.provider,
        product=product_database.provider,
    )
