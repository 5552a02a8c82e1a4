"""The tables of the settings, each with its defaults."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from app.settings.values import Count, Generated, Issuer, Networks, Pause, Port, Rate, RedisUrl, Seconds, Share


class Section(BaseModel):
    """A table of the settings; a key it does not know is refused, since it is a typo."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Server(Section):
    """Where this process listens."""

    host: str = Field(default="127.0.0.1", min_length=1)
    port: Port = 3000
    """Without one: the port of the first hosted module's placement, else 3000."""
    internal_port: Port | None = None
    """A second port, for our own network: with one, `/internal/…` and `/metrics` are answered only there."""
    trusted_proxies: Networks = ()
    """Who is believed when it says for whom it asks (`X-Forwarded-For`). Everybody else is who the connection says."""
    notice_s: Pause = 0.5
    """How long it goes on when it was told to stop, saying that it is not ready, so that requests are sent elsewhere."""


class Events(Section):
    """How events travel, and how long they are kept."""

    bus: Literal["in_process", "redis"] = "in_process"
    url: RedisUrl | None = None
    relay: bool = True
    """Whether this process publishes events; where it does not, a replica that does takes its share."""
    retention_days: Count = 7
    max_unpublished: Count = 1_000_000
    """Of how many events of a module that wait to be published no more are taken on: what would add to them gets `503`."""


class Limits(Section):
    """How often the form endpoints of auth, and clients sales, are asked before they answer `429`, and do nothing else."""

    enabled: bool = True
    address: Rate = "200/second"
    """From one address; one IPv6 network of 64 bits counts as one."""
    everyone: Rate = "2000/second"
    """From all addresses together, what is beyond the rate of its own address apart."""
    failures: Annotated[int, Field(ge=0)] = 5
    """How often a client may fail to authenticate from one address at no cost; then it waits, 1 s to 60 s."""
    address_failures: Rate = "60/minute"
    """Failures from one address, whatever clients they name."""
    client: Rate = "200/second"
    """What one client may ask of sales in the long run."""
    client_burst: Annotated[int, Field(ge=1, le=1_000_000)] = 400
    """What it may ask at once when it has not asked for a while."""


class Tokens(Section):
    """Who issues tokens, and how long they live."""

    issuer: Issuer
    access_ttl_s: Count = 300
    service_ttl_s: Count = 3600
    """Access tokens of our own services."""
    refresh_ttl_s: Count = 30 * 24 * 3600
    """A refresh family from its first token on; rotating prolongs nothing."""
    leeway_s: Annotated[int, Field(ge=0)] = 10
    """By how much clocks may differ."""
    key_days: Count = 90
    """How long a key signs access tokens. The one that follows is published before that by itself."""
    families: Count = 1000
    """How many refresh families of a client are kept; beyond that, those that were not refreshed for longest are not."""
    revocations_silent_s: Seconds = 300
    """For how long auth may be away until services refuse what changes anything; what is read goes on."""


class Holds(Section):
    """How long stock waits for its order before sales is asked for the decision."""

    ttl_s: Seconds = 60
    sweep_interval_s: Seconds = 5


class Orders(Section):
    """What the orders API takes on."""

    max_in_flight: Count = 1024


class Carriers(Section):
    """Who carries parcels, and how the one that is played behaves."""

    kind: Literal["manual", "simulated"] = "manual"
    """`manual`: people report, or a carrier pushes updates. `simulated`: parcels go their way by themselves, for demos."""
    rehearsal: bool = False
    """Whether this is only played. `waybill up --carrier simulated` says so; a deployment never does."""
    seed: int = 1
    step_s: Seconds = 2
    """How long a played parcel takes for each step."""
    failed: Share = 0.1
    """Of all played parcels, those that arrive at the second attempt."""
    returned: Share = 0.05
    """Of all played parcels, those that come back."""


class Log(Section):
    """What is written to the log."""

    level: Annotated[
        Literal["TRACE", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"],
        BeforeValidator(lambda level: level.upper() if isinstance(level, str) else level),
    ] = "INFO"


class Pool(Section):
    """Database connections per hosted module."""

    size: Count = 4
    """Small on purpose: a batch needs few connections, and more of them cost latency."""


class Secrets(Section):
    """What only auth needs to know. Never in a settings file."""

    pepper: Generated | None = None
    """Client secrets are stored as an HMAC under this."""
    pepper_version: Count = 1
    """Raised when the pepper is replaced. Secrets kept under the one before go over to the new one when they are used."""
    pepper_before: Generated | None = None
    """The pepper of the version before, for as long as secrets are kept under it."""
    pepper_after: Generated | None = None
    """The pepper of the version to come: every process of auth has to know it before the first one uses it."""
    key_encryption_key: Generated | None = None
    """Signing keys are stored encrypted under this."""
