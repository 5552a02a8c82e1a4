"""What must not be known to others, generated once into a file in the data folder."""

import os
import secrets
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.launcher import CannotStart
from app.service_key import is_private, new_service_key

_NAME = "secrets.toml"


@dataclass(frozen=True, slots=True)
class Secrets:
    """The generated secrets of one installation.

    `passwords` maps `postgres` (the superuser) and each module to its database role's password; `pepper` keys the hashes
    of client secrets and refresh tokens; `key_encryption_key` (32 bytes, base64url without padding) wraps signing keys;
    `valkey` is the password of our own Valkey; `services` maps a module to the private key, in PEM, with which it signs in
    to auth.

    An earlier version's file has no `valkey` and no `service_keys`: they are empty until the next start.
    """

    passwords: Mapping[str, str]
    pepper: str
    key_encryption_key: str
    valkey: str = ""
    services: Mapping[str, str] = field(default_factory=dict)


def read_secrets(data: Path) -> Secrets:
    """Read `<data>/secrets.toml`.

    Raises:
        CannotStart: it is not there, or it is not whole.
    """
    return _secrets(data / _NAME, _read(data / _NAME))


def ensure_secrets(data: Path, modules: Sequence[str], services: Sequence[str], *, locked: Path) -> Secrets:
    """Read `<data>/secrets.toml`; generate it (mode 0600) the first time, and complete one of an earlier version.

    There is a role password for each of `modules`, and a key to sign in with for each of `services`. New secrets would
    not open what the old ones locked, so they are not generated where `locked` (the databases) exists.

    Raises:
        CannotStart: it cannot be read or written, it is not whole, or it is gone while `locked` is still there.
    """
    path = data / _NAME
    is_new = not path.exists()
    if is_new and locked.exists():
        raise CannotStart(f"{path} is gone, but {locked} needs it; put back a copy, or begin anew with `up --fresh`.")
    text = _generated(modules) if is_new else _read(path)
    _secrets(path, text)
    completed = _completed(text, services)
    found = _secrets(path, completed)
    for table, have, names in (
        ("passwords", found.passwords, ("postgres", *modules)),
        ("service_keys", found.services, services),
    ):
        if missing := [name for name in names if name not in have]:
            raise _damaged(path, f"{table} has no {missing[0]}")
    if is_new or completed != text:
        write_private(path, completed)
    return found


def _generated(modules: Sequence[str]) -> str:
    lines = [f'{name} = "{secrets.token_urlsafe(32)}"' for name in ("pepper", "key_encryption_key")]
    lines += ["", "[passwords]", *(f'{role} = "{secrets.token_urlsafe(24)}"' for role in ("postgres", *modules)), ""]
    return "\n".join(lines)


def _completed(text: str, services: Sequence[str]) -> str:
    """Add what is not there yet, around what is: not a letter of that is touched."""
    there = tomllib.loads(text)
    if "valkey" not in there:
        text = f'valkey = "{secrets.token_urlsafe(24)}"\n{text}'
    if "service_keys" not in there:
        lines = [f'{name} = """\n{new_service_key()}"""' for name in services]
        text = "\n".join([text.rstrip("\n"), "", "[service_keys]", *lines, ""])
    return text


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise CannotStart(f"{path} is not there; `waybill up` makes it.") from None
    except UnicodeDecodeError:
        raise _damaged(path, "it is no text") from None
    except OSError as error:
        raise CannotStart(f"{path} cannot be read ({error.strerror}); let this user read it.") from None


def _secrets(path: Path, text: str) -> Secrets:
    try:
        content = tomllib.loads(text)
        return Secrets(
            passwords=_table(content, "passwords"),
            pepper=_word(content, "pepper"),
            key_encryption_key=_word(content, "key_encryption_key"),
            valkey=_word(content, "valkey") if "valkey" in content else "",
            services=_keys(content) if "service_keys" in content else {},
        )
    except (ValueError, RecursionError) as error:
        raise _damaged(path, str(error)) from None


def _keys(content: Mapping[str, object]) -> Mapping[str, str]:
    keys = _table(content, "service_keys")
    for name, key in keys.items():
        if not is_private(key):
            raise ValueError(f"the key of {name} is a public one")
    return keys


def _table(content: Mapping[str, object], name: str) -> Mapping[str, str]:
    table = content.get(name)
    if not isinstance(table, Mapping):
        raise ValueError(f"it has no table {name}")  # noqa: TRY004  the file is wrong, not the program
    return {key: _word(table, key) for key in table}


def _word(content: Mapping[str, object], name: str) -> str:
    word = content.get(name)
    if not isinstance(word, str) or not word:
        raise ValueError(f"it has no {name}")
    return word


def _damaged(path: Path, what: str) -> CannotStart:
    return CannotStart(f"{path} is damaged ({what}); put back a copy, or begin anew with `up --fresh`.")


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read (0600), all of it or none, and on disk before this returns."""
    draft = path.with_name(f"{path.name}.new")
    try:
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        raise CannotStart(f"{path} cannot be written ({error.strerror}); make room or name another folder.") from None
