"""What the pages at the front door say can be done, and followed."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer

from app.supervisor.plan import planned
from entrypoints.cli.__main__ import app

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "CONTRIBUTING.md", "docs/deployment.md", "docs/placements.md", "docs/adr/README.md")
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = {" ".join(words.split()) for words in re.findall(r"\./run ([^`#\n]+)", README)}
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)")


@pytest.mark.parametrize("words", sorted(COMMANDS))
def test_every_command_of_the_readme_is_one_that_there_is(words: str) -> None:
    command: Any = typer.main.get_command(app)
    first, *rest = words.split()
    if first == "test" or first.startswith("-"):  # `run`'s own, and typer's
        return
    given = [first, *rest]
    while hasattr(command, "commands"):
        command = command.commands[given.pop(0)]
    options = {option for parameter in command.params for option in parameter.opts}
    assert [word for word in given if word.startswith("--") and word not in options] == []


def test_the_ports_of_the_readme_are_those_of_a_split() -> None:
    (line,) = [
        line for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines() if "./run up --split" in line
    ]
    split, said = re.findall(r"--split (\S+) +# on ([\d, ]+);", line)[0]
    assert said == ", ".join(str(spec.port) for spec in planned(split, None, 3000))


@pytest.mark.parametrize("page", [*PAGES, *sorted(f"docs/adr/{path.name}" for path in ROOT.glob("docs/adr/0*.md"))])
def test_a_link_leads_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for target, heading in LINK.findall(text):
        if "://" in target:
            continue
        file = (ROOT / page).parent / target if target else ROOT / page
        assert file.exists(), f"{page}: {target}"
        assert not heading or heading in _headings(file), f"{page}: {target}#{heading}"


def test_every_decision_is_listed() -> None:
    listed = (ROOT / "docs" / "adr" / "README.md").read_text(encoding="utf-8")
    for path in ROOT.glob("docs/adr/0*.md"):
        number, _, title = path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ").partition(" · ")
        assert path.name.startswith(number)
        assert f"| [{number}]({path.name}) |" in listed
        assert title.split(",")[0].split(";")[0] in listed, title


def _headings(page: Path) -> set[str]:
    """The anchors of a page, as they are made from its headings."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
