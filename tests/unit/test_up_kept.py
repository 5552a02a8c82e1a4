from app.supervisor.kept import HEALTHY_S, Kept


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Frail:
    """Ends as soon as it is started."""

    pid = None

    def __init__(self) -> None:
        self.launched = 0

    def launch(self) -> None:
        self.launched += 1

    def poll(self) -> int | None:
        return -9

    def is_ready(self) -> bool:
        return False

    def stop(self, *, patience_s: float) -> None:
        raise NotImplementedError(patience_s)

    def complaint(self) -> str:
        return "frail"


def pauses(kept: Kept, clock: Clock, ends: int, lasted_s: float = 0.0) -> list[float]:
    seen = []
    for _ in range(ends):
        clock.now += lasted_s
        assert kept.tend() == -9
        seen.append(round(kept.wait_s or 0.0, 6))
        clock.now += kept.wait_s or 0.0
        assert kept.tend() is None
    return seen


def test_what_ends_in_a_row_is_started_again_after_longer_and_longer_pauses() -> None:
    clock = Clock()
    kept = Kept("frail", Frail(), clock)
    kept.launch()

    assert pauses(kept, clock, 7) == [0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0]


def test_having_been_healthy_the_first_pause_is_short_again() -> None:
    clock = Clock()
    kept = Kept("frail", Frail(), clock)
    kept.launch()
    pauses(kept, clock, 5)

    assert pauses(kept, clock, 2, lasted_s=HEALTHY_S) == [0.1, 0.1]


def test_having_done_its_work_however_shortly_it_is_started_again_at_once() -> None:
    clock = Clock()
    kept = Kept("frail", Frail(), clock)
    kept.launch()
    pauses(kept, clock, 5)
    kept.settle()

    assert pauses(kept, clock, 2) == [0.1, 0.2]


def test_it_is_not_started_before_its_pause_is_over() -> None:
    clock, part = Clock(), Frail()
    kept = Kept("frail", part, clock)
    kept.launch()
    kept.tend()

    clock.now += 0.09
    assert kept.tend() is None
    assert part.launched == 1


def test_an_exit_is_believed_when_it_is_said_thrice_and_wrong_settings_at_once() -> None:
    kept = Kept("frail", Frail(), Clock())

    assert [kept.is_hopeless(code) for code in (1, -9, 1, -9, 1)] == [False, False, False, False, True]
    assert Kept("frail", Frail(), Clock()).is_hopeless(2)


def test_having_ended_it_is_settled_once_it_has_done_its_work() -> None:
    kept = Kept("frail", Frail(), Clock())
    kept.launch()
    assert kept.is_settled

    kept.tend()
    assert not kept.is_settled

    kept.settle()
    assert kept.is_settled
