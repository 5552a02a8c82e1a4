"""What is the same for every command: how it ends, and whom it speaks to."""

import json
from pathlib import Path

import pytest

from tests.system.commands import command
from tests.system.ports import free_port
from tests.system.running import Running, waybill

NOBODY = "00000000-0000-7000-8000-000000000000"  # the same in every worker
READS: list[tuple[str, ...]] = [
    *(("client", "list"), ("product", "list"), ("order", "list"), ("shipment", "list"), ("stock", "verify")),
    ("product", "changes"),
    ("db", "status"),
    ("event", "dead", "list"),
]
ONES: list[tuple[str, ...]] = [
    *(("stock", "show", "TEA"), ("stock", "receive", "TEA", "1"), ("stock", "count", "TEA", "1")),
    *(("product", "show", "TEA"), ("product", "set", "TEA", "--price", "1"), ("product", "retire", "TEA")),
    *(("order", "show", NOBODY), ("shipment", "advance", NOBODY, "packed"), ("db", "check"), ("db", "upgrade")),
    *(("db", "downgrade", "base", "--module", "sales"),),
    ("client", "create", "shop", "--scope", "orders:read", "--audience", "sales"),
    *(("event", "lag"), ("event", "show", NOBODY), ("event", "trace", NOBODY), ("event", "republish", "--since", "1h")),
    *(("event", "dead", "show", "sales", NOBODY), ("event", "dead", "replay", "sales", NOBODY)),
    ("event", "dead", "discard", "sales", NOBODY, "--reason", "Because."),
]
WRONG = [
    *(("order", "show"), ("order", "show", "no-id"), ("order", "list", "--limit", "0"), ("order", "destroy")),
    *(("client", "create", "x"), ("client", "create", "--scope", "orders:read", "--audience", "sales")),
    *(("stock", "receive", "TEA", "0"), ("stock", "receive", "TEA", "-1"), ("stock", "receive", "TEA", "1.5")),
    *(("stock", "receive", "TEA", str(2**63)), ("stock", "count", "TEA", "-1"), ("stock", "count", "TEA", "9" * 400)),
    *(("stock", "receive", "TEA", "1", "--key", "k" * 256), ("stock", "receive", "TEA", "1", "--reason", "r" * 201)),
    *(("shipment", "advance", "7", "packed"), ("shipment", "list", "--order", "7"), ("db", "downgrade", "base")),
    *(("stock", "show", "\udcff"), ("stock", "receive", "\udcff", "1"), ("product", "list", "--prefix", "\udcff")),
    *(("product", "set", "\udcff"), ("product", "show", "\udcff"), ("product", "changes", "--limit", "0")),
    *(("order", "list", "--status", "\udcff"), ("shipment", "list", "--status", "\udcff")),
    *(
        ("event", "show", "7"),
        ("event", "trace", "7"),
        ("event", "republish"),
        ("event", "dead", "list", "--limit", "0"),
    ),
    *(
        ("event", "dead", "show", "auth", NOBODY),
        ("event", "dead", "replay", "sales"),
        ("event", "dead", "list", "sales"),
    ),
    *(("event", "dead", "discard", "sales", NOBODY), ("event", "dead", "discard", "sales", NOBODY, "--reason", "")),
    ("event", "dead", "discard", "sales", NOBODY, "--reason", "r" * 501),
    *(("db", "status", "--colour", "red"), ("nothing",), ("--nothing",)),
]


@pytest.mark.usefixtures("parties")
def test_to_programs_a_command_says_json_and_to_people_a_table(system: Running) -> None:
    for_programs, for_people = system.cli("product", "list", "--json"), system.cli("product", "list")

    assert (for_programs.returncode, for_programs.stderr) == (0, "")
    assert "TEA" in {one["sku"] for one in json.loads(for_programs.stdout)}
    assert (for_people.returncode, for_people.stderr) == (0, "")
    assert "─" in for_people.stdout


@pytest.mark.usefixtures("parties")
@pytest.mark.parametrize("words", READS, ids=" ".join)
def test_with_json_only_json_goes_to_stdout(words: tuple[str, ...], system: Running) -> None:
    assert isinstance(command(*words, "--json", data=system.data).json, list)


@pytest.mark.parametrize("words", [("client", "list"), ("stock", "count", "TEA", "1", "--json")], ids=" ".join)
def test_a_process_that_finds_no_system_ends_with_3_and_one_sentence(words: tuple[str, ...], tmp_path: Path) -> None:
    done = waybill(*words, data=tmp_path / "nothing")

    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == f"Nothing runs on {tmp_path / 'nothing'}; start it with `waybill up`.\n"


@pytest.mark.parametrize("words", READS + ONES, ids=" ".join)
def test_without_a_system_every_command_says_so(words: tuple[str, ...], tmp_path: Path) -> None:
    said = command(*words, data=tmp_path / "nothing")

    assert said.code == 3
    assert "waybill up" in said.sentence
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize("words", [("order", "list"), ("stock", "count", "TEA", "1"), ("db", "status")], ids=" ".join)
def test_a_system_that_was_killed_gives_no_answer(words: tuple[str, ...], system: Running, tmp_path: Path) -> None:
    (tmp_path / "secrets.toml").write_text((system.data / "secrets.toml").read_text())
    run = json.loads((system.data / "run.json").read_text())
    nowhere = {module: f"postgresql://x@127.0.0.1:{free_port()}/{module}" for module in run["databases"]}
    (tmp_path / "run.json").write_text(json.dumps(run | {"databases": nowhere}))

    said = command(*words, data=tmp_path)

    assert said.code == 3
    assert "no answer" in said.sentence


@pytest.mark.parametrize("content", ["", "{", "[]", '{"processes": 7}', "\x00"])
def test_a_run_file_that_is_none_is_no_system(content: str, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(content)

    assert command("order", "list", data=tmp_path).code == 3


@pytest.mark.parametrize("words", WRONG, ids=lambda words: ascii(" ".join(words))[:60])
def test_wrong_usage_ends_with_2_and_says_nothing_to_programs(words: tuple[str, ...], system: Running) -> None:
    said = command(*words, data=system.data)

    assert (said.code, said.out) == (2, "")
    assert said.err
