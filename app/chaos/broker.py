"""The Redis that a split talks over in a drill, at the end of a line that can be cut."""

import asyncio
import os
import secrets
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

from app.chaos.link import Link
from app.embedded import EmbeddedValkey

POLL_S = 0.004


class Broker:
    """A Valkey of the drill's own."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / "appendonlydir"
        self._password = secrets.token_urlsafe(16)
        self._valkey = EmbeddedValkey(folder, self._password, keeps=True)
        self.link = Link(self._valkey.port)

    @property
    def url(self) -> str:
        """Where the system finds it: at this end of the line."""
        return f"redis://:{quote(self._password, safe='')}@127.0.0.1:{self.link.port}/0"

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Broker"]:
        """Have it run for as long as this lasts."""
        with self._valkey:
            async with self.link.listening():
                try:
                    yield self
                finally:
                    self.send(signal.SIGCONT)

    def send(self, what: signal.Signals) -> None:
        """Send a signal to the server."""
        if self._valkey.pid is not None and self._valkey.poll() is None:
            os.kill(self._valkey.pid, what)

    async def kill(self, *, empty: bool) -> None:
        """`kill -9`, and started again at once: with what it had written down, or with nothing."""
        self.send(signal.SIGKILL)
        while self._valkey.poll() is None:  # noqa: ASYNC110  # the kernel takes a moment
            await asyncio.sleep(POLL_S)
        if empty:
            shutil.rmtree(self._log, ignore_errors=True)
        self._valkey.launch()
