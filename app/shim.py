"""Becomes another program, tied to the life of the process that started it.

A script of `app.launcher`: `python -I -S shim.py PARENT SIGNAL FOLDER PROGRAM ARGUMENT…`. A program of its own instead of
a function between fork and exec, because Python code is not safe there in a process with threads; and its imports are
few because every start waits for them.

With FOLDER, root steps down first, as PostgreSQL refuses to run as root: into a user namespace where root is called
`nobody` (the same files stay readable, whatever the modes of the folders above), or, where those are forbidden or reach
too little, to the real `nobody`, who is given FOLDER.

With SIGNAL `group` it stays beside the program instead, and kills it and all that it started in its session: for
programs whose own children would finish their work first, as initdb's do.

Linux has the kernel send SIGNAL the moment the parent ends. Elsewhere a small process watches both and sends it.
"""

import ctypes
import os
import sys

GROUP = "group"

_PR_SET_PDEATHSIG = 1
_PR_SET_KEEPCAPS = 8
_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE = 47, 2
_CAP_DAC_OVERRIDE = 1
_CAPABILITY_VERSION_3 = 0x20080522
_CLONE_NEWUSER = 0x10000000
_NOBODY = 65534
_REFUSED = 3
_SET_URLS = "run it as an ordinary user, or set WAYBILL_DATABASES__… to a PostgreSQL of your own"


def die_with_parent(death_signal: int, parent: int | None = None) -> None:
    """Have this process receive `death_signal` when its parent ends; end now if `parent` is already gone.

    The parent is the *thread* that started this process: start it from the main thread.
    """
    parent = os.getppid() if parent is None else parent
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, death_signal)
    else:
        _watch(parent, death_signal)
    # Whoever lost its parent before it asked for the signal is never sent one.
    if os.getppid() != parent:
        os._exit(_REFUSED)


def _watch(parent: int, death_signal: int) -> None:
    target = os.getpid()
    if sys.platform == "linux" or os.fork() != 0:
        return
    import select

    queue = select.kqueue()
    ends = [
        select.kevent(pid, select.KQ_FILTER_PROC, select.KQ_EV_ADD, select.KQ_NOTE_EXIT) for pid in (parent, target)
    ]
    ended = {event.ident for event in queue.control(ends, 2, None)}
    if target not in ended:
        os.kill(target, death_signal)
    os._exit(0)


def _step_down(folder: str, program: str) -> None:
    """Stop being root, keeping access to `folder`."""
    # A namespace cannot be left again, so a child tries it first.
    child = os.fork()
    if child == 0:
        os._exit(0 if _enter_namespace() and _reaches(folder, program) else 1)
    if os.waitpid(child, 0)[1] == 0:
        _enter_namespace()
        return
    _become_nobody(folder)
    if not _reaches(folder, program):
        _refuse(f"PostgreSQL does not run as root, and without root's rights {folder} is out of reach: {_SET_URLS}.")


def _enter_namespace() -> bool:
    """Be called `nobody` in a user namespace, and be root's files' owner all the same."""
    group = os.getegid()
    if sys.platform != "linux" or ctypes.CDLL(None).unshare(_CLONE_NEWUSER) != 0:
        return False
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{_NOBODY} 0 1")
    _write("/proc/self/gid_map", f"{_NOBODY} {group} 1")
    return True


def _become_nobody(folder: str) -> None:
    """Be the real `nobody`, who is given `folder` and may still pass through the folders above it."""
    if os.stat(folder).st_uid != _NOBODY:  # noqa: PTH116  # pathlib would cost every start its import
        for place, _, files in os.walk(folder, topdown=False):
            for path in (*(f"{place}/{name}" for name in files), place):
                os.chown(path, _NOBODY, _NOBODY, follow_symlinks=False)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_KEEPCAPS, 1)
    os.setgroups([])
    os.setgid(_NOBODY)
    os.setuid(_NOBODY)
    if sys.platform == "linux":
        # One right of root's is kept, that to pass closed folders, also past the exec; where root has not even that one,
        # modes have to do.
        wanted = 1 << _CAP_DAC_OVERRIDE
        header, rights = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0), (ctypes.c_uint32 * 6)(wanted, wanted, wanted)
        ctypes.CDLL(None).capset(header, rights)
        ctypes.CDLL(None).prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_OVERRIDE, 0, 0)


def _reaches(folder: str, program: str) -> bool:
    return os.access(folder, os.R_OK | os.W_OK | os.X_OK, effective_ids=True) and os.access(
        program, os.X_OK, effective_ids=True
    )


def _write(path: str, text: str) -> None:
    handle = os.open(path, os.O_WRONLY)
    os.write(handle, text.encode())
    os.close(handle)


def _refuse(sentence: str) -> None:
    os.write(2, f"{sentence}\n".encode())
    os._exit(_REFUSED)


def _guard(parent: int, command: list[str]) -> None:
    """Stay between: run `command` as a child, and kill the whole process group when the parent ends."""
    import signal

    signal.signal(signal.SIGTERM, lambda *_: os.killpg(0, signal.SIGKILL))
    die_with_parent(signal.SIGTERM, parent)
    guard, child = os.getpid(), os.fork()
    if child == 0:
        die_with_parent(signal.SIGKILL, guard)
        _become(command)
    _, status = os.waitpid(child, 0)
    os._exit(os.waitstatus_to_exitcode(status) % 256)


def _become(command: list[str]) -> None:
    try:
        os.execv(command[0], command)  # noqa: S606  # the point of it
    except OSError as error:
        _refuse(f"{command[0]} cannot be run: {error.strerror}.")


def main() -> None:
    """Step down where asked, tie this process to its parent, become the program."""
    parent, death_signal, folder, *command = sys.argv[1:]
    if folder and os.geteuid() == 0:
        try:
            _step_down(folder, command[0])
        except OSError as error:
            _refuse(f"PostgreSQL does not run as root, and root cannot step down here ({error}): {_SET_URLS}.")
    # Last before the exec: a change of user or namespace would clear it.
    if death_signal == GROUP:
        _guard(int(parent), command)
    die_with_parent(int(death_signal), int(parent))
    _become(command)


if __name__ == "__main__":
    main()
