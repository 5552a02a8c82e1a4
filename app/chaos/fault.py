"""What each kind of fault does to a system, and how it ends."""

import asyncio
import random
import signal
from contextlib import suppress

import psycopg
from psycopg.conninfo import make_conninfo

from app.chaos.disk import Disk
from app.chaos.lines import REDIS
from app.chaos.link import FAULTS, PASSES
from app.chaos.schedule import AHEAD, BEHIND, POSTGRES, Strike
from app.chaos.system import LOOK_EVERY_S, System
from app.embedded import SUPERUSER
from app.failpoints import KILL, LOSE
from app.operator import assembled
from app.secrets_file import read_secrets
from modules.kernel.errors import Unavailable

ACTOR = "cli:chaos"
TOLD_AGAIN = 50
SKEW_S = 90.0
BACK_WITHIN_S = 60.0
MOST_LOG_FILES = 100
NEXT_LOG_FILE = "SELECT pg_logical_emit_message(true, 'chaos', 'full'), pg_switch_wal()"


async def befall(system: System, strike: Strike) -> None:
    """Have a fault strike, and end, where it lasts; what ended because of it is being started again by then."""
    match strike.kind:
        case "kill at" | "lose at":
            system.arm(strike.what, KILL if strike.kind == "kill at" else LOSE)
        case "kill" | "empty" if strike.what == REDIS and system.broker is not None:
            await system.broker.kill(empty=strike.kind == "empty")
        case "kill":
            await system.strike(strike.what, signal.SIGQUIT if strike.what == POSTGRES else signal.SIGKILL)
        case "freeze":
            await _freeze(system, strike)
        case fault if fault in FAULTS:
            system.links[strike.what].mode = fault
            await asyncio.sleep(strike.for_s)
            system.links[strike.what].mode = PASSES
        case "ahead" | "behind":
            await _set_clock(system, strike.what, {AHEAD: SKEW_S, BEHIND: -SKEW_S}[strike.kind])
            await asyncio.sleep(strike.for_s)
            await _set_clock(system, strike.what, 0.0)
        case "fill" if system.disk is not None:
            await _fill(system, system.disk, strike.for_s)
        case "again":
            await _tell_again(system, strike)


async def _freeze(system: System, strike: Strike) -> None:
    if strike.what == REDIS and system.broker is not None:
        system.broker.send(signal.SIGSTOP)
        await asyncio.sleep(strike.for_s)
        system.broker.send(signal.SIGCONT)
        return
    pid = await system.strike(strike.what, signal.SIGSTOP)
    await asyncio.sleep(strike.for_s)
    if system.pid(strike.what) == pid:  # else it was killed meanwhile, and another one runs
        system.send(strike.what, signal.SIGCONT)


async def _set_clock(system: System, module: str, by_s: float) -> None:
    """Have a process start anew with its clock off by so much; another strike may set it otherwise meanwhile."""
    system.set_clock(module, by_s)
    system.send(module, signal.SIGKILL)  # where none runs now, the next one will know
    async with asyncio.timeout(BACK_WITHIN_S):
        while system.clock(module) != system.wanted_clock(module):  # noqa: ASYNC110  # news from afar
            await asyncio.sleep(LOOK_EVERY_S)


async def _fill(system: System, disk: Disk, for_s: float) -> None:
    """Leave PostgreSQL no space: first its tables find none, and then its log, which is the end of it until there is."""
    await disk.fill()
    try:
        await asyncio.sleep(for_s / 2)
        await _exhaust_log(system)
        await asyncio.sleep(for_s / 2)
    finally:
        await disk.free()


async def _exhaust_log(system: System) -> None:
    """Have PostgreSQL need one file of its write-ahead log after another, until there is no space for the next."""
    password = read_secrets(system.data).passwords[SUPERUSER]
    server = next(iter(system.run.databases.values()))
    superuser = make_conninfo(server, user=SUPERUSER, password=password)
    with suppress(psycopg.OperationalError):
        async with await psycopg.AsyncConnection.connect(superuser, autocommit=True) as connection:
            for _ in range(MOST_LOG_FILES):
                await connection.execute(NEXT_LOG_FILE)


async def _tell_again(system: System, strike: Strike) -> None:
    """Have events of some orders go out once more, in whatever order."""
    try:
        async with assembled(system.data) as container:
            orders = [one.id for one in await container.orders().facts(None, 5000)]
            chosen = random.Random(strike.at_s).sample(orders, min(TOLD_AGAIN, len(orders)))  # noqa: S311
            await container.delivery().tell_again(ACTOR, chosen)
            await container.orders().tell_again(ACTOR, chosen)
    except Unavailable:
        return  # another fault is in the way
