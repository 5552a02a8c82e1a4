"""The page of what hostile callers send is the one that the rows make, and says of each what it is."""

from tests.adversarial.chapters import CHAPTERS, ROWS, TITLES
from tests.adversarial.page import PAGE, TEST, page
from tests.system.running import ROOT


def test_the_committed_page_is_what_the_rows_make() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tests.adversarial.page"


def test_every_row_is_on_it_with_its_paragraph_and_its_answer() -> None:
    text = PAGE.read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith("| |")]

    assert len(lines) == len(ROWS)
    for line, row in zip(lines, ROWS.values(), strict=True):
        assert line.startswith(f"| {row.name} | {row.source} | ".replace("\\", "\\\\")), line
        assert f"| {row.status}" in line, line


def test_every_chapter_has_a_title_and_the_page_its_test() -> None:
    text = PAGE.read_text(encoding="utf-8")

    assert [f"## {TITLES[chapter]}" for chapter in CHAPTERS] == [
        line for line in text.splitlines() if line[:3] == "## "
    ]
    assert (ROOT / TEST).is_file()
