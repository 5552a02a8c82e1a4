"""Whoever has the database of auth, and its log, has no secret, token, assertion or key that opens anything."""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote

import httpx
import pytest
from joserfc.jwk import ECKey

from modules.auth.model.assertion import ASSERTION_TYPE
from modules.kernel.database import Transaction, sql
from modules.kernel.ids import ClientId, new_id
from tests.integration.admin_world import ASKED, SHOP, Admin, admin
from tests.integration.http_world import SECRETS
from tests.integration.signing import KEYS, public, signed

__all__ = ["admin"]

TABLES = sql("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1")
PREFIXES = ("wbs_", "wbr_")


@dataclass
class Used:
    """What was used in a run, by what it is."""

    secrets: dict[str, str] = field(default_factory=dict)
    refresh_tokens: list[str] = field(default_factory=list)
    public_parts: list[str] = field(default_factory=list)

    def note(self, answer: httpx.Response) -> dict[str, str]:
        told: dict[str, str] = answer.raise_for_status().json()
        number = len(self.secrets)
        self.secrets[f"refresh token {number}"] = told["refresh_token"]
        self.secrets[f"signature of the access token {number}"] = told["access_token"].rpartition(".")[2]
        self.refresh_tokens.append(told["refresh_token"])
        return told


def spellings(secret: str) -> Iterator[str]:
    """How a text may have come into a row: as it is, in a URL, its bytes in hexadecimal or base64, and what it stands for."""
    bare = secret
    for prefix in PREFIXES:
        bare = bare.removeprefix(prefix)
    yield from (secret, bare, quote(secret, safe=""), secret.encode().hex(), bare.encode().hex())
    yield base64.b64encode(secret.encode()).decode().rstrip("=")
    try:
        yield base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4)).hex()
    except ValueError:
        return


async def dumped(reading: Transaction) -> dict[str, str]:
    """Every row of every table as text; bytes are in hexadecimal."""
    rows = {}
    for (table,) in await reading.fetch(TABLES):
        every = await reading.fetch(sql(f'SELECT CAST(t AS text) FROM "{table}" t'))  # noqa: S608  of the catalogue
        rows[table] = "\n".join(row[0] for row in every)
    return rows


def private_parts(key: ECKey) -> Iterator[str]:
    yield str(key.as_dict(private=True)["d"])
    yield from (line for line in key.as_pem(private=True).decode().splitlines() if "-----" not in line)


async def run(admin: Admin) -> Used:
    """Everything that a client does with secrets, right and wrong."""
    used = Used(dict(SECRETS))
    made = (await admin.ask("POST ", SHOP, headers={"Idempotency-Key": str(new_id())})).json()
    id_ = made["client"]["id"]
    asked = await admin.ask(f"POST /{id_}/secrets", headers={"Idempotency-Key": str(new_id())})
    second = asked.json()["client_secret"]
    used.secrets |= {"secret": made["client_secret"], "second secret": second}
    key = ECKey.generate_key("P-256")
    assert (await admin.ask(f"POST /{id_}/keys", {"public_key": public(key)})).status_code == 201
    used.secrets |= {f"private part {number}": part for number, part in enumerate(private_parts(key))}
    used.public_parts.append(str(key.as_dict(private=False)["x"]))
    refused = await admin.ask(f"POST /{id_}/keys", {"public_key": KEYS["EdDSA"].as_dict(private=True)})
    assert refused.status_code == 422
    used.secrets["private key that was sent by mistake"] = str(KEYS["EdDSA"].as_dict(private=True)["d"])
    for secret in (made["client_secret"], second):
        told = used.note(await admin.sign_in(id_, secret))
        for path in ("/auth/token", "/auth/introspect", "/auth/revoke"):
            form = ASKED | {"grant_type": "refresh_token", "refresh_token": told["refresh_token"], "token": "wbr_none"}
            answer = await admin.http.post(path, data=form, auth=(id_, secret))
            if path == "/auth/token":
                used.note(answer)
        reused = {"grant_type": "refresh_token", "refresh_token": told["refresh_token"]}
        assert (await admin.http.post("/auth/token", data=reused, auth=(id_, secret))).status_code == 400
    await _by_assertion(admin, used, ClientId(id_), key)
    for name, client_id, secret in (
        ("a wrong secret", id_, "wbs_" + "wrong" * 8 + "x1z"),
        ("a secret of nobody", str(new_id()), "wbs_" + "nobody" * 7 + "y"),
        ("a secret in place of the id", second, id_),
    ):
        assert (await admin.sign_in(client_id, secret)).status_code == 401
        used.secrets[name] = second if client_id == second else secret
    return used


async def _by_assertion(admin: Admin, used: Used, id_: ClientId, key: ECKey) -> None:
    now = admin.container.clock().now().timestamp()
    claims = {"iss": id_, "sub": id_, "aud": admin.container.settings().tokens.issuer, "exp": now + 60}
    good = signed(claims | {"jti": str(new_id())}, key, "ES256")
    bad = signed(claims | {"jti": str(new_id())}, KEYS["ES256"], "ES256")
    form = ASKED | {"client_assertion_type": ASSERTION_TYPE}
    used.note(await admin.http.post("/auth/token", data=form | {"client_assertion": good}))
    for path in ("/auth/token", "/auth/introspect", "/auth/revoke"):
        for assertion in (good, bad):
            answer = await admin.http.post(path, data=form | {"client_assertion": assertion, "token": "wbr_none"})
            assert answer.status_code == 401
    for name, assertion in (("assertion", good), ("bad assertion", bad)):
        used.secrets |= {name: assertion, f"signature of the {name}": assertion.rpartition(".")[2]}


async def test_no_row_and_no_line_of_the_log_holds_what_opens_anything(admin: Admin) -> None:
    used = await run(admin)
    async with admin.container.auth_database().reading() as reading:
        rows = await dumped(reading)
    # What should be there is found: the search has eyes.
    for token in used.refresh_tokens:
        assert hashlib.sha256(token.encode()).hexdigest() in rows["refresh_token"]
    assert all(part in rows["client_key"] for part in used.public_parts)
    assert rows["failed_authentication"]
    assert len(rows) >= 12
    assert len(admin.log) > 20
    places = rows | {"the log": "\n".join(admin.log)}
    found = [
        f"{name} in {place}"
        for name, secret in used.secrets.items()
        for spelt in set(spellings(secret))
        for place, text in places.items()
        if len(spelt) > 20 and spelt in text
    ]
    assert not found
    assert len(used.secrets) > 25


async def test_a_client_secret_is_kept_under_the_pepper_alone(admin: Admin) -> None:
    secret = (await admin.made())["client_secret"]
    async with admin.container.auth_database().reading() as reading:
        rows = await dumped(reading)
    digests = (hashlib.sha256(secret.encode()), hashlib.sha256(secret.removeprefix("wbs_").encode()))
    assert not [one for one in digests if one.hexdigest() in rows["client_secret"]]


async def test_a_key_that_signs_is_kept_sealed(admin: Admin) -> None:
    active = await admin.container.auth()._keyring.active()
    async with admin.container.auth_database().reading() as reading:
        rows = await dumped(reading)
    assert active.kid is not None
    assert active.kid in rows["signing_key"]
    parts = [spelt for part in private_parts(active) for spelt in spellings(part)]
    assert len(parts) > 10
    assert not [part for part in parts if len(part) > 20 and part in rows["signing_key"]]


@pytest.mark.parametrize("secret", ["wbs_" + "A" * 43, "a" * 43])
def test_a_secret_is_looked_for_in_every_spelling(secret: str) -> None:
    found = set(spellings(secret))
    assert {secret, secret.encode().hex()} <= found
    assert base64.b64encode(secret.encode()).decode().rstrip("=") in found
    assert len(found) >= 4
