"""Whatever is sent, each service answers as the RFC says, on one process and on four, and tells nobody a secret."""

from collections.abc import Iterator, Mapping

import pytest

from tests.adversarial.chapters import CHAPTERS, ROWS
from tests.adversarial.played import RACERS, Got, Played
from tests.adversarial.row import NO_CREDENTIALS, Row
from tests.adversarial.wire import Answer

SYSTEMS = ("one process", "four processes")
PROBLEM = "application/problem+json"
PUBLIC_PART = {"kty", "crv", "alg", "use", "kid", "x", "y"}
SECRET = 20
"""So long is what is kept secret at least: what is shorter in these rows is rubbish that anybody may know."""


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("system", SYSTEMS)
def test_it_is_answered_as_the_rfc_says(system: str, name: str, systems: Mapping[str, Played]) -> None:
    row = ROWS[name]
    for service, got in systems[system].answers[name].items():
        _fits(row, got, f"{service}: {got.answer}")


def _fits(row: Row, got: Got, about: str) -> None:
    headers = got.answer.headers
    assert got.answer.status == row.status, about
    if row.code is not None:
        assert got.answer.json()["error" if row.is_oauth else "code"] == row.code, about
        assert headers["content-type"] == ("application/json" if row.is_oauth else PROBLEM), about
    for name, value in got.says.items():
        assert got.answer.json()[name] == value, about
    for name, value in got.headers.items():
        assert value in headers.get(name, ""), about
    if row.code == "unauthenticated":
        assert headers["www-authenticate"] == NO_CREDENTIALS, about
    if row.is_oauth:
        assert (headers["cache-control"], headers["pragma"]) == ("no-store", "no-cache"), about


def test_there_are_enough_of_them_and_each_has_its_paragraph() -> None:
    assert len(ROWS) == sum(map(len, CHAPTERS.values())) >= 180
    assert [name for name, row in ROWS.items() if not row.source.startswith(("RFC ", "FIPS ", "our own"))] == []


def _told(played: Played, code: str | None = None) -> Iterator[tuple[str, str, Answer]]:
    for name, by_service in played.answers.items():
        for service, got in by_service.items():
            if code in {None, ROWS[name].code}:
                yield name, service, got.answer


@pytest.mark.parametrize("system", SYSTEMS)
def test_nobody_learns_why_a_client_does_not_authenticate(system: str, systems: Mapping[str, Played]) -> None:
    answers = [answer.lasting for _, _, answer in _told(systems[system], "invalid_client")]

    assert len(answers) > 40
    assert [answer for answer in answers if answer != answers[0]] == []


def test_each_refusal_is_the_same_on_one_process_and_on_four(systems: Mapping[str, Played]) -> None:
    one, four = ({(name, at): answer for name, at, answer in _told(systems[system])} for system in SYSTEMS)

    assert [name for name, answer in one.items() if answer.status >= 400 and answer.lasting != four[name].lasting] == []


@pytest.mark.parametrize("system", SYSTEMS)
def test_no_answer_and_no_line_of_the_log_repeats_a_secret(system: str, systems: Mapping[str, Played]) -> None:
    played = systems[system]
    secrets = [secret for secret in played.shown if len(secret) > SECRET]
    answers = "\n".join(
        answer.body.decode("latin-1") + "\n".join(answer.headers.values()) for _, _, answer in _told(played)
    )

    assert len(secrets) > 500
    assert [secret for secret in secrets if secret in answers] == []
    assert [secret for secret in secrets if secret in played.log_text] == []


@pytest.mark.parametrize("system", SYSTEMS)
def test_no_row_is_a_fault(system: str, systems: Mapping[str, Played]) -> None:
    assert [line["message"] for line in systems[system].log if line["level"] in {"ERROR", "CRITICAL"}] == []


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_keys_are_public_ones_and_nothing_else(system: str, systems: Mapping[str, Played]) -> None:
    for name in ("the keys", "the keys, with a query", "the keys, as text"):
        keys = systems[system].answers[f"Described: {name}"]["auth"].answer.json()

        assert keys["keys"]
        assert [key for key in keys["keys"] if key.keys() != PUBLIC_PART] == []


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_metadata_name_what_is_there_and_no_host_that_a_caller_names(
    system: str, systems: Mapping[str, Played]
) -> None:
    answers = systems[system].answers
    told = answers["Described: the metadata"]["auth"].answer.json()

    named = [value for name, value in told.items() if name.endswith("_endpoint") or name == "jwks_uri"]
    assert len(named) == 4
    assert [url for url in named if not url.startswith(f"{told['issuer']}/")] == []
    assert told["response_types_supported"] == []
    assert answers["Described: the metadata, with another host"]["auth"].answer.json() == told


@pytest.mark.parametrize("system", SYSTEMS)
def test_of_one_assertion_that_comes_many_times_at_once_one_is_good(system: str, systems: Mapping[str, Played]) -> None:
    assert systems[system].raced == [200, *[401] * (RACERS - 1)]
