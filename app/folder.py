"""A folder that one process at a time may use."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from app.launcher import CannotStart


class FolderLock:
    """The right to use a folder, held until `release` or the end of this process, however it ends.

    The lock is on the folder itself: nothing is left behind in it, and emptying it does not lose the lock.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._handle: int | None = None

    def acquire(self) -> None:
        """Make the folder if need be (mode 0700) and take it; taking it twice is taking it once.

        Raises:
            CannotStart: another process has it, or it cannot be written to.
        """
        if self._handle is not None:
            return
        handle = self._open()
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(handle)
            if isinstance(error, BlockingIOError):
                raise CannotStart(
                    f"{self._folder} is in use by another start; stop that one, or name another folder."
                ) from None
            raise CannotStart(f"{self._folder} cannot be locked ({error.strerror}); name another folder.") from None
        self._handle = handle

    def _open(self) -> int:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise CannotStart(f"{self._folder} cannot be used ({error.strerror}); name another folder.") from None
        if not os.access(self._folder, os.W_OK | os.X_OK):
            os.close(handle)
            raise CannotStart(f"{self._folder} cannot be written to; name another folder.")
        return handle

    @property
    def is_held(self) -> bool:
        """Whether this lock has the folder."""
        return self._handle is not None

    def release(self) -> None:
        """Let others use the folder."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
