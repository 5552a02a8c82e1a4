"""Who can wait waits while something is going on, and not for ever."""

import pytest

from app.calm import AT_MOST_S, QUIET_S, Calm


class Hall:
    """A process in which somebody waits, on a clock of its own; something may go out again and again meanwhile."""

    def __init__(self, stirs_every_s: float | None = None) -> None:
        self.now = 100.0
        self.calm = Calm(lambda: self.now, self._pass)
        self._stirs_every_s = stirs_every_s

    async def _pass(self, seconds: float) -> None:
        end = self.now + seconds
        while self._stirs_every_s and self.now + self._stirs_every_s < end:
            self.now += self._stirs_every_s
            self.calm.stirred()
        self.now = end

    async def waited_s(self) -> float:
        began = self.now
        await self.calm.come()
        return self.now - began


async def test_where_nothing_went_out_nobody_waits() -> None:
    assert await Hall().waited_s() == 0


async def test_what_went_out_a_while_ago_keeps_nobody_waiting() -> None:
    hall = Hall()
    hall.calm.stirred()
    hall.now += QUIET_S
    assert await hall.waited_s() == 0


async def test_after_something_went_out_there_is_a_pause() -> None:
    hall = Hall()
    hall.calm.stirred()
    assert await hall.waited_s() == pytest.approx(QUIET_S)


async def test_what_goes_out_meanwhile_is_waited_for_as_well() -> None:
    hall = Hall(stirs_every_s=QUIET_S * 0.7)
    hall.calm.stirred()
    assert await hall.waited_s() > QUIET_S


async def test_however_much_goes_out_the_pause_ends() -> None:
    hall = Hall(stirs_every_s=QUIET_S / 10)
    hall.calm.stirred()
    assert await hall.waited_s() == pytest.approx(AT_MOST_S)
