"""What bad requests leave behind: a log line and an id to ask about, and nothing that was not announced."""

import re
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from app.secrets_file import read_secrets
from tests.system.bad import Bad
from tests.system.bad_answers import ROWS, Answers
from tests.system.parties import KEYS, PARTIES, Party
from tests.system.running import Running

PARAMETER = re.compile(r"\{[^}]+\}")
NOT_ROUTED = {404: "no_such_path", 405: "method_not_allowed"}


@pytest.fixture(scope="session")
async def document(parties: Mapping[str, Party]) -> Mapping[str, Any]:
    """What the system says of itself."""
    told: Mapping[str, Any] = (await parties["shop"].http.get("/openapi.json")).raise_for_status().json()
    return told


def operation(document: Mapping[str, Any], answer: httpx.Response) -> Mapping[str, Any]:
    """What the document says of the route that answered."""
    path = answer.request.url.path
    for template, methods in sorted(document["paths"].items(), key=lambda item: item[0].count("{")):
        if _pattern(template).fullmatch(path):
            found: Mapping[str, Any] = methods[answer.request.method.lower()]
            return found
    raise AssertionError(f"{path} is not in the document")


def _pattern(template: str) -> re.Pattern[str]:
    segment = ".*" if "{sku}" in template else "[^/]+"
    return re.compile(segment.join(map(re.escape, PARAMETER.split(template))), re.DOTALL)


def test_every_answer_has_a_request_id_of_its_own(answers: Answers) -> None:
    ids = [answer.headers.get("X-Request-ID") for answer in answers.values()]

    assert all(ids)
    assert len(set(ids)) == len(ids)


def test_every_answer_is_declared_with_the_shape_of_a_problem(answers: Answers, document: Mapping[str, Any]) -> None:
    undeclared = []
    for name, answer in answers.items():
        if NOT_ROUTED.get(answer.status_code) == answer.json()["code"]:
            continue
        declared = operation(document, answer)["responses"].get(str(answer.status_code), {})
        if "application/problem+json" not in declared.get("content", {}):
            undeclared.append(f"{name}: {answer.status_code}")

    assert not undeclared


def test_no_operation_declares_validation_errors_that_it_never_answers(document: Mapping[str, Any]) -> None:
    assert "HTTPValidationError" not in str(document)


async def test_every_type_of_problem_is_a_page_that_says_what_it_means(
    answers: Answers, parties: Mapping[str, Party]
) -> None:
    for kind in sorted({answer.json()["type"] for answer in answers.values()} | {"/problems/internal"}):
        page = await parties["shop"].http.get(kind)

        assert page.status_code == 200, kind
        assert page.json()["code"] == kind.removeprefix("/problems/")
        assert page.json()["meaning"]


def test_the_log_holds_a_line_for_each_request_and_no_fault(system: Running, answers: Answers) -> None:
    log = system.log()

    assert not [line for line in log if line["level"] in {"ERROR", "CRITICAL"} or "exception" in line]
    assert not [line for line in log if " 500 " in line["message"]]
    logged = {line.get("request_id") for line in log}
    assert not [name for name, answer in answers.items() if answer.headers["X-Request-ID"] not in logged]


def test_the_log_holds_no_secret_and_no_token(system: Running, parties: Mapping[str, Party], answers: Answers) -> None:
    made = read_secrets(system.data)
    secrets = [made.pepper, made.key_encryption_key, made.valkey, *made.passwords.values()]
    keys = (*made.services.values(), *KEYS.values())  # a service of ours that is a party has a key and no secret
    secrets += [line for key in keys for line in key.splitlines() if "KEY" not in line]
    secrets += [one.client_secret for one in parties.values() if one.client_secret]
    tokens = [part for one in parties.values() for part in (one.refresh_token, one.token.split(".")[2])]

    log = system.log_text()

    assert answers
    # A password for each module and one more, a key for each service and those two, each of three lines in PEM.
    assert len(secrets) == 3 + 5 + (3 + 2) * 3 + len(PARTIES)
    assert len(tokens) == 2 * len(parties)
    assert all(len(one) > 20 for one in (*secrets, *tokens))  # what is shorter may be found anywhere
    assert not [one for one in (*secrets, *tokens) if one in log]


async def test_nothing_was_stored_but_the_one_order(answers: Answers, parties: Mapping[str, Party]) -> None:
    orders = (await parties["shop"].ask("GET", "/api/v1/orders")).json()["items"]

    assert answers
    assert len(orders) == 1


def test_the_table_has_a_row_for_every_operation_that_takes_a_token(document: Mapping[str, Any]) -> None:
    secured = {
        f"{method.upper()} {path}"
        for path, methods in document["paths"].items()
        for method, operation_ in methods.items()
        if any("oauth2" in requirement for requirement in operation_.get("security", ()))
    }
    tried = {_template(bad) for bad in ROWS.values() if bad.code == "insufficient_scope"}

    assert tried == secured


def _template(bad: Bad) -> str:
    names = {f"{{{name}}}": f"{{{name}_id}}" for name in ("order", "shipment", "client", "secret", "key")}
    names["/TEA"] = "/{sku}"
    request = bad.request
    for name, template in names.items():
        request = request.replace(name, template)
    return request
