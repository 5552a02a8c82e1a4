"""What a running system answers to every row."""

import asyncio
import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from tests.adversarial.chapters import ROWS
from tests.adversarial.row import FORM, Row
from tests.adversarial.wire import Answer, exchange, written
from tests.adversarial.world import World, inhabited
from tests.system.running import Running

AT_ONCE = 8
RACERS = 16
CODED = re.compile(r"\{([^}]*)\}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Got:
    """What one service answered, and what was to be expected, with the values of this system."""

    answer: Answer
    says: Mapping[str, Any]
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Played:
    """What each service that a row is for answered to it, the secrets that were sent, and the log afterwards.

    `raced` is how one assertion was answered that came many times at once.
    """

    answers: Mapping[str, Mapping[str, Got]]
    shown: frozenset[str]
    log: Sequence[Mapping[str, Any]]
    log_text: str
    raced: Sequence[int]


async def played(system: Running) -> Played:
    """Play every row, several at a time."""
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(world: World, row: Row, service: str) -> Got:
        async with slots:
            return await _got(world, row, service)

    async with inhabited(system) as world:
        asked = [(name, service) for name, row in ROWS.items() for service in row.at]
        given = await asyncio.gather(*(one(world, ROWS[name], service) for name, service in asked))
        raced = await _raced(world)
    answers: dict[str, dict[str, Got]] = {name: {} for name in ROWS}
    for (name, service), got in zip(asked, given, strict=True):
        answers[name][service] = got
    return Played(answers, frozenset(world.shown), system.log(), system.log_text(), raced)


async def _raced(world: World) -> Sequence[int]:
    row = ROWS["An assertion: ES256"]
    body = await world.fill(row.body, row, "auth")
    answers = await exchange(world.system.run.url("auth"), written(row.request, [FORM], body.encode()), RACERS)
    return sorted(answer.status for answer in answers)


async def _got(world: World, row: Row, service: str) -> Got:
    request = await world.fill(row.request, row, service)
    headers = [await _header(world, header, row, service) for header in row.headers]
    body = (await world.fill(row.body, row, service)).encode("latin-1")
    try:
        url = world.system.run.url(service)
        (answer,) = await exchange(url, written(request, headers, body, chunked=row.chunked))
    except (OSError, TimeoutError):
        answer = Answer(0)
    says = {name: await _filled(world, value, row, service) for name, value in row.says.items()}
    expected = {name: str(await _filled(world, value, row, service)) for name, value in row.answers.items()}
    return Got(answer, says, expected)


async def _filled(world: World, value: Any, row: Row, service: str) -> Any:
    return await world.fill(value, row, service) if isinstance(value, str) else value


async def _header(world: World, header: str, row: Row, service: str) -> str:
    """A header with its values, and in base64 what is in braces."""
    parts = [await world.fill(part, row, service) for part in CODED.split(header)]
    coded = [base64.b64encode(part.encode("latin-1")).decode() for part in parts[1::2]]
    return "".join(map("".join, zip_longest(parts[::2], coded, fillvalue="")))
