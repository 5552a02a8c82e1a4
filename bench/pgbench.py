"""The least that an order needs of a database, by PostgreSQL's own benchmark: the measure of what is possible."""

import re
import subprocess
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from app.embedded.binaries import postgres_program

SCHEMA = """
    CREATE TABLE IF NOT EXISTS stock (sku int PRIMARY KEY, on_hand bigint, held bigint, CHECK (held <= on_hand));
    CREATE TABLE IF NOT EXISTS hold_line (hold_id uuid, sku int, quantity int, PRIMARY KEY (hold_id, sku));
    CREATE TABLE IF NOT EXISTS orders (id uuid PRIMARY KEY, client text, ship_to json, total bigint);
    CREATE TABLE IF NOT EXISTS outbox (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, data json);
    TRUNCATE stock, hold_line, orders, outbox;
    INSERT INTO stock SELECT n, 1000000000, 0 FROM generate_series(1, 1000) n;
"""

SHIP_TO = '{"name": "Somebody", "line1": "1 Street", "city": "Town", "country": "DE"}'

SCRIPT = """
\\set a random(1, 330)
\\set b random(331, 660)
\\set c random(661, 1000)
BEGIN;
UPDATE stock SET held = held + 1 WHERE sku = :a;
UPDATE stock SET held = held + 1 WHERE sku = :b;
UPDATE stock SET held = held + 1 WHERE sku = :c;
WITH o AS (INSERT INTO orders VALUES (gen_random_uuid(), 'client', :ship_to, 100) RETURNING id),
    h AS (INSERT INTO hold_line SELECT id, s, 1 FROM o, unnest(ARRAY[:a, :b, :c]::int[]) AS s)
INSERT INTO outbox (data) SELECT json_build_object('id', id, 'ship_to', :ship_to) FROM o;
COMMIT;
"""


def prepare(admin_dsn: str) -> str:
    """A database for it on the same server; its URL."""
    with psycopg.connect(admin_dsn, autocommit=True) as connection:
        if connection.execute("SELECT FROM pg_database WHERE datname = 'pgbench'").fetchone() is None:
            connection.execute("CREATE DATABASE pgbench")
    dsn = admin_dsn.rpartition("/")[0] + "/pgbench"
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(SCHEMA)
    return dsn


def measure(dsn: str, folder: Path, *, clients: int, seconds: int) -> float:
    """Transactions a second."""
    script = folder / "order.sql"
    script.write_text(SCRIPT.replace(":ship_to", f"'{SHIP_TO}'"))
    command = [postgres_program("pgbench"), "-n", "-M", "prepared", "-c", str(clients), "-j", "2", "-T", str(seconds)]
    at = conninfo_to_dict(dsn)
    where = {"PGHOST": "host", "PGPORT": "port", "PGUSER": "user", "PGPASSWORD": "password", "PGDATABASE": "dbname"}
    environment = {name: str(at[part]) for name, part in where.items()}  # not on the command line, that all can read
    done = subprocess.run(  # the wheel's own program
        [*map(str, command), "-f", str(script)], capture_output=True, text=True, check=False, env=environment
    )
    found = re.search(r"tps = ([0-9.]+)", done.stdout)
    if found is None:
        raise RuntimeError(f"pgbench said: {done.stdout}{done.stderr}")
    return float(found[1])
