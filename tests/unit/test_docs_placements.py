"""The page of all placements is the one that the code makes, and says of each what it is and which test runs it."""

from collections.abc import Mapping, Sequence

from app.container import CALLEES, contracts
from app.supervisor.plan import PORTS
from tests.system.partitions import ALL
from tests.system.placements import ASKED, PAGE, TEST, calls, page
from tests.system.running import ROOT
from tests.system.trace_rows import EXCEPTIONS


def _rows() -> Mapping[str, Sequence[str]]:
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if TEST.partition("::")[2] + "[" in line]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {row[0].strip("`"): row for row in cells}


def test_the_committed_page_is_what_the_code_makes() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tests.system.placements"


def test_every_way_to_split_four_modules_has_a_row_with_its_test_case() -> None:
    rows = _rows()

    file, _, name = TEST.partition("::")
    assert list(rows) == list(ALL)
    assert f"async def {name}(" in (ROOT / file).read_text(encoding="utf-8")
    assert [row[-1] for row in rows.values()] == [f"`{name}[{split}]`" for split in ALL]


def test_every_call_is_near_or_far_and_near_only_in_one_process() -> None:
    every = {f"{caller} → {owner}" for caller, owner in calls()}
    for split, (_, processes, near, far, bus, _) in _rows().items():
        groups = [group.split("+") for group in split.split(",")]
        together = {f"{a} → {b}" for group in groups for a in group for b in group} & every
        assert set(near.split(", ")) - {"none"} == together
        assert set(far.split(", ")) - {"none"} == every - together
        assert bus == ("Redis" if len(groups) > 1 else "in process")
        assert len(groups) == 1 or processes == ", ".join(f"{'+'.join(one)} :{PORTS[one[0]]}" for one in groups)


def test_what_is_asked_is_what_the_container_wires_and_the_ports_offer() -> None:
    assert {caller: {owner for one, owner in ASKED if one == caller} for caller in CALLEES} == {
        caller: set(owners) for caller, owners in CALLEES.items()
    }
    offered = contracts()
    for (_, owner), methods in ASKED.items():
        assert set(methods) <= set(offered[owner])


def test_every_exception_of_the_differential_test_is_on_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for what, why in EXCEPTIONS.items():
        assert what in text
        assert why in text
