"""Engines: how this system connects to PostgreSQL."""

from typing import Any

import orjson
from psycopg.types.json import set_json_loads
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from modules.kernel.database import Database

SESSION = {
    "statement_timeout": "10s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "15s",
    "timezone": "UTC",
    "jit": "off",  # every statement here is short
    # A batch is one JSON value, and PostgreSQL guesses 100 rows for it whatever it holds: the guess makes it prefer
    # reading whole tables. Index access is right for every statement of ours.
    "plan_cache_mode": "force_generic_plan",
}

NETWORK = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,  # milliseconds
}

set_json_loads(orjson.loads)


def connect_arguments() -> dict[str, Any]:
    """What every connection of ours asks for: bounds on waiting, on both ends."""
    return {"options": " ".join(f"-c {name}={value}" for name, value in SESSION.items()), **NETWORK}


def open_database(module: str, dsn: str, *, pool_size: int = 4) -> Database:
    """The database of `module`; connections are made when they are needed.

    A batch needs one connection, so a small pool serves many requests; beyond it, up to 5 s of waiting for one.
    """
    url = make_url(dsn).set(drivername="postgresql+psycopg")
    engine = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=5,
        pool_use_lifo=True,
        connect_args=connect_arguments(),
    )
    return Database(module, engine)
