"""The page about what was asked for: all of it is there, and every file and test that it names exists."""

import ast
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "requirement.md").read_text(encoding="utf-8")

DIAGRAM = """
    customer → Auth POST /auth/token (client credentials) → JWT + refresh token;
    Auth stores/validates tokens in the Auth database (PostgreSQL);
    customer → Sales POST /api/v1/orders with Authorization: Bearer JWT;
    Sales validates the JWT itself (Passport.js' part) → order response;
    Sales → Product HTTP POST /availability; Product database;
    Sales → queue (Redis): order created event → Delivery;
    Delivery → queue: status update event → Sales;
    Sales stores the order, Delivery the shipment;
    all four → logging and metrics → aggregated into monitoring; no API gateway;
    ports 3001 sales, 3002 delivery (internal), 3003 product (internal), 3004 auth
"""
PHRASES = (
    "customer → Auth `POST /auth/token` (client credentials)",
    "JWT + refresh token",
    "Auth stores/validates tokens in the Auth database (PostgreSQL)",
    "customer → Sales `POST /api/v1/orders`",
    "`Authorization: Bearer JWT`",
    "Sales validates the JWT itself (Passport.js' part)",
    "order response",
    "Sales → Product `HTTP POST /availability`",
    "Product database",
    "Sales → queue (Redis): order created event",
    "queue → Delivery",
    "Delivery → queue: status update event",
    "queue → Sales",
    "Sales stores the order",
    "Delivery stores the shipment",
    "all four → logging and metrics",
    "aggregated into monitoring",
    "no API gateway",
    "3001 sales",
    "3002 delivery (internal)",
    "3003 product (internal)",
    "3004 auth",
)
LIBRARIES = (
    *("fastapi", "uvicorn", "sqlmodel", "psycopg", "dependency-injector", "redis", "authlib", "httpx", "loguru"),
    *("typer", "pytest", "import-linter"),
)
LAYOUT = (
    *("app/", "modules/", "entrypoints/", "alembic/", "config/", "docker-compose.yml", "pyproject.toml"),
    *(".importlinter", "README.md"),
)

ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("| ") and not line.startswith("| asked for")
]
NAMES = {row[0]: row for row in ROWS}


def quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


@cache
def functions_in(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    functions = (node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return frozenset(node.name for node in functions if node.name.startswith("test_"))


def test_no_part_of_the_diagram_is_missing() -> None:
    asked_for = "\n".join(NAMES)
    assert [phrase for phrase in PHRASES if phrase not in asked_for] == []


def test_no_word_of_the_diagram_is_missing() -> None:
    words = {word.lower() for word in re.findall(r"[\w/.'-]+", DIAGRAM)} - {"and"}
    there = {word.lower() for word in re.findall(r"[\w/.'-]+", "\n".join(NAMES))}
    assert words - there == set()


def test_nothing_that_was_given_is_missing() -> None:
    asked_for = [one for name in NAMES for one in (name, *quoted(name))]
    assert [given for given in ("Python ≥ 3.11", *LIBRARIES, *LAYOUT) if given not in asked_for] == []


def test_the_project_is_built_on_what_was_given() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    needed = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    names = {re.split(r"[^a-z0-9-]", one)[0] for one in needed}
    assert set(LIBRARIES) <= names
    assert project["project"]["requires-python"] == ">=3.11"
    assert all((ROOT / one).exists() for one in LAYOUT)


def test_every_row_has_a_name_of_its_own() -> None:
    assert len(NAMES) == len(ROWS)


@pytest.mark.parametrize("name", NAMES)
def test_a_row_names_files_and_tests_that_exist(name: str) -> None:
    _, where, shown_by = NAMES[name]
    files, tests = quoted(where), quoted(shown_by)
    assert files
    assert tests
    assert [file for file in files if not (ROOT / file).is_file()] == []
    for test in tests:
        file, _, function = test.partition("::")
        assert function in functions_in(file), test
