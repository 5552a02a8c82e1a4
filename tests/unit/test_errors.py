"""An error's details arrive as they were given, or can't be given."""

import pytest

from modules.kernel.errors import RESERVED, Conflict, Invalid


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_a_detail_is_not_called_as_something_that_every_problem_has(name: str) -> None:
    with pytest.raises(TypeError, match=f"Conflict: a detail can't be called {name}"):
        Conflict("No.", **{name: "x"})


def test_a_code_is_given_once() -> None:
    with pytest.raises(TypeError, match="'conflict' is taken"):
        type("Again", (Invalid,), {}, code="conflict")
