"""The wiring: the only place that chooses an adapter or opens a module's rooms."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from dependency_injector import containers, providers
from sqlalchemy import MetaData

from app.batching import Batcher
from app.bus import Consumer, InProcessBus
from app.calls import policed
from app.database import open_database
from app.relay import Relay
from app.settings import Settings
from app.verifier import LocalVerifier
from modules.auth import api as auth_api
from modules.auth.model import metadata as auth_metadata
from modules.auth.port import AuthPort
from modules.auth.service import AuthService
from modules.delivery import api as delivery_api
from modules.delivery import consumer as delivery_consumer
from modules.delivery.model import metadata as delivery_metadata
from modules.delivery.port import DeliveryPort
from modules.delivery.service import DeliveryService, Opening
from modules.kernel.clock import SystemClock
from modules.kernel.database import Database
from modules.kernel.events import source_of
from modules.kernel.inbox import Inbox
from modules.kernel.outbox import Outbox
from modules.product import api as product_api
from modules.product import consumer as product_consumer
from modules.product import remote as product_remote
from modules.product.model import metadata as product_metadata
from modules.product.port import ProductPort
from modules.product.service import Catalogue, ProductService, Sweeper
from modules.sales import api as sales_api
from modules.sales import consumer as sales_consumer
from modules.sales.model import metadata as sales_metadata
from modules.sales.port import SalesPort
from modules.sales.service import Orders, Placing, SalesService, Watch

_P = TypeVar("_P")

TABLES: Mapping[str, MetaData] = {
    "auth": auth_metadata,
    "sales": sales_metadata,
    "delivery": delivery_metadata,
    "product": product_metadata,
}
"""The tables of each module, to compare its database with."""


def _database(module: str, settings: Settings) -> Database:
    return open_database(module, settings.databases[module].get_secret_value(), pool_size=settings.pool.size)


def _auth(database: Database, settings: Settings, clock: SystemClock) -> AuthService:
    pepper, key_encryption_key = settings.secrets.pepper, settings.secrets.key_encryption_key
    if pepper is None or key_encryption_key is None:
        raise ValueError("auth is hosted here and has no secrets")
    return AuthService(
        database,
        pepper=pepper.get_secret_value().encode(),
        key_encryption_key=key_encryption_key.get_secret_value().encode(),
        issuer=settings.tokens.issuer,
        clock=clock,
        access_ttl_s=settings.tokens.access_ttl_s,
        service_ttl_s=settings.tokens.service_ttl_s,
        refresh_ttl_s=settings.tokens.refresh_ttl_s,
    )


def _batched(work: Any, settings: Settings) -> Any:
    return Batcher(work, bound=settings.orders.max_in_flight)


def _bus(consumers: Sequence[tuple[Consumer, Sequence[str]]]) -> InProcessBus:
    return InProcessBus((source_of(source), consumer) for consumer, sources in consumers for source in sources)


def _relay(outbox: Outbox, bus: InProcessBus, subscribers: Sequence[Any], settings: Settings) -> Relay:
    retention = timedelta(days=settings.events.retention_days)
    return Relay(outbox, bus, [subscriber.progress for subscriber in subscribers], retention=retention)


def _policed(port: type[_P], target: _P, peer: str) -> _P:
    return policed(port, target, peer)


class Container(containers.DeclarativeContainer):
    """Everything of one process that hosts all four modules. `settings` is given, the rest follows."""

    settings = providers.Dependency(instance_of=Settings)
    clock = providers.Singleton(SystemClock)
    watch = providers.Singleton(Watch)

    auth_database = providers.Singleton(_database, "auth", settings)
    sales_database = providers.Singleton(_database, "sales", settings)
    delivery_database = providers.Singleton(_database, "delivery", settings)
    product_database = providers.Singleton(_database, "product", settings)

    sales_outbox = providers.Singleton(Outbox, sales_database)
    delivery_outbox = providers.Singleton(Outbox, delivery_database)

    opening = providers.Singleton(Opening, delivery_outbox, clock)
    sales_inbox = providers.Singleton(
        Inbox, sales_database, providers.Callable(sales_consumer.handlers, watch.provided.tell)
    )
    delivery_inbox = providers.Singleton(
        Inbox, delivery_database, providers.Callable(delivery_consumer.handlers, opening)
    )
    product_inbox = providers.Singleton(Inbox, product_database, providers.Callable(product_consumer.handlers))

    auth = providers.Singleton(_auth, auth_database, settings, clock)
    sales = providers.Singleton(SalesService, sales_database, sales_inbox)
    delivery = providers.Singleton(DeliveryService, delivery_database, delivery_outbox, delivery_inbox, clock)
    product = providers.Singleton(
        ProductService,
        product_database,
        product_inbox,
        hold_ttl=providers.Callable(lambda settings: timedelta(seconds=settings.holds.ttl_s), settings),
    )

    auth_port: providers.Provider[AuthPort] = providers.Singleton(_policed, AuthPort, auth, "auth")
    sales_port: providers.Provider[SalesPort] = providers.Singleton(_policed, SalesPort, sales, "sales")
    product_port: providers.Provider[ProductPort] = providers.Singleton(_policed, ProductPort, product, "product")

    delivery_port: providers.Provider[DeliveryPort] = providers.Singleton(_policed, DeliveryPort, delivery, "delivery")

    orders = providers.Singleton(Orders, sales_database, watch)
    catalogue = providers.Singleton(Catalogue, product_database)
    sweeper = providers.Singleton(Sweeper, product_database, product, sales_port)
    placing = providers.Singleton(Placing, sales_database, sales_outbox, product_port, clock)
    place_order = providers.Singleton(_batched, placing.provided.place_orders, settings)
    issue_token = providers.Singleton(_batched, auth.provided.issue_tokens, settings)

    verifier = providers.Singleton(
        LocalVerifier, settings.provided.tokens.issuer, settings.provided.tokens.leeway_s, clock
    )
    routers = providers.List(
        providers.Callable(auth_api.routes, auth, issue_token),
        providers.Callable(sales_api.routes, place_order, orders, verifier),
        providers.Callable(product_remote.routes, product.provided.availability, verifier),
        providers.Callable(product_api.routes, catalogue, verifier),
        providers.Callable(delivery_api.routes, delivery, verifier),
    )

    sales_events = providers.Singleton(Consumer, "sales", sales_inbox)
    delivery_events = providers.Singleton(Consumer, "delivery", delivery_inbox)
    product_events = providers.Singleton(Consumer, "product", product_inbox)
    bus = providers.Singleton(
        _bus,
        providers.List(
            providers.List(sales_events, sales_consumer.SOURCES),
            providers.List(delivery_events, delivery_consumer.SOURCES),
            providers.List(product_events, product_consumer.SOURCES),
        ),
    )
    sales_relay = providers.Singleton(_relay, sales_outbox, bus, providers.List(delivery_port, product_port), settings)
    delivery_relay = providers.Singleton(
        _relay, delivery_outbox, bus, providers.List(sales_port, product_port), settings
    )

    databases = providers.List(auth_database, sales_database, delivery_database, product_database)
    consumers = providers.List(sales_events, delivery_events, product_events)
    relays = providers.List(sales_relay, delivery_relay)
