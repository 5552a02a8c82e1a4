"""What a run of the trace leaves in the four databases, and what may differ there from placement to placement."""

from collections.abc import Iterator, Mapping
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import scalar_row

from modules.kernel.ids import service_id
from tests.system.partitions import MODULES
from tests.system.trace_names import Names, in_order, rendered

EXCEPTIONS: Mapping[str, str] = {
    "peer_memory": "what auth said last is kept where auth lives elsewhere, for a start without it",
    "relay_lease": "which process publishes is nobody's business but the relays'",
    "outbox.bus": "the name of the bus that took an event",
    "outbox.stream_id": "the place that the bus gave it",
    "outbox.publications": "how often it was published; its effect is the same",
    "outbox.checks": "how often its subscribers were asked whether they have it",
    "outbox.check_at": "when they are asked next",
    "outbox.id": "numbers that PostgreSQL gives out, those of what was rolled back included",
    "idempotency.fingerprint": "a hash over the path, with the ids in it",
    "carrier_update.fingerprint": "a hash over what the carrier said, with the ids in it",
    "audit.id": "numbers that PostgreSQL gives out, those of what was rolled back included",
    "the rows of our own services in auth": "modules in several processes sign in to each other; in one they need not",
}
"""All that differs between one process and four, and why. Whatever is not named here has to be the same."""

FIRST = ("order", "shipment", "hold")
"""The tables whose rows have names already, or give them to the others'."""


def left_behind(databases: Mapping[str, str], names: Names) -> Iterator[str]:
    """Every row of every table, a line each."""
    for module in ("sales", "delivery", "product", "auth"):
        for table, rows in _tables(databases[module]).items():
            if table in {"outbox", *EXCEPTIONS}:
                continue
            yield f"# {module}.{table}"
            yield from in_order(names, [_compared(table, row) for row in rows])


def told(databases: Mapping[str, str], names: Names) -> Iterator[str]:
    """Every event with how far it has come, by emitter, subject and number."""
    for module in MODULES:
        rows = _tables(databases[module]).get("outbox", [])
        yield f"# events of {module}"
        for row in sorted(rows, key=lambda row: row["id"]):
            yield rendered(names.document(_compared("outbox", row)))


def _compared(table: str, row: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: value for name, value in row.items() if f"{table}.{name}" not in EXCEPTIONS}


def _tables(dsn: str) -> Mapping[str, list[dict[str, Any]]]:
    with psycopg.connect(dsn, row_factory=scalar_row) as connection:
        found = connection.execute(
            "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1"
        ).fetchall()
        tables = sorted(found, key=lambda name: (name not in FIRST, name))
        every = sql.SQL("SELECT row_to_json(t) FROM {} t")
        rows = {name: connection.execute(every.format(sql.Identifier(name))).fetchall() for name in tables}
    return {name: [row for row in some if not _is_ours(row, rows)] for name, some in rows.items()}


def _is_ours(row: Mapping[str, Any], rows: Mapping[str, list[dict[str, Any]]]) -> bool:
    """Whether it is a row about one of our own services in auth: its client, its secret, or a token it was given."""
    services = {service_id(module) for module in MODULES}
    families = {one["id"] for one in rows.get("token_family", []) if one["client_id"] in services}
    return "client" in rows and bool(
        {row.get("id"), row.get("client_id"), row.get("family_id")} & (services | families)
    )
