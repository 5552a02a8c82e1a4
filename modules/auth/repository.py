"""Every SQL statement of auth. Those on the way to a token take a batch: one statement, however many requests."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from modules.auth.model.key import SealedKey
from modules.auth.model.secret import StoredSecret
from modules.auth.model.token import Issue, KnownClient, PresentedToken
from modules.auth.port import ClientKind
from modules.kernel.database import Transaction, rows_json, sql

NOTICE_EVERY = timedelta(minutes=1)

CLIENTS = sql("""
    SELECT c.id, c.kind, c.scopes, c.audiences, c.generation, c.disabled_at IS NOT NULL AS disabled,
        s.id AS secret_id, s.digest, s.pepper_version,
        s.last_used_at IS NULL OR s.last_used_at < :noticed_before AS unnoticed
    FROM client c LEFT JOIN client_secret s ON s.client_id = c.id AND s.retired_at IS NULL
    WHERE c.id = ANY(:ids) ORDER BY s.slot
""")

PRESENTED = sql("""
    SELECT r.digest, r.consumed_by, f.id AS family, f.client_id, f.generation, f.scopes, f.audience, f.expires_at,
        f.revoked_at IS NOT NULL AS revoked
    FROM refresh_token r JOIN token_family f ON f.id = r.family_id WHERE r.digest = ANY(CAST(:digests AS bytea[]))
""")

_ISSUES = """
    json_to_recordset(CAST(:rows AS json)) AS r(attempt uuid, family uuid, client uuid, generation int, scopes text[],
        audience text, family_expires_at timestamptz, digest text, jti uuid, access_expires_at timestamptz, spends text)
"""

# Doing nothing on conflict is what makes a repeat after a lost COMMIT answer harmless.
FOUND = sql(f"""
    WITH new AS (SELECT * FROM {_ISSUES}),
    founded AS (
        INSERT INTO token_family (id, client_id, generation, scopes, audience, created_at, expires_at)
        SELECT family, client, generation, scopes, audience, :now, family_expires_at FROM new
        ON CONFLICT (id) DO NOTHING)
    INSERT INTO refresh_token (digest, family_id, issued_at, access_jti, access_expires_at)
    SELECT decode(digest, 'hex'), family, :now, jti, access_expires_at FROM new
    ON CONFLICT (digest) DO NOTHING
""")  # noqa: S608  put together from constants

# One winner: whoever comes second waits for the family's lock, then finds the token consumed. All families that this
# transaction will touch are locked here, in the order of their ids, so that batches don't lock each other out.
ROTATE = sql(f"""
    WITH asked AS (SELECT * FROM {_ISSUES}),
    living AS (
        SELECT f.id FROM token_family f
        WHERE f.id = ANY(:families) AND f.revoked_at IS NULL AND f.expires_at > :now
        ORDER BY f.id FOR NO KEY UPDATE),
    spent AS (
        UPDATE refresh_token t SET consumed_at = :now, consumed_by = asked.attempt
        FROM asked JOIN living ON living.id = asked.family
        WHERE t.digest = decode(asked.spends, 'hex') AND t.family_id = living.id AND t.consumed_at IS NULL
        RETURNING asked.attempt),
    successor AS (
        INSERT INTO refresh_token (digest, family_id, issued_at, access_jti, access_expires_at)
        SELECT decode(digest, 'hex'), family, :now, jti, access_expires_at FROM asked JOIN spent USING (attempt))
    SELECT attempt FROM spent
""")  # noqa: S608  put together from constants

# The families are locked first, then the counter: always in this order.
REVOKE_FAMILIES = sql("""
    WITH doomed AS (
        SELECT id FROM token_family WHERE id = ANY(:families) AND revoked_at IS NULL ORDER BY id FOR NO KEY UPDATE),
    revoked AS (
        UPDATE token_family f SET revoked_at = :now, reason = :reason FROM doomed WHERE f.id = doomed.id
        RETURNING f.id),
    counter AS (
        INSERT INTO revocation_counter AS c (id, last)
        SELECT true, n FROM (SELECT count(*) AS n FROM revoked) AS counted WHERE n > 0
        ON CONFLICT (id) DO UPDATE SET last = c.last + excluded.last
        RETURNING last)
    INSERT INTO revocation (sequence, family_id, at, until)
    SELECT counter.last + 1 - row_number() OVER (ORDER BY revoked.id DESC), revoked.id, :now, :until
    FROM revoked CROSS JOIN counter
""")

FAMILY = sql("SELECT revoked_at IS NOT NULL AS revoked, expires_at FROM token_family WHERE id = :family")

# A family is of no use to anyone once it is over: its access tokens live far shorter. Its refresh tokens go with it.
PRUNE_FAMILIES = sql("""
    DELETE FROM token_family WHERE id IN (
        SELECT id FROM token_family WHERE expires_at < :before ORDER BY expires_at LIMIT :limit FOR UPDATE SKIP LOCKED)
""")

# Of a chain of refreshes only what may still come back is kept: a used token is a thief's for as long as its family lives,
# so links go with their family and not before.
PRUNE_REVOCATIONS = sql("""
    DELETE FROM revocation WHERE sequence IN (
        SELECT sequence FROM revocation WHERE until < :before ORDER BY until LIMIT :limit FOR UPDATE SKIP LOCKED)
""")

PRUNE_SECRETS = sql("""
    DELETE FROM client_secret WHERE id IN (
        SELECT id FROM client_secret WHERE retired_at < :before ORDER BY retired_at LIMIT :limit FOR UPDATE SKIP LOCKED)
""")

REVOCATIONS = sql("""
    SELECT sequence, family_id, client_id, generation, until FROM revocation
    WHERE sequence > :after ORDER BY sequence LIMIT :limit
""")

# A row that someone else is just noting is left to them.
NOTICE = sql("""
    UPDATE client_secret SET last_used_at = :now WHERE id IN (
        SELECT id FROM client_secret WHERE id = ANY(:ids) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED)
""")

ADD_CLIENT = sql("""
    INSERT INTO client (id, name, kind, scopes, audiences, created_at, created_by)
    VALUES (:id, :name, :kind, :scopes, :audiences, :now, :actor)
""")

ADD_SECRET = sql("""
    INSERT INTO client_secret (id, client_id, slot, digest, pepper_version, created_at)
    VALUES (:id, :client_id, :slot, :digest, :pepper_version, :now)
""")

# A service of ours is the same client in every installation. What it may do follows the release, who disabled it is heeded.
ADMIT = sql("""
    INSERT INTO client (id, name, kind, scopes, audiences, created_at, created_by)
    VALUES (:id, :name, 'service', :scopes, :audiences, :now, 'waybill')
    ON CONFLICT (id) DO UPDATE SET scopes = excluded.scopes, audiences = excluded.audiences
""")

LOCK_CLIENT = sql("""
    SELECT id, name, kind, scopes, audiences, created_at, created_by, disabled_at, generation FROM client
    WHERE id = :id FOR NO KEY UPDATE
""")

SECRETS = sql("""
    SELECT id, slot, digest, created_at, last_used_at, retired_at FROM client_secret WHERE client_id = :client_id
    ORDER BY created_at DESC, id DESC
""")

# The client's row is locked, then the counter: always in this order. Tokens that are issued meanwhile have the old generation.
RAISE_GENERATION = sql("""
    WITH raised AS (
        UPDATE client SET generation = generation + 1, disabled_at = :now WHERE id = :id RETURNING id, generation),
    counter AS (
        INSERT INTO revocation_counter AS c (id, last) VALUES (true, 1)
        ON CONFLICT (id) DO UPDATE SET last = c.last + 1
        RETURNING last)
    INSERT INTO revocation (sequence, client_id, generation, at, until)
    SELECT counter.last, raised.id, raised.generation, :now, :until FROM raised CROSS JOIN counter
""")

NOTE = sql("""
    INSERT INTO audit (at, actor, action, client_id, secret_id) VALUES (:now, :actor, :action, :client_id, :secret_id)
""")

ENABLE = sql("UPDATE client SET disabled_at = NULL WHERE id = :id")

RETIRE = sql("UPDATE client_secret SET retired_at = :now WHERE id = :id AND retired_at IS NULL")

# The one before it stays good until the next change: not every process is told at the same moment.
RETIRE_SECOND = sql("""
    UPDATE client_secret SET retired_at = :now WHERE client_id = :client_id AND slot = 2 AND retired_at IS NULL
""")
MAKE_SECOND = sql("UPDATE client_secret SET slot = 2 WHERE client_id = :client_id AND slot = 1 AND retired_at IS NULL")

LIST_CLIENTS = sql("""
    SELECT id, name, kind, scopes, audiences, created_at, created_by, disabled_at FROM client
    WHERE id > :after ORDER BY id LIMIT :limit
""")

# Of two processes that start at once one is refused by `signing_key_one_active`; both then read the same key.
ADD_ACTIVE_KEY = sql("""
    INSERT INTO signing_key (kid, state, x, y, private_sealed, created_at, activated_at)
    SELECT :kid, 'active', :x, :y, :private_sealed, :now, :now
    WHERE NOT EXISTS (SELECT FROM signing_key WHERE state = 'active')
    ON CONFLICT DO NOTHING
""")

KEYS = sql("SELECT kid, state, x, y, private_sealed FROM signing_key WHERE state <> 'gone' ORDER BY created_at, kid")


async def clients(reading: Transaction, ids: Sequence[UUID], now: datetime) -> dict[UUID, KnownClient]:
    """The clients of these ids that exist, with what recognises their live secrets."""
    found: dict[UUID, list[Any]] = {}
    for row in await reading.fetch(CLIENTS, ids=list(ids), noticed_before=now - NOTICE_EVERY):
        found.setdefault(row.id, []).append(row)
    return {id_: _client(rows) for id_, rows in found.items()}


def _client(rows: Sequence[Any]) -> KnownClient:
    first = rows[0]
    live = [row for row in rows if row.secret_id is not None]
    return KnownClient(
        id=first.id,
        kind=ClientKind(first.kind),
        scopes=tuple(first.scopes),
        audiences=tuple(first.audiences),
        generation=first.generation,
        disabled=first.disabled,
        secrets=tuple(StoredSecret(row.secret_id, row.digest, row.pepper_version) for row in live),
        unnoticed=frozenset(row.secret_id for row in live if row.unnoticed),
    )


async def presented(reading: Transaction, digests: Sequence[bytes]) -> dict[bytes, PresentedToken]:
    """The refresh tokens of these digests that were ever issued."""
    rows = await reading.fetch(PRESENTED, digests=list(digests)) if digests else ()
    return {
        row.digest: PresentedToken(
            digest=row.digest,
            consumed_by=row.consumed_by,
            family=row.family,
            client_id=row.client_id,
            generation=row.generation,
            scopes=tuple(row.scopes),
            audience=row.audience,
            expires_at=row.expires_at,
            revoked=row.revoked,
        )
        for row in rows
    }


async def found_families(transaction: Transaction, issues: Sequence[Issue], now: datetime) -> None:
    """Store families that begin, each with its first refresh token. A repeat changes nothing."""
    await transaction.execute(FOUND, rows=rows_json([issue.row() for issue in issues]), now=now)


async def rotate(
    transaction: Transaction, issues: Sequence[Issue], doomed: Collection[UUID], now: datetime
) -> frozenset[UUID]:
    """Exchange refresh tokens for their successors; answers the attempts that succeeded.

    A token is exchanged once, in a family that is neither revoked nor over. `doomed` are families that this
    transaction will revoke: they are locked together with those of the tokens.
    """
    families = {issue.family for issue in issues} | set(doomed)
    rows = await transaction.fetch(
        ROTATE, rows=rows_json([issue.row() for issue in issues]), families=list(families), now=now
    )
    return frozenset(row.attempt for row in rows)


async def revoke_families(
    transaction: Transaction, families: Sequence[UUID], reason: str, now: datetime, until: datetime
) -> int:
    """Revoke families and tell the verifiers; answers how many were not revoked before.

    `until` is when the last of their access tokens is over.
    """
    values: Mapping[str, Any] = {"families": list(families), "reason": reason, "now": now, "until": until}
    return await transaction.execute(REVOKE_FAMILIES, **values)


async def prune(transaction: Transaction, now: datetime, retired_before: datetime, limit: int) -> int:
    """Delete what is over, at most `limit` rows of a kind; answers how many. Two at once share the work."""
    families = await transaction.execute(PRUNE_FAMILIES, before=now, limit=limit)
    revocations = await transaction.execute(PRUNE_REVOCATIONS, before=now, limit=limit)
    return families + revocations + await transaction.execute(PRUNE_SECRETS, before=retired_before, limit=limit)


async def family(reading: Transaction, id_: UUID) -> Any:
    """Whether a family is revoked; `None` where there is none of that id (any more)."""
    rows = await reading.fetch(FAMILY, family=id_)
    return rows[0] if rows else None


async def revocations(reading: Transaction, after: int, limit: int) -> Sequence[Any]:
    """What was revoked since `after`, in order."""
    return await reading.fetch(REVOCATIONS, after=after, limit=limit)


async def notice(transaction: Transaction, secrets: Sequence[UUID], now: datetime) -> None:
    """Note that these secrets were used."""
    await transaction.execute(NOTICE, ids=list(secrets), now=now)


async def add_client(transaction: Transaction, **values: Any) -> None:
    """Store a client."""
    await transaction.execute(ADD_CLIENT, **values)


async def add_secret(transaction: Transaction, **values: Any) -> None:
    """Store what recognises a secret.

    Raises:
        ConstraintViolated: `client_secret_two_live`: the slot has a live one.
    """
    await transaction.execute(ADD_SECRET, **values)


async def admit(transaction: Transaction, **values: Any) -> None:
    """Store a service of ours, or what it may do by now; its row is locked."""
    await transaction.execute(ADMIT, **values)


async def lock_client(transaction: Transaction, id_: UUID) -> Any:
    """A client's row, locked; `None` where there is none of that id."""
    rows = await transaction.fetch(LOCK_CLIENT, id=id_)
    return rows[0] if rows else None


async def secrets(reading: Transaction, client_id: UUID) -> Sequence[Any]:
    """A client's secrets, the newest first, retired ones included."""
    return await reading.fetch(SECRETS, client_id=client_id)


async def disable(transaction: Transaction, id_: UUID, now: datetime, until: datetime) -> None:
    """Disable a client whose row is locked, raise its generation, and tell the verifiers."""
    await transaction.execute(RAISE_GENERATION, id=id_, now=now, until=until)


async def enable(transaction: Transaction, id_: UUID) -> None:
    """Let a client sign in."""
    await transaction.execute(ENABLE, id=id_)


async def note(
    transaction: Transaction, actor: str, action: str, client_id: UUID, now: datetime, secret_id: UUID | None = None
) -> None:
    """Write down who did what to a client."""
    await transaction.execute(NOTE, actor=actor, action=action, client_id=client_id, now=now, secret_id=secret_id)


async def retire(transaction: Transaction, id_: UUID, now: datetime) -> None:
    """Retire a secret."""
    await transaction.execute(RETIRE, id=id_, now=now)


async def make_room(transaction: Transaction, client_id: UUID, now: datetime) -> None:
    """Have a client's first slot be free: what was there goes to the second, what was there is retired."""
    await transaction.execute(RETIRE_SECOND, client_id=client_id, now=now)
    await transaction.execute(MAKE_SECOND, client_id=client_id)


async def list_clients(reading: Transaction, after: UUID, limit: int) -> Sequence[Any]:
    """Clients by age."""
    return await reading.fetch(LIST_CLIENTS, after=after, limit=limit)


async def add_active_key(transaction: Transaction, key: SealedKey, now: datetime) -> bool:
    """Store the key that signs, unless there is one; answers whether it was stored."""
    return bool(
        await transaction.execute(
            ADD_ACTIVE_KEY, kid=key.kid, x=key.x, y=key.y, private_sealed=key.private_sealed, now=now
        )
    )


async def keys(reading: Transaction) -> Sequence[tuple[str, SealedKey]]:
    """Every key that verifiers may meet, each with its state, the oldest first."""
    return [(row.state, SealedKey(row.kid, row.x, row.y, row.private_sealed)) for row in await reading.fetch(KEYS)]
