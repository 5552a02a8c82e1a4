"""What must not be known to others, generated once into a file in the data folder."""

import os
import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

from app.launcher import CannotStart

_NAME = "secrets.toml"


@dataclass(frozen=True, slots=True)
class Secrets:
    """The generated secrets of one installation.

    `passwords` maps `postgres` (the superuser) and each module to its database role's password; `pepper` keys the hashes
    of client secrets and refresh tokens; `key_encryption_key` (32 bytes, base64url without padding) wraps signing keys.
    """

    passwords: Mapping[str, str]
    pepper: str
    key_encryption_key: str

    @classmethod
    def generate(cls, modules: tuple[str, ...]) -> Self:
        """Make new ones, a role password per module."""
        return cls(
            passwords={role: secrets.token_urlsafe(24) for role in ("postgres", *modules)},
            pepper=secrets.token_urlsafe(32),
            key_encryption_key=secrets.token_urlsafe(32),
        )


def read_secrets(data: Path) -> Secrets:
    """Read `<data>/secrets.toml`.

    Raises:
        CannotStart: it is not there, or it is not whole.
    """
    path = data / _NAME
    try:
        content = tomllib.loads(path.read_text())
        passwords = {str(role): str(password) for role, password in content.pop("passwords").items()}
        wanted = {field.name for field in fields(Secrets)} - {"passwords"}
        return Secrets(passwords=passwords, **{name: str(content[name]) for name in wanted})
    except FileNotFoundError:
        raise CannotStart(f"{path} is not there; `waybill up` makes it.") from None
    except OSError as error:
        raise CannotStart(f"{path} cannot be read ({error.strerror}); let this user read it.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, AttributeError) as error:
        raise CannotStart(f"{path} is damaged ({error}); put back a copy, or begin anew with `up --fresh`.") from None


def ensure_secrets(data: Path, modules: tuple[str, ...], *, locked: Path) -> Secrets:
    """Read `<data>/secrets.toml`, or generate it (mode 0600) the first time.

    New secrets would not open what the old ones locked, so they are not generated where `locked` (the databases) exists.

    Raises:
        CannotStart: it cannot be read or written, or it is gone while `locked` is still there.
    """
    path = data / _NAME
    if path.exists():
        return read_secrets(data)
    if locked.exists():
        raise CannotStart(f"{path} is gone, but {locked} needs it; put back a copy, or begin anew with `up --fresh`.")
    made = Secrets.generate(modules)
    lines = [f'pepper = "{made.pepper}"', f'key_encryption_key = "{made.key_encryption_key}"', "", "[passwords]"]
    lines += [f'{role} = "{password}"' for role, password in made.passwords.items()]
    write_private(path, "\n".join([*lines, ""]))
    return made


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
