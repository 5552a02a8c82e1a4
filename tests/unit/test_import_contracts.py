"""The import contracts hold, and each is seen red when code is planted that breaks it."""

import configparser
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("entrypoints", "app", "modules")

# Answers each line on stdin with the exit code and output of one run of the command. Importing the linter takes longer
# than linting, so one process serves all tests; `app` and `modules` are then those of the folder it was started in.
SERVER = """
import json, os, sys
sys.path.insert(0, os.getcwd())
from click.testing import CliRunner
from importlinter.cli import lint_imports_command
for _ in sys.stdin:
    done = CliRunner().invoke(lint_imports_command, ["--no-logo", "--no-cache"])
    print(json.dumps([done.exit_code, done.output]), flush=True)
"""


def names() -> dict[str, str]:
    """Contract ids by the names that the linter prints."""
    config = configparser.ConfigParser()
    config.read(ROOT / ".importlinter", encoding="utf-8")
    prefix = "importlinter:contract:"
    return {config[section]["name"]: section.removeprefix(prefix) for section in config if section.startswith(prefix)}


class Verdict(NamedTuple):
    exit_code: int
    kept: set[str]
    broken: set[str]
    output: str


class Tree:
    """A copy of the packages and the contracts, with a linter that is ready."""

    def __init__(self, folder: Path, linter: "subprocess.Popen[str]") -> None:
        self.folder = folder
        self._linter = linter
        self._names = names()

    def lint(self) -> Verdict:
        assert self._linter.stdin
        assert self._linter.stdout
        self._linter.stdin.write("\n")
        self._linter.stdin.flush()
        exit_code, output = json.loads(self._linter.stdout.readline())
        told = re.findall(r"^(.+?) (KEPT|BROKEN)\b", output, re.MULTILINE)
        kept = {self._names[name] for name, verdict in told if verdict == "KEPT"}
        return Verdict(exit_code, kept, {self._names[name] for name, _ in told} - kept, output)

    def file(self, module: str) -> Path:
        """Where a module's code is, or would be."""
        path = self.folder.joinpath(*module.split("."))
        package = path / "__init__.py"
        return package if package.exists() else path.with_suffix(".py")

    @contextmanager
    def planted(self, importer: str, imported: str) -> Iterator[None]:
        """Add an import. A module of ours that does not exist is written first, for the linter passes over those."""
        added = [module for module in (importer, imported) if module.startswith(PACKAGES)]
        before = {path: path.read_bytes() if path.exists() else None for path in map(self.file, added)}
        try:
            for path in before:
                path.parent.mkdir(exist_ok=True)
                path.touch()
            with self.file(importer).open("a", encoding="utf-8") as file:
                file.write(f"\nimport {imported}\n")
            yield
        finally:
            for path, content in before.items():
                path.unlink() if content is None else path.write_bytes(content)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tree]:
    folder = tmp_path_factory.mktemp("tree")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / ".importlinter", folder)
    env = os.environ | {"COLUMNS": "200", "NO_COLOR": "1"}
    command = [sys.executable, "-c", SERVER]
    with subprocess.Popen(
        command, cwd=folder, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    ) as linter:
        yield Tree(folder, linter)
        assert linter.stdin
        linter.stdin.close()


def test_the_tree_keeps_all_nine_contracts(tree: Tree) -> None:
    verdict = tree.lint()
    assert verdict.exit_code == 0, verdict.output
    assert verdict.kept == set(names().values())
    assert len(verdict.kept) == 9


def test_a_line_that_matches_no_import_is_an_error(tree: Tree) -> None:
    config = tree.folder / ".importlinter"
    before = config.read_text(encoding="utf-8")
    line = "modules.delivery.consumer -> modules.sales.port"
    assert line in before
    try:
        config.write_text(before.replace(line, f"{line}\n    modules.delivery.api -> modules.product.port"), "utf-8")
        verdict = tree.lint()
    finally:
        config.write_text(before, "utf-8")
    assert verdict.exit_code == 1
    assert "modules.delivery.api -> modules.product.port" in verdict.output


# What is imported is mostly a module that is not there otherwise, so that nothing but the planted line is at fault.
VIOLATIONS = [
    ("shape", "app.extra", "entrypoints.extra"),
    ("shape", "modules.kernel.ids", "app.extra"),
    ("shape", "modules.auth.service", "app.extra"),
    ("shape", "modules.web.problem", "entrypoints.extra"),
    ("map", "modules.auth.service", "modules.sales.port"),  # a port that no line grants
    ("map", "modules.delivery.api", "modules.sales.port"),  # granted to another room
    ("map", "modules.sales.service", "modules.product.model"),  # granted for the port, not for what is behind it
    ("map", "modules.product.model", "modules.sales.port"),
    ("map", "modules.web.problem", "modules.sales.port"),
    ("map", "modules.kernel.mailroom.departures", "modules.product.port"),
    ("map", "modules.billing", "modules.kernel.ids"),  # a fifth module, not on the map
    ("rooms", "modules.sales.model", "modules.sales.repository"),
    ("rooms", "modules.product.repository", "modules.product.service"),
    ("rooms", "modules.delivery.service", "modules.delivery.api"),
    ("rooms", "modules.sales.api", "modules.sales.consumer"),
    ("rooms", "modules.auth.port", "modules.auth.model"),
    ("rooms", "modules.sales.helpers", "modules.sales.port"),  # a room that is none
    ("kernel", "modules.kernel.errors", "modules.kernel.events"),
    ("kernel", "modules.kernel.ids", "modules.kernel.rpc"),
    ("kernel", "modules.kernel.inbox", "modules.kernel.outbox"),
    ("kernel", "modules.kernel.utils", "modules.kernel.ids"),  # the list is closed
    ("doors", "app.extra", "modules.sales.service"),
    ("doors", "app.extra", "modules.product.model"),
    ("doors", "entrypoints.extra", "modules.auth.repository"),
    ("doors", "entrypoints.cli.extra", "modules.delivery.consumer"),
    ("tables", "app.container", "modules.kernel.tables"),
    ("tables", "modules.sales.repository", "modules.kernel.tables"),
    ("tables", "app.extra", "modules.delivery.table"),
    ("remote", "app.extra", "modules.sales.remote"),
    ("remote", "entrypoints.extra", "modules.product.remote"),
    ("remote", "modules.sales.service", "modules.sales.remote"),
    ("web", "modules.sales.service", "modules.web.security"),
    ("web", "modules.product.consumer", "modules.web.extra"),
    ("web", "app.extra", "modules.web.problem"),
    ("libraries", "modules.sales.service", "sqlalchemy"),
    ("libraries", "modules.sales.model", "sqlmodel"),
    ("libraries", "modules.kernel.outbox", "sqlmodel"),
    ("libraries", "modules.product.model", "psycopg"),
    ("libraries", "modules.product.port", "fastapi"),
    ("libraries", "modules.sales.api", "starlette.responses"),
    ("libraries", "modules.delivery.consumer", "redis.asyncio"),
    ("libraries", "modules.sales.service", "httpx"),
    ("libraries", "modules.sales.service", "authlib.oauth2"),
    ("libraries", "modules.web.security", "dependency_injector.wiring"),
    ("libraries", "modules.kernel.clock", "typer"),
    ("libraries", "modules.product.repository", "sqlalchemy"),
]


@pytest.mark.parametrize(("contract", "importer", "imported"), VIOLATIONS)
def test_a_planted_violation_breaks_its_contract_and_no_other(
    contract: str, importer: str, imported: str, tree: Tree
) -> None:
    with tree.planted(importer, imported):
        verdict = tree.lint()
    assert verdict.broken == {contract}, verdict.output
    assert verdict.exit_code == 1


def test_every_contract_is_broken_at_least_twice() -> None:
    planted = [contract for contract, *_ in VIOLATIONS]
    assert {contract for contract in planted if planted.count(contract) > 1} == set(names().values())
