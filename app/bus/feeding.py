"""What the consumers of all buses do alike: wait out an outage, and take up what is parked when its time has come."""

import asyncio
from collections.abc import Awaitable

from loguru import logger

from modules.kernel.errors import Unavailable
from modules.kernel.inbox import Inbox

PARKED_EVERY_S = 0.25
PAUSES_S = (0.05, 0.2, 0.5, 1.0)


async def tried(module: str, work: Awaitable[None]) -> bool:
    """Whether `work` was done; nothing that it raises ends the consumer of `module`."""
    try:
        await work
    except Unavailable as error:
        logger.warning("{} can't handle events: {}", module, error.detail)
    except Exception:  # noqa: BLE001  # the inbox parks what handlers raise, so this is a fault of ours
        logger.exception("{} failed to handle events and tries again", module)
    else:
        return True
    return False


async def rest(failures: int) -> None:
    """Pause after so many failures in a row: longer each time, up to a second."""
    await asyncio.sleep(PAUSES_S[min(failures, len(PAUSES_S)) - 1])


async def take_up(inbox: Inbox) -> None:
    """Try what is parked and due."""
    for key in await inbox.due():
        await inbox.take_up(key)


async def keep_taking_up(module: str, inbox: Inbox) -> None:
    """Do so until cancelled."""
    while True:
        await tried(module, take_up(inbox))
        await asyncio.sleep(PARKED_EVERY_S)
