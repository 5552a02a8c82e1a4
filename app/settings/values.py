"""What a single setting may be: durations, ports, URLs. Messages never repeat a value, it may hold a password."""

import base64
import re
from ipaddress import ip_network
from typing import Annotated
from urllib.parse import SplitResult, parse_qs, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from app.service_key import is_private

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104  compared with, never bound to
DEFAULT_PORTS = {"http": 80, "https": 443, "postgresql": 5432}
CARRIER_SECRET = re.compile(r"([1-9][0-9]{0,4}):whsec_([A-Za-z0-9+/]{1,100}={0,2})")
LEAST_BYTES, MOST_BYTES, LIVE_SECRETS = 24, 64, 2
RATE = re.compile(r"[1-9][0-9]{0,8} ?/ ?(?:[1-9][0-9]{0,3} ?)?(?:second|minute|hour|day)s?")

Site = tuple[str, int | None]
"""A host, the same for every spelling of this machine, and a port."""


def sites(url: str) -> list[Site]:
    """Where a URL leads: one place, or several where a database has standbys (`//role@/name?host=one&host=two:5433`).

    Raises ValueError where the URL is malformed.
    """
    split = _split(url)
    default = DEFAULT_PORTS.get(split.scheme)
    if split.hostname:
        return [_site(split.hostname, split.port or default)]
    places = (place.partition(":") for place in parse_qs(split.query).get("host", ["localhost"]))
    return [_site(host, int(port) if port.isdigit() else default) for host, _, port in places]


def own_port(url: str) -> int | None:
    """Find the port that a URL states."""
    return _split(url).port


def holds_password(url: str) -> bool:
    """Whether a URL carries a password, before the host or as a parameter."""
    try:
        split = _split(url)
    except ValueError:
        return False  # refused for that anyway
    return split.password is not None or any("password" in name for name in parse_qs(split.query))


def _site(host: str, port: int | None) -> Site:
    return "localhost" if host in LOOPBACK else host, port


def _split(url: str) -> SplitResult:
    try:
        split = urlsplit(url)
        _ = split.port  # checked only when it is asked for
    except ValueError:
        # `from None`: the parser's words quote the URL.
        raise ValueError("is no well-formed URL") from None
    return split


def _web(url: str) -> SplitResult:
    split = _split(url)
    if split.scheme not in {"http", "https"} or not split.hostname:
        raise ValueError("must be a URL like http://host:port")
    if split.query or split.fragment or "@" in split.netloc:
        raise ValueError("must be a plain URL, without user, query and fragment")
    return split


def _origin(url: str) -> str:
    if _web(url).path not in {"", "/"}:
        raise ValueError("must be a URL without a path: modules have the same paths everywhere")
    return url.removesuffix("/")


def _issuer(url: str) -> str:
    if _web(url).path.endswith("/"):
        raise ValueError("must not end in a slash: verifiers compare it letter by letter")
    return url


def _dsn(secret: SecretStr) -> SecretStr:
    split = _split(secret.get_secret_value())
    if split.scheme != "postgresql" or not split.path.strip("/"):
        raise ValueError("must be a URL like postgresql://role@host:5432/database")
    return secret


def _service_key(secret: SecretStr) -> SecretStr:
    is_private(secret.get_secret_value())
    return secret


def _redis(secret: SecretStr) -> SecretStr:
    split = _split(secret.get_secret_value())
    if split.scheme not in {"redis", "rediss", "unix"} or not (split.hostname or split.path):
        raise ValueError("must be a URL like redis://host:6379/0")
    return secret


def _rate(rate: str) -> str:
    if not RATE.fullmatch(rate):
        raise ValueError('must be a rate like "200/second" or "60/5 minutes"')
    return rate


def listed(names: object) -> object:
    """Take `sales,product` as well as a list: a variable and an option have only text."""
    return tuple(name.strip() for name in names.split(",")) if isinstance(names, str) else names


def _networks(networks: tuple[str, ...]) -> tuple[str, ...]:
    for network in networks:
        try:
            ip_network(network)
        except ValueError:
            raise ValueError("must be addresses or networks, like 10.0.0.5 or 10.0.0.0/24") from None
    return networks


def _carrier_secrets(secret: SecretStr) -> SecretStr:
    carrier_secrets(secret.get_secret_value())
    return secret


def carrier_secrets(given: str) -> dict[int, bytes]:
    """What a carrier signs with, by version: `1:whsec_…`, or two of them with a space between.

    Raises ValueError where it is not like that. Source: Standard Webhooks 1.0.0, 24 to 64 bytes in base64.
    """
    found: dict[int, bytes] = {}
    for one in given.split():
        match = CARRIER_SECRET.fullmatch(one)
        try:
            secret = base64.b64decode(match[2], validate=True) if match else b""
        except ValueError:
            secret = b""
        if match is None or not LEAST_BYTES <= len(secret) <= MOST_BYTES or int(match[1]) in found:
            raise ValueError("must be like 1:whsec_<24 to 64 bytes in base64>, each with a version of its own")
        found[int(match[1])] = secret
    if not 0 < len(found) <= LIVE_SECRETS:
        raise ValueError("must be one secret, or two while one takes over from the other")
    return found


Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Pause = Annotated[float, Field(ge=0, le=600)]
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(gt=0)]
Port = Annotated[int, Field(ge=1, le=65535)]
Origin = Annotated[str, AfterValidator(_origin)]
Issuer = Annotated[str, AfterValidator(_issuer)]
Dsn = Annotated[SecretStr, AfterValidator(_dsn)]
Rate = Annotated[str, AfterValidator(_rate)]
Networks = Annotated[tuple[str, ...], NoDecode, BeforeValidator(listed), AfterValidator(_networks)]
RedisUrl = Annotated[SecretStr, AfterValidator(_redis)]
CarrierSecrets = Annotated[SecretStr, AfterValidator(_carrier_secrets)]
ServiceKey = Annotated[SecretStr, AfterValidator(_service_key)]
# 256 random bits are 43 characters of base64url; what is much shorter was made up by a person.
Generated = Annotated[SecretStr, Field(min_length=32)]
