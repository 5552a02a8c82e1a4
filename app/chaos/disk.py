"""A disk of its own for the PostgreSQL of a drill, that can be full and have space again. In memory: a tmpfs."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

SIZE = 4 << 30
AS_WHOM = ((), ("sudo", "-n"))


class NoDisk(Exception):
    """This machine lets nobody mount a disk; the message says why."""


class Disk:
    """A tmpfs on `folder`. It takes as much memory as is written to it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @asynccontextmanager
    async def mounted(self) -> AsyncIterator["Disk"]:
        """Have it there for as long as this lasts, empty at first.

        Raises:
            NoDisk: this machine does not let us.
        """
        self._folder.mkdir(mode=0o700, parents=True)
        options = f"size={SIZE},mode=700,uid={os.getuid()},gid={os.getgid()}"
        if complaint := await _done("mount", "-t", "tmpfs", "-o", options, "tmpfs", self._folder):
            raise NoDisk(complaint)
        try:
            yield self
        finally:
            await _done("umount", "-l", self._folder)

    async def fill(self) -> None:
        """Leave no space on it: it becomes as small as what it holds, however fast that grows meanwhile."""
        while await self._resized(self._used()):
            pass

    async def free(self) -> None:
        """Have space again."""
        await self._resized(SIZE)

    def _used(self) -> int:
        now = os.statvfs(self._folder)
        return (now.f_blocks - now.f_bfree) * now.f_frsize

    async def _resized(self, size: int) -> str:
        return await _done("mount", "-o", f"remount,size={size}", self._folder)


async def _done(*words: str | Path) -> str:
    """Run a command as ourselves, or else as root; what it complains of, nothing where it is done."""
    complaint = ""
    for prefix in AS_WHOM:
        try:
            ran = await asyncio.to_thread(
                subprocess.run, [*prefix, *words], capture_output=True, text=True, check=False
            )
        except OSError as error:
            complaint = complaint or str(error)
            continue
        if ran.returncode == 0:
            return ""
        complaint = complaint or ran.stderr.strip() or f"exit code {ran.returncode}"
    return complaint
