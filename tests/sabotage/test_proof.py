"""The committed proof is the one that the guards make."""

from tests.sabotage.guards import ROOT
from tests.sabotage.proof import PAGE, PROMISES, page, registered


def test_the_committed_proof_is_what_the_registered_guards_make() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tests.sabotage.proof"


def test_every_guard_names_a_promise_and_a_test_that_exists() -> None:
    for entry in registered():
        file, _, test = entry.test.partition("::")
        assert entry.promise in PROMISES
        assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8"), entry.test
