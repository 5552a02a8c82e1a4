import re
import stat
import tomllib
from pathlib import Path

import pytest

from app.launcher import CannotStart
from app.secrets_file import Secrets, ensure_secrets, read_secrets
from app.service_key import is_private, new_service_key, public_part
from app.supervisor.plan import MODULES, SERVICES

# As the first version wrote it.
EARLIER = """pepper = "pppppppppppppppppppppppppppppppppppppppp"
key_encryption_key = "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"

[passwords]
postgres = "of the superuser"
auth = "of auth"
sales = "of sales"
delivery = "of delivery"
product = "of product"
"""
KEYS = {name: new_service_key() for name in SERVICES}
GOOD = "\n".join(
    [
        EARLIER.replace("pepper =", 'valkey = "v"\npepper ='),
        "[services]\nsales = 'a secret of the version before'\n",
        "[service_keys]",
        *(f'{name} = """{key}"""' for name, key in KEYS.items()),
    ]
)
DAMAGED = {
    "nothing": "",
    "no TOML": "{",
    "half of it": EARLIER[:120],
    "no pepper": EARLIER.replace("pepper", "salt"),
    "an empty pepper": EARLIER.replace("p" * 40, ""),
    "a key that is a number": re.sub('"k+"', "7", EARLIER),
    "no passwords": EARLIER.partition("[passwords]")[0],
    "passwords that are a text": EARLIER.partition("[passwords]")[0] + 'passwords = "x"',
    "a password that is a number": EARLIER.replace('"of sales"', "7"),
    "no password of sales": EARLIER.replace('sales = "of sales"\n', ""),
    "a Valkey password that is a number": "valkey = 7\n" + EARLIER,
    "keys that are a text": 'service_keys = "x"\n' + EARLIER,
    "no key of sales": GOOD.replace(f'sales = """{KEYS["sales"]}"""\n', ""),
    "a key that is none": GOOD.replace(KEYS["sales"], "wbs_x"),
    "half a key": GOOD.replace(KEYS["sales"], KEYS["sales"][:90]),
    "a public key": GOOD.replace(KEYS["sales"], public_part(KEYS["sales"])),
    "deep brackets": "x = " + "[" * 100_000,
}


def ensured(data: Path) -> Secrets:
    return ensure_secrets(data, MODULES, SERVICES, locked=data / "postgres")


def test_new_secrets_are_whole_and_for_their_owner_only(tmp_path: Path) -> None:
    made = ensured(tmp_path)

    assert stat.S_IMODE((tmp_path / "secrets.toml").stat().st_mode) == 0o600
    assert set(made.passwords) == {"postgres", *MODULES}
    assert set(made.services) == set(SERVICES)
    assert all(map(is_private, made.services.values()))
    assert min(len(made.pepper), len(made.key_encryption_key)) == 43
    assert len(made.valkey) == 32
    every = [made.pepper, made.key_encryption_key, made.valkey, *made.passwords.values(), *made.services.values()]
    assert len(set(every)) == 11


def test_asked_again_they_are_the_same(tmp_path: Path) -> None:
    assert ensured(tmp_path) == ensured(tmp_path) == read_secrets(tmp_path)


@pytest.mark.parametrize("end", ["", "# mine\n", '\n[more]\nof = "mine"\n'])
def test_a_file_of_an_earlier_version_is_completed_and_nothing_in_it_changed(tmp_path: Path, end: str) -> None:
    path = tmp_path / "secrets.toml"
    path.write_text(EARLIER + end)
    (tmp_path / "postgres").mkdir()
    old = read_secrets(tmp_path)

    completed = ensured(tmp_path)

    assert old == Secrets(completed.passwords, completed.pepper, completed.key_encryption_key)
    assert (old.pepper, old.passwords["sales"]) == ("p" * 40, "of sales")
    assert set(completed.services) == set(SERVICES)
    assert completed.valkey
    assert (EARLIER + end).strip() in path.read_text()
    assert tomllib.loads(EARLIER + end).items() <= tomllib.loads(path.read_text()).items()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert completed == ensured(tmp_path)


def test_only_what_is_missing_is_added(tmp_path: Path) -> None:
    (tmp_path / "secrets.toml").write_text(GOOD.replace('valkey = "v"\n', ""))

    completed = ensured(tmp_path)

    assert completed.services == KEYS
    assert len(completed.valkey) == 32


@pytest.mark.parametrize("what", DAMAGED)
def test_a_damaged_file_is_refused_in_a_sentence_and_left_as_it_is(tmp_path: Path, what: str) -> None:
    path = tmp_path / "secrets.toml"
    path.write_text(DAMAGED[what])

    with pytest.raises(CannotStart) as refused:
        ensured(tmp_path)

    assert str(refused.value).startswith(f"{path} is damaged")
    assert len(str(refused.value).splitlines()) == 1
    assert path.read_text() == DAMAGED[what]


def test_a_file_that_is_no_text_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "secrets.toml").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(CannotStart, match="is damaged"):
        ensured(tmp_path)


def test_no_sentence_repeats_a_secret(tmp_path: Path) -> None:
    (tmp_path / "secrets.toml").write_text(EARLIER + 'sales = "of sales, again"\n')

    with pytest.raises(CannotStart) as refused:
        ensured(tmp_path)

    assert "of sales" not in str(refused.value)
