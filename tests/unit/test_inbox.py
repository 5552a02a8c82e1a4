"""What an inbox decides with the power off: which events are next, in which groups they run, how long they rest."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from modules.kernel.events import Event
from modules.kernel.inbox import MAX_ATTEMPTS, MAX_PAUSE, Cursor, Key, in_rounds, pause_after, sort_out

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SOURCES, SUBJECTS, TYPES = ("/a", "/b"), (UUID(int=1), UUID(int=2), UUID(int=3)), ("one", "two")

EVENTS = st.lists(
    st.builds(
        Event,
        id=st.uuids(),
        source=st.sampled_from(SOURCES),
        type=st.sampled_from(TYPES),
        subject=st.sampled_from(SUBJECTS),
        sequence=st.integers(1, 6),
        time=st.just(NOW),
        data=st.just({}),
    ),
    max_size=24,
)
CURSORS = st.fixed_dictionaries(
    {
        (source, subject): st.builds(
            lambda at, ahead: Cursor(at, frozenset(at + one for one in ahead)),
            st.integers(0, 5),
            st.frozensets(st.integers(1, 5), max_size=3),
        )
        for source in SOURCES
        for subject in SUBJECTS
    }
)


def numbers(events: Sequence[Event]) -> dict[Key, list[int]]:
    found: dict[Key, list[int]] = {}
    for event in events:
        found.setdefault((event.source, event.subject), []).append(event.sequence)
    return found


@given(EVENTS, CURSORS)
def test_the_next_events_of_a_subject_follow_its_cursor_without_a_gap(
    events: list[Event], cursors: Mapping[Key, Cursor]
) -> None:
    fresh, _, moved = sort_out(events, cursors)
    for key, found in numbers(fresh).items():
        assert found == list(range(cursors[key].sequence + 1, moved[key] + 1))
    assert moved.keys() == numbers(fresh).keys()


@given(EVENTS, CURSORS)
def test_an_event_is_next_or_early_or_was_seen_before(events: list[Event], cursors: Mapping[Key, Cursor]) -> None:
    fresh, early, moved = sort_out(events, cursors)
    for event in events:
        key = (event.source, event.subject)
        at, parked = moved.get(key, cursors[key].sequence), cursors[key].parked
        seen = event.sequence <= at or event.sequence in parked
        assert seen is (event.sequence not in numbers(early).get(key, []))
    assert not {id(event) for event in fresh} & {id(event) for event in early}


@given(EVENTS, CURSORS)
def test_nothing_that_is_parked_is_next(events: list[Event], cursors: Mapping[Key, Cursor]) -> None:
    fresh, _, _ = sort_out(events, cursors)
    assert not [one for one in fresh if one.sequence in cursors[one.source, one.subject].parked]


@given(EVENTS, CURSORS)
def test_nothing_is_early_that_the_batch_itself_leads_up_to(events: list[Event], cursors: Mapping[Key, Cursor]) -> None:
    _, early, moved = sort_out(events, cursors)
    for key, found in numbers(early).items():
        assert min(found) > moved.get(key, cursors[key].sequence) + 1


@given(EVENTS, CURSORS, st.randoms())
def test_what_happens_does_not_depend_on_the_order_of_arrival(
    events: list[Event], cursors: Mapping[Key, Cursor], random: Random
) -> None:
    _, early, moved = sort_out(events, cursors)
    random.shuffle(events)
    _, shuffled_early, shuffled_moved = sort_out(events, cursors)
    assert (numbers(shuffled_early), shuffled_moved) == (numbers(early), moved)


def test_what_is_parked_is_next_when_it_is_what_is_run_now() -> None:
    event = Event(UUID(int=9), "/a", "one", SUBJECTS[0], 3, NOW, {})
    cursors = {("/a", SUBJECTS[0]): Cursor(2, frozenset({3}))}
    assert sort_out([event], cursors) == ([], [], {})
    assert sort_out([event], cursors, parked=True) == ([event], [], {("/a", SUBJECTS[0]): 3})


@given(EVENTS)
def test_a_round_has_one_type_and_each_subject_once(events: list[Event]) -> None:
    for group in in_rounds(events):
        assert len({event.type for event in group}) == 1
        assert all(len(found) == 1 for found in numbers(group).values())


@given(EVENTS)
def test_rounds_hold_every_event_once_and_none_overtakes_one_of_its_subject(events: list[Event]) -> None:
    run = [event for group in in_rounds(events) for event in group]
    assert sorted(map(id, run)) == sorted(map(id, events))
    assert numbers(run) == numbers(events)


def test_events_of_one_type_and_as_many_subjects_are_one_round() -> None:
    events = [Event(UUID(int=n), "/a", "one", UUID(int=n), 1, NOW, {}) for n in range(64)]
    assert in_rounds(events) == [events]


def test_pauses_double_from_50_ms_to_5_s() -> None:
    pauses = [pause_after(attempts) for attempts in range(1, MAX_ATTEMPTS + 1)]
    assert pauses == [min(timedelta(milliseconds=50 * 2**n), MAX_PAUSE) for n in range(MAX_ATTEMPTS)]
    assert pauses[-1] == MAX_PAUSE == timedelta(seconds=5)
