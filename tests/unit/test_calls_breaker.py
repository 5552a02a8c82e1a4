"""When a peer is left alone, and for how long."""

import pytest

from app.calls import REST_S
from modules.kernel import rpc
from modules.kernel.errors import Conflict, Contended, DeadlineExceeded, NotReached, Overloaded, Unavailable
from tests.unit.calls_world import HandClock, Peer, Port, around, silent


@pytest.fixture
def peer() -> Peer:
    return Peer()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def port(peer: Peer, clock: HandClock) -> Port:
    return around(peer, clock)


async def test_after_five_silent_calls_in_a_row_a_peer_is_left_alone_until_its_rest_is_over(
    port: Port, peer: Peer, clock: HandClock
) -> None:
    await silent(port, peer, times=4)
    assert await port.show() == "an answer"
    await silent(port, peer, times=5)
    called = peer.calls
    with pytest.raises(NotReached, match="left alone"):
        await port.look()  # all methods of a peer have one breaker, and repeats find it too
    assert peer.calls == called
    clock.at += REST_S
    assert await port.look() == "an answer"
    await silent(port, peer, times=4)
    assert await port.look() == "an answer"


async def test_a_peer_that_stays_silent_after_its_rest_is_left_alone_again_at_once(
    port: Port, peer: Peer, clock: HandClock
) -> None:
    await silent(port, peer, times=5)
    clock.at += REST_S
    await silent(port, peer, times=1)
    with pytest.raises(NotReached, match="left alone"):
        await port.show()


async def test_refusals_are_answers_to_the_breaker(port: Port, peer: Peer) -> None:
    await silent(port, peer, times=4)
    peer.told = [Conflict("No.")]
    with pytest.raises(Conflict):
        await port.show()
    await silent(port, peer, times=4)
    assert await port.show() == "an answer"


@pytest.mark.parametrize("busy", [Contended, Overloaded])
async def test_a_peer_that_says_it_is_busy_is_not_left_alone(busy: type[NotReached], port: Port, peer: Peer) -> None:
    for _ in range(6):
        peer.told = [busy("Later.")]
        with pytest.raises(busy):
            await port.show()
    assert await port.show() == "an answer"


async def test_calls_that_began_with_too_little_time_left_say_nothing_of_the_peer(port: Port, peer: Peer) -> None:
    for _ in range(6):
        peer.told = [None]
        with rpc.deadline(0.01), pytest.raises(DeadlineExceeded):
            await port.show()
    assert await port.show() == "an answer"


async def test_a_repeat_that_began_with_too_little_time_left_says_nothing_of_the_peer(port: Port, peer: Peer) -> None:
    await silent(port, peer, times=3)
    peer.told = [Unavailable("Lost."), None]
    with rpc.deadline(0.11), pytest.raises(Unavailable):
        await port.look()
    peer.told.clear()
    assert await port.show() == "an answer"


async def test_every_attempt_at_a_call_counts(port: Port, peer: Peer) -> None:
    peer.told = [Unavailable("Lost.")] * 6
    for _ in range(2):
        with pytest.raises(Unavailable):
            await port.look()
    assert peer.calls == 5
