"""`waybill docs` writes what differs, and with `--check` only says so."""

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from entrypoints.cli.__main__ import app
from tests.system.running import ROOT

SAME = "every document is what the code says\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shutil.copytree(ROOT / "docs", tmp_path / "docs")


def docs(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["docs", "--to", str(folder), *words])


def test_docs_with_check_names_what_differs_and_writes_nothing(folder: Path) -> None:
    said = docs(folder, "--check")
    assert (said.exit_code, said.stdout, said.stderr) == (0, SAME, "")
    spoilt, gone = folder / "asyncapi.yaml", folder / "openapi" / "sales.json"
    spoilt.write_text("asyncapi: 3.0.0\n", encoding="utf-8")
    gone.unlink()
    said = docs(folder, "--check")
    assert (said.exit_code, said.stdout) == (1, "openapi/sales.json differs\nasyncapi.yaml differs\n")
    assert said.stderr.count("\n") == 1
    assert spoilt.read_text(encoding="utf-8") == "asyncapi: 3.0.0\n"
    assert not gone.exists()


def test_docs_writes_each_document_as_it_is_in_the_checkout(folder: Path) -> None:
    shutil.rmtree(folder / "openapi")
    for name in ("asyncapi.yaml", "state-machines.md"):
        (folder / name).unlink()
    said = docs(folder)
    assert (said.exit_code, said.stdout.count(" written\n"), said.stderr) == (0, 6, "")
    for path in (*(ROOT / "docs" / "openapi").iterdir(), ROOT / "docs/asyncapi.yaml", ROOT / "docs/state-machines.md"):
        assert (folder / path.relative_to(ROOT / "docs")).read_bytes() == path.read_bytes()
    assert docs(folder).stdout == SAME


def test_docs_without_a_checkout_ends_with_3_and_one_sentence(tmp_path: Path) -> None:
    said = docs(tmp_path)
    assert (said.exit_code, said.stdout, said.stderr.count("\n")) == (3, "", 1)
    assert str(tmp_path) in said.stderr
