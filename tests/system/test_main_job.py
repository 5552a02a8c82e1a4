"""The main job, as `demo` plays it: on a system of its own, and on one that runs."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from app.supervisor.plan import MODULES
from entrypoints.cli.catalogue_file import read_catalogue
from tests.processes import processes_in
from tests.system.commands import command
from tests.system.ports import free_port, some_ports, words
from tests.system.running import ROOT, Running, waybill

NORTHWIND = ROOT / "examples" / "northwind"
RUNS = (("auth", "product"), ("sales",), ("delivery",))
THREE = ",".join("+".join(group) for group in RUNS)
GOOD = (NORTHWIND / "orders.ndjson").read_text().splitlines()[0]


def kept(report: dict[str, Any]) -> bool:
    """Whether every promise was checked and held."""
    return len(report["promises"]) == 3 and all(promise["holds"] for promise in report["promises"])


def acceptable(orders: int) -> list[str]:
    """Which of the first orders can be had, one after the other, with the stock that the file says."""
    left = Counter({one.sku: one.on_hand or 0 for one in read_catalogue(NORTHWIND / "catalogue.csv")})
    accepted = []
    for line in (NORTHWIND / "orders.ndjson").read_text().splitlines()[:orders]:
        order = json.loads(line)
        wanted: Counter[str] = Counter()
        for item in order["lines"]:
            wanted[item["sku"]] += item["quantity"]
        if wanted <= left:
            left -= wanted
            accepted.append(order["reference"])
    return accepted


STARTS = {
    "": "started one process on http://127.0.0.1:",
    "auth+product,sales,delivery": "started three processes (auth+product, sales, delivery)\n",
    "auth,sales,delivery,product": "started four processes (auth, sales, delivery, product)\n",
}


@pytest.mark.parametrize("partition", STARTS)
def test_on_a_fresh_folder_it_starts_everything_keeps_every_promise_and_leaves_nothing_running(
    partition: str, tmp_path: Path
) -> None:
    split = ("--split", partition, "--ports", words(some_ports(partition))) if partition else ()

    answer = waybill("demo", "--orders", 20, "--port", free_port(), *split, "--json", data=tmp_path / "data")

    assert answer.returncode == 0, answer.stderr
    assert STARTS[partition] in answer.stderr
    report = json.loads(answer.stdout)
    assert (len(report["delivered"]), len(report["refused"])) == (18, 2)
    assert kept(report)
    assert not processes_in(tmp_path)


def test_where_a_system_runs_it_uses_that_and_leaves_it_running(system: Running) -> None:
    server = system.server_pid

    answer = system.cli("demo", "--orders", 20, "--json")

    assert answer.returncode == 0, answer.stderr
    report = json.loads(answer.stdout)
    assert (len(report["delivered"]), len(report["refused"])) == (18, 2)
    assert kept(report)
    assert f"using what runs on {system.url}" in answer.stderr
    assert (system.server_pid, system.is_ready()) == (server, True)


def test_with_the_stock_of_the_file_it_accepts_what_a_simulation_does(system: Running) -> None:
    report = system.ask("demo", "--orders", 100, "--stock", "as-is")

    accepted = acceptable(100)
    assert sorted(report["delivered"]) == sorted(accepted)
    assert len(report["refused"]) == 100 - len(accepted) > 0
    assert kept(report)


BAD_LINES = {
    "nothing": "",
    "an empty line": "\n" + GOOD,
    "no JSON": "order",
    "half an order": GOOD[:100],
    "a list": "[]",
    "a number": "7",
    "no lines": "{}",
    "empty lines": '{"lines": []}',
    "lines of text": '{"lines": ["TEA"]}',
    "a SKU that is a number": '{"lines": [{"sku": 7, "quantity": 1}]}',
    "no quantity": '{"lines": [{"sku": "A"}]}',
    "a quantity in text": '{"lines": [{"sku": "A", "quantity": "1"}]}',
    "a quantity of less than nothing": '{"lines": [{"sku": "A", "quantity": -5}]}',
    "a quantity of nothing": '{"lines": [{"sku": "A", "quantity": 0}]}',
    "a quantity beyond bounds": '{"lines": [{"sku": "A", "quantity": 1' + "0" * 400 + "}]}",
    "a quantity that is true": '{"lines": [{"sku": "A", "quantity": true}]}',
    "a quantity with a point": '{"lines": [{"sku": "A", "quantity": 1.5}]}',
    "deep brackets": "[" * 100_000,
    "a good line, then a bad one": GOOD + "\n{",
}


@pytest.mark.parametrize("what", BAD_LINES)
def test_a_file_that_holds_no_orders_is_refused_by_its_line(what: str, tmp_path: Path) -> None:
    file = tmp_path / "orders.ndjson"
    file.write_text(BAD_LINES[what])

    said = command("demo", "--from", file, data=tmp_path / "data")

    assert said.code == 2
    assert said.sentence.startswith(str(file))
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", None])
def test_a_file_that_cannot_be_read_is_refused(content: bytes | None, tmp_path: Path) -> None:
    file = tmp_path / "orders.ndjson"
    if content is not None:
        file.write_bytes(content)

    said = command("demo", "--from", file, data=tmp_path / "data")

    assert said.code == 2
    assert "can't be read" in said.sentence


@pytest.mark.parametrize(
    "words", [("--orders", "2"), ("--orders", "x"), ("--stock", "plenty"), ("--port", "0"), ("x",)]
)
def test_wrong_words_are_wrong_usage(words: tuple[str, ...], tmp_path: Path) -> None:
    assert command("demo", *words, data=tmp_path / "data").code == 2


@pytest.mark.parametrize("job", ["up", "demo"])
@pytest.mark.parametrize(
    "words", [("--split", "auth"), ("--ports", "auth=4004"), ("--split", THREE, "--ports", "sales")], ids=" ".join
)
def test_what_is_no_partition_is_wrong_usage_in_a_sentence(job: str, words: tuple[str, ...], tmp_path: Path) -> None:
    said = command(job, *words, data=tmp_path / "data")

    assert said.code == 2
    assert said.sentence.startswith("--")
    assert not (tmp_path / "data").exists()


class HangsUp(BaseHTTPRequestHandler):
    """Lives, and leaves whoever wants more of it."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def do_POST(self) -> None:
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the library's name for it
        """Nothing to say."""


class IsBroken(HangsUp):
    """Lives, and has a fault in everything else."""

    def do_POST(self) -> None:
        self.send_response(500)
        self.end_headers()


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@contextmanager
def elsewhere(
    system: Running, data: Path, handler: type[BaseHTTPRequestHandler], groups: tuple[tuple[str, ...], ...]
) -> Iterator[None]:
    """A data folder that says that this partition runs, over the databases of `system`, where `handler` answers."""
    (data / "secrets.toml").write_text((system.data / "secrets.toml").read_text())
    run = json.loads((system.data / "run.json").read_text())
    with serving(handler) as url:
        processes = [{"modules": group, "pid": 1, "url": url} for group in groups]
        said = ",".join("+".join(group) for group in groups)
        (data / "run.json").write_text(json.dumps(run | {"processes": processes, "partition": said}))
        yield


@pytest.mark.parametrize("handler", [HangsUp, IsBroken])
def test_a_system_that_gives_no_answer_is_no_traceback(
    handler: type[BaseHTTPRequestHandler], system: Running, tmp_path: Path
) -> None:
    with elsewhere(system, tmp_path, handler, (MODULES,)):
        said = command("demo", "--json", data=tmp_path)

    assert (said.code, said.out) == (3, "")
    assert "gives no answer" in said.err.splitlines()[-1]


@pytest.mark.parametrize("split", ["auth,sales,delivery,product", "auth+sales,product,delivery", "+".join(MODULES)])
def test_where_another_partition_runs_it_says_so(split: str, system: Running, tmp_path: Path) -> None:
    with elsewhere(system, tmp_path, HangsUp, RUNS):
        said = command("demo", "--split", split, data=tmp_path)

    assert said.code == 3
    assert said.sentence.startswith(f"{THREE} runs on {tmp_path}, not {split};")


@pytest.mark.parametrize("words", [(), ("--split", THREE), ("--split", "delivery,product+auth,sales")], ids=" ".join)
def test_where_that_partition_runs_it_uses_it(words: tuple[str, ...], system: Running, tmp_path: Path) -> None:
    with elsewhere(system, tmp_path, HangsUp, RUNS):
        said = command("demo", *words, "--json", data=tmp_path)

    assert "using what runs on" in said.err
    assert "one of three processes (auth+product, sales, delivery)" in said.err
