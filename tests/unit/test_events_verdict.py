"""What becomes of a published event by its subscribers' word."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.kernel.events import Progress
from modules.kernel.outbox import Unsettled, verdict

ID, SUBJECT, OTHER = UUID(int=3), UUID(int=1), UUID(int=2)

WORDS = st.builds(
    Progress,
    handled=st.dictionaries(st.sampled_from([SUBJECT, OTHER]), st.integers(0, 5)),
    parked=st.dictionaries(st.sampled_from([SUBJECT, OTHER]), st.frozensets(st.integers(1, 5), min_size=1)),
    at_end=st.booleans(),
)
EVENT = st.builds(Unsettled, st.just(ID), st.just(SUBJECT), st.integers(1, 5), st.booleans())


def word(handled: int | None, *parked: int, at_end: bool = True) -> Progress:
    return Progress(
        {} if handled is None else {SUBJECT: handled}, {SUBJECT: frozenset(parked)} if parked else {}, at_end
    )


@pytest.mark.parametrize(
    ("words", "due", "overdue"),
    [
        ([word(2), word(2)], "settled", "settled"),
        ([word(2), word(7)], "settled", "settled"),
        ([word(2), word(1)], "published", "recorded"),
        ([word(2), word(None)], "published", "recorded"),
        ([word(2), word(1, at_end=False)], "published", "published"),
        ([word(2), word(1, 2)], "published", "published"),
        ([word(2), word(0, 2, 1)], "published", "published"),
        ([word(1, 2), word(1)], "published", "recorded"),
        ([word(1, at_end=False), word(1)], "published", "recorded"),
        ([], "settled", "settled"),
    ],
)
def test_an_event_is_what_its_subscribers_make_of_it(words: list[Progress], due: str, overdue: str) -> None:
    assert verdict(Unsettled(ID, SUBJECT, 2, stale=False), words) == due
    assert verdict(Unsettled(ID, SUBJECT, 2, stale=True), words) == overdue


@given(EVENT, st.lists(WORDS, max_size=3))
def test_an_event_is_settled_when_and_only_when_every_subscriber_has_handled_it(
    event: Unsettled, words: list[Progress]
) -> None:
    handled = all(one.handled.get(SUBJECT, 0) >= event.sequence for one in words)
    assert (verdict(event, words) == "settled") is handled


@given(EVENT, st.lists(WORDS, max_size=3))
def test_an_event_goes_out_again_only_after_its_pause_and_only_for_who_has_read_to_the_end_without_it(
    event: Unsettled, words: list[Progress]
) -> None:
    if verdict(event, words) == "recorded":
        assert event.stale
        assert [
            one
            for one in words
            if one.at_end
            and one.handled.get(SUBJECT, 0) < event.sequence
            and event.sequence not in one.parked.get(SUBJECT, frozenset())
        ]
