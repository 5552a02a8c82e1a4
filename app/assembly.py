"""What the container makes of settings without opening any module's rooms."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from app.batching import Batcher
from app.bus import Beginning, Consumer, InProcessBus
from app.calm import Calm
from app.database import open_database
from app.failpoints import failpoints
from app.relay import Relay
from app.settings import MODULES, Settings
from modules.kernel.adoption import Adoption
from modules.kernel.clock import Clock, SystemClock
from modules.kernel.database import Database
from modules.kernel.events import Bus, source_of
from modules.kernel.inbox import Inbox
from modules.kernel.outbox import Outbox

if TYPE_CHECKING:
    from app.bus.redis import RedisBus, RedisConsumer
    from app.limiter import CountingLimiter, Pace


def module_database(module: str, settings: Settings) -> Database:
    """The database of a module."""
    return open_database(module, settings.databases[module].get_secret_value(), pool_size=settings.pool.size)


def batched(work: Any, settings: Settings) -> Any:
    """`work`, with concurrent calls gathered into batches."""
    return Batcher(work, bound=settings.orders.max_in_flight)


def auth_limiter(settings: Settings) -> "CountingLimiter | None":
    """Who counts what auth is asked; together with other processes where there is a Redis between them."""
    if "auth" not in settings.modules or not settings.limits.enabled:
        return None
    from app.limiter import open_limiter

    url = settings.events.url if settings.events.bus == "redis" else None
    return open_limiter(settings.limits, url.get_secret_value() if url else None)


def sales_pace(settings: Settings) -> "Pace | None":
    """How fast customers may ask sales; counted together with other processes where there is a Redis between them."""
    if "sales" not in settings.modules or not settings.limits.enabled:
        return None
    from app.limiter import open_pace

    url = settings.events.url if settings.events.bus == "redis" else None
    return open_pace(settings.limits, url.get_secret_value() if url else None)


def wall_clock(settings: Settings) -> Clock:
    """The machine's clock, unless this process was started to be wrong about the time."""
    points = failpoints()
    return SystemClock() if points is None else points.clock(settings.modules)


def failing(name: str, database: Database) -> Database:
    """The database itself, unless this process was started to fail on purpose."""
    points = failpoints()
    return database if points is None else points.database(name, database)


def failing_port(name: str, port: Any, method: str) -> Any:
    """The port itself, unless this process was started to fail on purpose."""
    points = failpoints()
    return port if points is None else points.port(name, port, method)


def where(settings: Settings, module: str) -> str:
    """Whether a module is `here` or `elsewhere`."""
    return "here" if module in settings.modules else "elsewhere"


def hosted(settings: Settings, /, **by_module: Callable[[], Any]) -> list[Any]:
    """What each hosted module has of something; the others' are never made."""
    made = [by_module[module]() for module in MODULES if module in settings.modules and module in by_module]
    return [one for some in made for one in (some if isinstance(some, list) else [some])]


def consumer_of(
    module: str, inbox: Inbox, sources: Sequence[str], emitters: Mapping[str, Any], settings: Settings
) -> "Consumer | RedisConsumer":
    """What feeds a module's inbox from the bus that settings name, and asks its emitters where it has to begin."""
    tells = {source_of(source): emitters[source].last_told for source in sources}
    beginning = Beginning(module, Adoption(inbox.database, tells))
    if settings.events.url is None or settings.events.bus == "in_process":
        return Consumer(module, inbox, beginning)
    from app.bus.redis import RedisConsumer

    return RedisConsumer(module, inbox, settings.events.url.get_secret_value(), sources, beginning)


def in_process_bus(consumers: Sequence[Consumer], sources: Mapping[str, Sequence[str]]) -> InProcessBus:
    """The bus for all modules in one process."""
    return InProcessBus((source_of(source), consumer) for consumer in consumers for source in sources[consumer.module])


def redis_bus(settings: Settings) -> "RedisBus":
    """The bus over Redis."""
    from app.bus.redis import RedisBus

    if settings.events.url is None:
        raise ValueError("events.bus is redis and there is no URL")
    return RedisBus(settings.events.url.get_secret_value())


def relay_of(outbox: Outbox, bus: Bus, subscribers: Sequence[Any], settings: Settings, calm: Calm) -> Relay:
    """What publishes a module's events, and asks `subscribers` what became of them."""
    retention = timedelta(days=settings.events.retention_days)
    if (points := failpoints()) is not None:
        bus = points.bus(outbox.database.name, bus)
    return Relay(outbox, bus, [subscriber.progress for subscriber in subscribers], retention=retention, calm=calm)
