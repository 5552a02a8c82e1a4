import itertools
from collections.abc import Iterator

import pytest

from app.settings.keys import MODULES as SETTINGS_MODULES
from app.settings.keys import SERVICES as SETTINGS_SERVICES
from app.supervisor import WrongPlan, planned
from app.supervisor.plan import MODULES, SERVICES, ProcessSpec, described, is_same_partition, partition

BAD_SPLITS = {
    "": "nothing between",
    ",": "nothing between",
    "auth": "leaves out sales, delivery, product",
    "auth,sales,delivery": "leaves out product",
    "auth+sales+delivery+product,": "nothing between",
    "auth,sales,,delivery+product": "nothing between",
    "auth++sales,delivery,product": "nothing between",
    "+auth,sales,delivery,product": "nothing between",
    "auth,sales,delivery,product,auth": "names auth twice",
    "auth+auth,sales,delivery,product": "names auth twice",
    "auth,sales,delivery,product,console": "'console' is no module",
    "auth,sales,delivery,Product": "'Product' is no module",
    "auth;sales;delivery;product": "is no module",
    "auth sales delivery product": "is no module",
    "auth\nsales,delivery,product": r"'auth\nsales' is no module",
    "auth,sales,delivery,product\udcff": r"'product\udcff' is no module",
}
BAD_PORTS = {
    "": "is no module",
    "3004": "'3004' is no module",
    "console=3004": "'console' is no module",
    "auth": "auth needs a number",
    "auth=": "auth needs a number",
    "auth=0": "auth needs a number",
    "auth=65536": "auth needs a number",
    "auth=" + "9" * 5000: "auth needs a number",
    "auth=-1": "auth needs a number",
    "auth=3004.0": "auth needs a number",
    "auth=٣٠٠٤": "auth needs a number",
    "auth=3004=3005": "auth needs a number",
    "auth=4004,auth=4005": "names auth twice",
    "auth=4004,": "is no module",
    "auth=3001": "auth and sales can't both listen on port 3001",
}
FOUR = "auth,sales,delivery,product"


def all_partitions() -> Iterator[list[tuple[str, ...]]]:
    """Every way to put the modules together."""
    found = set()
    for numbers in itertools.product(range(4), repeat=4):
        groups = [tuple(m for m, n in zip(MODULES, numbers, strict=True) if n == number) for number in range(4)]
        found.add(frozenset(group for group in groups if group))
    yield from (sorted(groups) for groups in found)


def ports(specs: tuple[ProcessSpec, ...]) -> dict[str, int]:
    return {spec.name: spec.port for spec in specs}


def test_all_fifteen_partitions_are_understood_and_said_again() -> None:
    texts = [",".join("+".join(group) for group in groups) for groups in all_partitions()]

    assert len(texts) == 15
    assert [partition(planned(text, None, 3000)) for text in texts] == texts


def test_a_process_listens_on_the_port_of_its_first_named_module() -> None:
    assert ports(planned(FOUR, None, 9)) == {"auth": 3004, "sales": 3001, "delivery": 3002, "product": 3003}
    assert ports(planned("product+auth, delivery+sales", None, 9)) == {"product+auth": 3003, "delivery+sales": 3002}


def test_ports_are_changed_by_module() -> None:
    assert ports(planned("auth+product,sales,delivery", "auth=4004, delivery=4002,product=4003", 9)) == {
        "auth+product": 4004,
        "sales": 3001,
        "delivery": 4002,
    }


def test_two_processes_may_swap_their_ports() -> None:
    assert ports(planned("auth+sales,delivery+product", "auth=3002,delivery=3004", 9)) == {
        "auth+sales": 3002,
        "delivery+product": 3004,
    }


@pytest.mark.parametrize("split", [None, "auth+sales+delivery+product", "product+delivery+auth+sales"])
def test_everything_in_one_process_listens_on_port(split: str | None) -> None:
    (spec,) = planned(split, None, 3456)

    assert (spec.name, spec.url) == ("waybill", "http://127.0.0.1:3456")


@pytest.mark.parametrize("split", BAD_SPLITS, ids=ascii)
def test_what_is_no_partition_is_refused_in_a_sentence(split: str) -> None:
    with pytest.raises(WrongPlan) as wrong:
        planned(split, None, 3000)

    assert BAD_SPLITS[split] in str(wrong.value)
    assert len(str(wrong.value).splitlines()) == 1


@pytest.mark.parametrize("given", BAD_PORTS, ids=lambda given: ascii(given)[:30])
def test_what_gives_no_ports_is_refused_in_a_sentence(given: str) -> None:
    with pytest.raises(WrongPlan) as wrong:
        planned(FOUR, given, 3000)

    assert BAD_PORTS[given] in str(wrong.value)
    assert len(str(wrong.value).splitlines()) == 1


def test_ports_without_a_split_would_do_nothing_and_are_refused() -> None:
    with pytest.raises(WrongPlan, match="--split"):
        planned(None, "auth=3004", 3000)


def test_the_order_in_which_a_partition_is_said_means_nothing() -> None:
    said = [("auth", "product"), ("sales",), ("delivery",)]

    assert is_same_partition(said, [("delivery",), ("product", "auth"), ("sales",)])
    assert not is_same_partition(said, [("auth",), ("product",), ("sales",), ("delivery",)])
    assert not is_same_partition(said, [("auth", "sales"), ("product",), ("delivery",)])


def test_processes_are_described_in_words() -> None:
    assert [described(groups) for groups in ([MODULES], [MODULES[:2], MODULES[2:]], [(one,) for one in MODULES])] == [
        "one process",
        "two processes (auth+sales, delivery+product)",
        "four processes (auth, sales, delivery, product)",
    ]


def test_the_supervisor_knows_the_modules_that_the_settings_know() -> None:
    assert (MODULES, SERVICES) == (SETTINGS_MODULES, SETTINGS_SERVICES)
