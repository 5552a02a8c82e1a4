"""No status is set but by the statements named here, and those run only where the tables of the steps are asked."""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from modules.delivery import model as delivery
from modules.product.model import HOLD_STEPS
from modules.sales import model as sales

ROOT = Path(__file__).parents[2]
MODULES = ("sales", "delivery", "product")
SET = re.compile(r"\b(?:status|state) *= *(\S+?)(?:,|\s|$)")
UPDATE = re.compile(
    r'(?:UPDATE (?P<updated>"?\w+"?)|INSERT INTO (?P<filled>"?\w+"?).*?DO UPDATE)(?: AS)?(?: \w+)? SET (?P<set>.*?)'
    r"(?:\bWHERE\b|\bFROM\b|$)"
)
INSERT = re.compile(r'INSERT INTO ("?\w+"?)(?: AS \w+)? \(([^)]*)\) (?:SELECT (.*?) FROM |VALUES \((.*?)\))')
MACHINES = {'"order"': "status", "order_shipment": "status", "shipment": "status", "hold": "state"}

BEGINS = {
    ("sales", "INSERT_ORDERS"): "'placed'",
    ("delivery", "OPEN_SHIPMENTS"): "'pending'",
    ("delivery", "INSERT_SHIPMENTS"): "'pending'",
    ("product", "OPEN_HOLDS"): "'held'",
    ("sales", "UPSERT_SHIPMENTS"): "status",
}
"""What a row begins as: the first status of its machine, or what delivery told of a parcel."""

SETS = {
    ("sales", "CHANGE"): "coalesce(r.status",
    ("sales", "UPSERT_SHIPMENTS"): "excluded.status",
    ("delivery", "MOVE"): ":status",
    ("delivery", "CANCEL"): "'cancelled'",
    ("product", "CONFIRM"): ":state",
    ("product", "CLOSE_DONE"): ":state",
}
"""What each statement that moves something sets: a value that is handed in."""

OTHERS = {("sales", "COUNT_EVENT"), ("product", "LOCK_OPEN_HOLDS"), ("delivery", "LEAVE")}
"""What else writes to those tables: numbers of events, how long a hold lives, and that a parcel was split."""

WORDS = {("delivery", "CANCEL"): "the one step that is taken for many shipments; `STOPPABLE` says of which"}
"""Statements that set a status which is written in them, and why they may."""

ASKED: Mapping[tuple[str, str], Mapping[str, set[str]]] = {
    ("sales", "change"): {"service/cancelling.py": {"CANCELLABLE"}, "service/following.py": {"steps_to", "resumed"}},
    ("sales", "upsert_shipments"): {"service/following.py": {"steps_to", "resumed"}},
    ("delivery", "move"): {"service/stepping.py": {"outcome"}},
    ("delivery", "cancel"): {"service/stopping.py": {"STOPPABLE"}},
    ("product", "confirm"): {"consumer.py": set(), "service/holds.py": set()},
    ("product", "account"): {"service/holds.py": set(), "service/shipping.py": set()},
}
"""Who runs those statements, and what of the model each goes by. Holds go by it in `_move_holds`, whoever asks."""


def files_of(module: str) -> Iterator[tuple[str, ast.Module]]:
    folder = ROOT / "modules" / module
    for path in sorted(folder.rglob("*.py")):
        yield path.relative_to(folder).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def statements(module: str) -> Mapping[str, str]:
    """The statements of a module by name, each on one line."""
    found = {}
    for name, tree in files_of(module):
        if not name.startswith("repository"):
            continue
        for node in tree.body:
            match node:
                case ast.Assign(targets=[ast.Name(id=constant)], value=ast.Call(args=[ast.Constant(value=str(text))])):
                    found[constant] = " ".join(text.split())
    return found


def moved(statement: str) -> list[str]:
    """What a statement sets the status of a machine to."""
    values = []
    for update in UPDATE.finditer(statement):
        if MACHINES.get(update["updated"] or update["filled"]):
            values += SET.findall(update["set"])
    return values


def begun(statement: str) -> list[str]:
    """What a statement has the status of a new row be."""
    values = []
    for table, columns, selected, given in INSERT.findall(statement):
        names = [name.strip() for name in columns.split(",")]
        if table in MACHINES and MACHINES[table] in names:
            values.append((selected or given).split(", ")[names.index(MACHINES[table])])
    return values


def is_changed(statement: str) -> bool:
    """Whether a statement writes to the table of a machine."""
    return any(
        re.search(rf"(?:UPDATE|INSERT INTO) {table}(?!\w)", re.sub(r"FOR UPDATE", "", statement)) for table in MACHINES
    )


def functions(tree: ast.Module) -> Iterator[tuple[str, set[str]]]:
    """The functions of a file, with the names that each of them uses."""
    for node in tree.body:
        if isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef):
            yield node.name, names_in(node)


def names_in(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def asked_of_repository(tree: ast.AST) -> set[str]:
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "repository"
    }


ALL = {(module, name): text for module in MODULES for name, text in statements(module).items()}


def test_a_status_is_set_by_these_statements_alone_and_to_what_is_handed_in() -> None:
    assert {key: values for key, text in ALL.items() if (values := moved(text))} == {
        key: [value] for key, value in SETS.items()
    }
    assert {key for key, value in SETS.items() if value.startswith("'")} == WORDS.keys()


def test_a_row_begins_where_its_machine_begins() -> None:
    assert {key: values for key, text in ALL.items() if (values := begun(text))} == {
        key: [value] for key, value in BEGINS.items()
    }
    firsts = [next(iter(steps)) for steps in (sales.STEPS, delivery.STEPS, HOLD_STEPS)]
    assert list(dict.fromkeys(value.strip("'") for value in BEGINS.values() if value.startswith("'"))) == firsts


def test_nothing_writes_to_the_tables_of_the_machines_but_what_is_named() -> None:
    assert {key for key, text in ALL.items() if is_changed(text)} == {*BEGINS, *SETS, *OTHERS}


def test_a_hold_is_moved_from_where_the_table_says() -> None:
    (tree,) = [tree for name, tree in files_of("product") if name == "repository.py"]
    uses = dict(functions(tree))

    assert {name for name, used in uses.items() if used & {"CONFIRM", "CLOSE_DONE"}} == {"confirm", "account"}
    assert all("_move_holds" in uses[name] for name in ("confirm", "account"))
    assert "holds_before" in uses["_move_holds"]
    assert all("state = ANY(:before)" in ALL["product", name] for name in ("CONFIRM", "CLOSE_DONE"))


@pytest.mark.parametrize("module", MODULES)
def test_who_sets_a_status_goes_by_the_table(module: str) -> None:
    own = {name for owner, name in SETS if owner == module}
    files = dict(files_of(module))
    movers = {
        function
        for file, tree in files.items()
        if file.startswith("repository")
        for function, used in functions(tree)
        if used & own
    }
    assert movers == {function for owner, function in ASKED if owner == module}
    for function in movers:
        callers = {file for file, tree in files.items() if function in asked_of_repository(tree)}
        assert callers == ASKED[module, function].keys(), function
        for file, words in ASKED[module, function].items():
            assert words <= names_in(files[file]), (function, file)


def test_no_statement_is_hidden_outside_the_repositories() -> None:
    found = []
    for folder in ("app", "entrypoints", "modules"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            constants = [
                node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Constant)
            ]
            texts = [" ".join(one.value.split()) for one in constants if isinstance(one.value, str)]
            if any(map(is_changed, texts)) and not path.relative_to(ROOT).parts[2].startswith("repository"):
                found.append(path)
    assert found == []


def test_no_code_sets_a_status_on_a_row() -> None:
    found = [
        (module, file, node.lineno)
        for module in MODULES
        for file, tree in files_of(module)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and node.attr in {"status", "state"}
    ]
    assert found == []


@pytest.mark.parametrize(
    ("statement", "values"),
    [
        ("UPDATE shipment SET status = 'returned' WHERE id = :id", ["'returned'"]),
        ("UPDATE \"order\" o SET version = 1, status = 'delivered' FROM r WHERE true", ["'delivered'"]),
        ("WITH x AS (SELECT 1) UPDATE hold h SET state = 'held'", ["'held'"]),
        ("UPDATE hold_line SET shipped = 1 WHERE state = 'held'", []),
        ("SELECT id FROM shipment WHERE status = 'pending' FOR UPDATE", []),
    ],
)
def test_a_status_that_is_written_in_a_statement_is_seen(statement: str, values: list[str]) -> None:
    assert moved(statement) == values
    assert is_changed(statement) is bool(values)
