"""Every bad request gets the refusal that the documentation promises, and leaves nothing behind but a log line."""

import pytest

from tests.system.bad_answers import ROWS, Answers


@pytest.mark.parametrize("name", ROWS)
def test_it_is_refused_as_documented(name: str, answers: Answers) -> None:
    bad, answer = ROWS[name], answers[name]

    told = answer.json()
    assert (answer.status_code, told["code"]) == (bad.status, bad.code), told
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (told["status"], told["type"]) == (bad.status, f"/problems/{bad.code}")
    assert told["title"]
    assert told["detail"]
    assert bad.pointer is None or bad.pointer in [fault["pointer"] for fault in told["errors"]], told["errors"]
    for header, value in bad.answers.items():
        assert value in answer.headers[header]
