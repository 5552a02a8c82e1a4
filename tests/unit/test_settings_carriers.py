"""Who carries parcels, and who may push updates: what settings take, and what they refuse."""

import base64

import pytest

from app.carriers import ManualCarrier, SimulatedCarrier, chosen_carrier, signers
from app.settings import load_settings
from tests.unit.settings_world import DISTRIBUTED, ENV, MINIMAL, ROOT, Loader, loader

__all__ = ["loader"]

SECRET = base64.b64encode(bytes(range(32))).decode()
OTHER = base64.b64encode(bytes(range(1, 25))).decode()
REHEARSAL = {"WAYBILL_CARRIERS__KIND": "simulated", "WAYBILL_CARRIERS__REHEARSAL": "true"}


def test_parcels_are_carried_by_those_who_report_unless_it_is_a_rehearsal(loader: Loader) -> None:
    assert isinstance(chosen_carrier(loader.load(MINIMAL).carriers), ManualCarrier)
    assert isinstance(chosen_carrier(loader.load(MINIMAL, ENV | REHEARSAL).carriers), SimulatedCarrier)


@pytest.mark.parametrize("text", [MINIMAL, DISTRIBUTED], ids=["one process", "a deployment"])
def test_a_file_that_names_the_simulated_carrier_starts_nothing_and_its_line_is_named(
    loader: Loader, text: str
) -> None:
    lines = f'{text}\n[carriers]\nseed = 1\nkind = "simulated"\n'
    (problem,) = loader.problems(lines, ENV, modules=("auth", "sales", "delivery", "product"))
    number = lines.split("\n").index('kind = "simulated"') + 1
    assert problem.startswith(f'waybill.toml:{number}: carriers.kind: is "simulated", and its parcels only play;')


def test_a_variable_that_names_it_is_named_too(loader: Loader) -> None:
    (problem,) = loader.problems(MINIMAL, ENV | {"WAYBILL_CARRIERS__KIND": "simulated"})
    assert problem.startswith('WAYBILL_CARRIERS__KIND: carriers.kind: is "simulated"')


def test_nothing_is_rehearsed_where_others_can_reach_it(loader: Loader) -> None:
    env = ENV | REHEARSAL | {"WAYBILL_SERVER__HOST": "0.0.0.0"}  # noqa: S104  # never bound to
    (problem,) = loader.problems(MINIMAL, env)
    assert problem.startswith("WAYBILL_CARRIERS__REHEARSAL: carriers.rehearsal: is for this machine alone")


def test_neither_file_of_settings_that_we_ship_rehearses() -> None:
    for name in ("monolith", "distributed"):
        carriers = load_settings(ROOT / "config" / f"{name}.toml", ENV).carriers
        assert (carriers.kind, carriers.rehearsal) == ("manual", False)


def test_more_than_all_parcels_can_t_fail(loader: Loader) -> None:
    assert loader.problems(f"{MINIMAL}\n[carriers]\nfailed = 0.6\nreturned = 0.5\n") == [
        "waybill.toml:5: carriers.failed: with carriers.returned it is more than all parcels"
    ]


def test_a_carrier_signs_with_one_secret_or_with_two_by_version(loader: Loader) -> None:
    given = {
        "WAYBILL_CARRIER_SECRETS__GLS": f"1:whsec_{SECRET}",
        "WAYBILL_CARRIER_SECRETS__DHL_EXPRESS": f"7:whsec_{SECRET}\n8:whsec_{OTHER}\n",
    }
    assert signers(loader.load(MINIMAL, ENV | given).carrier_secrets) == {
        "gls": {1: bytes(range(32))},
        "dhl_express": {7: bytes(range(32)), 8: bytes(range(1, 25))},
    }


def test_the_secret_of_a_carrier_may_be_in_a_file_of_its_own_and_not_in_the_settings(loader: Loader) -> None:
    path = loader.path.with_name("gls")
    path.write_text(f"1:whsec_{SECRET}\n", encoding="utf-8")
    settings = loader.load(MINIMAL, ENV | {"WAYBILL_CARRIER_SECRETS__GLS_FILE": str(path)})
    assert signers(settings.carrier_secrets)["gls"] == {1: bytes(range(32))}
    assert SECRET not in repr(settings)
    (problem,) = loader.problems(f'{MINIMAL}\n[carrier_secrets]\ngls = "1:whsec_{SECRET}"\n')
    assert "a secret does not belong in a file of settings; set WAYBILL_CARRIER_SECRETS__GLS" in problem
    assert SECRET not in problem


@pytest.mark.parametrize(
    "given",
    [
        "x",
        SECRET,
        f"whsec_{SECRET}",
        f"0:whsec_{SECRET}",
        f"x:whsec_{SECRET}",
        "1:whsec_short",
        f"1:whsec_{base64.b64encode(bytes(23)).decode()}",
        f"1:whsec_{base64.b64encode(bytes(65)).decode()}",
        f"1:whsec_{SECRET} 1:whsec_{OTHER}",
        f"1:whsec_{SECRET} 2:whsec_{OTHER} 3:whsec_{OTHER}",
        f"1:whsec_{SECRET[:-2]}",
    ],
)
def test_what_is_no_secret_is_refused_and_not_repeated(given: str, loader: Loader) -> None:
    (problem,) = loader.problems(MINIMAL, ENV | {"WAYBILL_CARRIER_SECRETS__GLS": given})
    assert problem.startswith("WAYBILL_CARRIER_SECRETS__GLS: carrier_secrets.gls: must be ")
    assert SECRET not in problem


def test_a_carrier_has_a_plain_name(loader: Loader) -> None:
    (problem,) = loader.problems(MINIMAL, ENV | {"WAYBILL_CARRIER_SECRETS__7GLS": f"1:whsec_{SECRET}"})
    assert "is no name of a carrier; use small letters, digits and _" in problem
