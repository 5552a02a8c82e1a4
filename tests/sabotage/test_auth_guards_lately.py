"""What auth got besides refresh tokens, its guards taken away one by one: assertions, keys, peppers, silence, the cap."""

import inspect
import textwrap
import warnings
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from _pytest.outcomes import Failed
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey

from app.verifier import LocalVerifier
from modules.auth import repository
from modules.auth.model import assertion as asserting
from modules.auth.service import authentication, keyring
from modules.auth.service.authentication import Authentication
from modules.kernel import jws
from modules.kernel.database import ConstraintViolated, Database, sql
from modules.kernel.errors import Contended
from tests.integration import test_auth_assertions as assertions
from tests.integration import test_auth_failures as failures
from tests.integration import test_auth_housekeeping as housekeeping
from tests.integration import test_auth_keys_known as keys_known
from tests.integration import test_auth_peppers as peppers
from tests.integration import test_auth_races as races
from tests.integration.auth_world import AuthWorld, error, winners
from tests.integration.signing import Signer, signer
from tests.sabotage.guards import seen_red, without
from tests.unit import test_jws as jws_tests
from tests.unit import test_verifier as verified


def mutilated(function: Callable[..., Any], piece: str, instead: str) -> Any:
    """The function as it would be if somebody had written a piece of it otherwise."""
    source = textwrap.dedent(inspect.getsource(function))
    assert source.count(piece) == 1, f"{piece!r} is no piece of {function}"
    written: dict[str, Any] = {}
    exec(source.replace(piece, instead), function.__globals__, written)  # noqa: S102  what we wrote, but for a word
    return written[function.__name__]


@pytest.fixture
def world(auth_database: Database) -> AuthWorld:
    return AuthWorld(auth_database)


@pytest.fixture
async def shop(world: AuthWorld) -> Signer:
    return await signer(world)


# an assertion is good once


@seen_red(
    "P5", "an assertion is its attempt's alone", test=assertions.test_an_assertion_is_good_once_whatever_it_was_used_for
)
async def test_without_comparing_attempts_a_replay_is_let_in(shop: Signer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever finds an assertion used takes it for its own repeat."""
    forgetful = without(repository.credentials.SPENT, "WHERE a.attempt = r.attempt")
    monkeypatch.setattr(repository.credentials, "SPENT", forgetful)
    used = shop.assertion()
    assert len(winners([await shop.ask(used) for _ in range(3)])) == 3


@seen_red(
    "P5",
    "the primary key of used assertions, and asking for its conflict",
    test=assertions.test_of_one_assertion_at_once_over_many_connections_one_is_answered,
)
async def test_without_the_key_of_used_assertions_all_replays_at_once_are_let_in(
    world: AuthWorld, shop: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key is dropped, and the insert no longer asks for a conflict."""
    await world.do("ALTER TABLE assertion_jti DROP CONSTRAINT assertion_jti_pkey")
    asks_not = without(repository.credentials.SPEND, "ON CONFLICT (client_id, jti) DO NOTHING")
    monkeypatch.setattr(repository.credentials, "SPEND", asks_not)
    with pytest.raises(AssertionError, match="assert 6 == 1"):
        await assertions.test_of_one_assertion_at_once_over_many_connections_one_is_answered(world, shop)


@seen_red(
    "P3",
    "what an attempt used is looked for in a new statement",
    test=races.test_our_own_repeat_that_comes_before_the_first_try_has_committed_is_no_replay,
)
async def test_in_one_statement_our_own_repeat_is_taken_for_a_replay(
    world: AuthWorld, shop: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Inserting and looking are one statement: it looks in the snapshot from before the wait."""
    spend, spent = repository.credentials.SPEND, repository.credentials.SPENT
    at_once = f"WITH spent AS ({spend}) SELECT attempt FROM spent UNION {spent}"  # noqa: S608  of ours
    monkeypatch.setattr(repository.credentials, "SPEND", sql(at_once))
    monkeypatch.setattr(repository.credentials, "SPENT", without(spent, "a.attempt = r.attempt", "false"))
    with pytest.raises(AssertionError, match="invalid_client"):
        await races.test_our_own_repeat_that_comes_before_the_first_try_has_committed_is_no_replay(world, shop)


@seen_red(
    "P6",
    "a batch is begun anew where a client was deleted",
    test=races.test_a_client_that_is_deleted_meanwhile_takes_no_neighbour_with_it,
)
async def test_without_beginning_anew_a_client_that_is_deleted_fails_its_neighbours(
    world: AuthWorld, shop: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database's refusal is passed on as it is."""
    monkeypatch.setattr(authentication, "OF_A_CLIENT", "none")
    with pytest.raises(ConstraintViolated, match="token_family_client_id_fkey"):
        await races.test_a_client_that_is_deleted_meanwhile_takes_no_neighbour_with_it(world, shop)


@seen_red(
    "P6", "failures are counted in one order", test=failures.test_two_batches_that_fail_alike_at_once_are_both_counted
)
async def test_without_their_order_batches_that_fail_alike_wait_in_a_circle(
    world: AuthWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are written in the order in which they came."""
    monkeypatch.setattr(repository.audit, "FAILED", without(repository.audit.FAILED, "ORDER BY client, address"))
    with pytest.raises(Contended):
        await failures.test_two_batches_that_fail_alike_at_once_are_both_counted(world)


# what proves nothing


@seen_red(
    "P5",
    "a key of nobody proves nothing",
    test=assertions.test_a_client_without_keys_and_one_that_is_unknown_or_disabled_are_refused,
)
async def test_without_looking_whose_key_it_is_the_key_of_nobody_lets_in(
    world: AuthWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever key fits is taken for the client's. No process knows the private part of nobody's; here one does."""
    key = ECKey.generate_key("P-256")
    public = {name: str(key.as_dict(private=False)[name]) for name in ("kty", "crv", "x", "y")}
    nobodys = replace(asserting._NOBODYS["ES256"], jwk=public)
    monkeypatch.setattr(asserting, "_NOBODYS", {**asserting._NOBODYS, "ES256": nobodys})
    plain = Signer(world, await world.client(), key, "ES256")
    assert error(await plain.ask()) == "invalid_client"
    worse = mutilated(asserting.read_assertion, "if key in fitting:", "if key:")
    monkeypatch.setattr(authentication, "read_assertion", worse)
    assert winners([await plain.ask()])


@seen_red(
    "P5", "the list of algorithms that prove anything", test=jws_tests.test_what_proves_nothing_is_never_a_signature
)
def test_without_the_list_of_algorithms_no_signature_is_as_good_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """`none` is an algorithm like any other."""
    monkeypatch.setattr(jws, "ALGORITHMS", jws.ALGORITHMS | {"none"})
    unsigned = jws_tests.compact(b'{"alg": "none"}', b'{"sub": "anyone"}')
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)
        assert jws.read_payload(unsigned, jws_tests.KEY, "none") == {"sub": "anyone"}


# keys, peppers and silence


@seen_red(
    "P5", "a key is published before it signs", test=keys_known.test_no_token_is_refused_whatever_keys_come_and_go
)
async def test_without_publishing_a_key_first_its_tokens_are_refused(
    auth_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key signs as soon as there is one to follow."""
    monkeypatch.setattr(keyring, "PUBLISHED_FIRST", timedelta(0))
    with pytest.raises(AssertionError, match="a token was refused that is not over"):
        await keys_known.test_no_token_is_refused_whatever_keys_come_and_go(auth_database)


@seen_red(
    "P5",
    "a key is published while what it signed lives",
    test=keys_known.test_no_token_is_refused_whatever_keys_come_and_go,
)
async def test_without_retiring_keys_what_they_signed_is_refused(
    auth_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key that no longer signs is gone at once."""
    monkeypatch.setattr(keyring, "REMEMBERED", timedelta(0))
    with pytest.raises(AssertionError, match="a token was refused that is not over"):
        await keys_known.test_no_token_is_refused_whatever_keys_come_and_go(auth_database)


@seen_red(
    "P5",
    "nothing is changed in silence",
    test=verified.test_once_auth_is_silent_for_too_long_tokens_are_good_for_reading_only,
)
async def test_without_counting_the_silence_what_was_revoked_changes_things(monkeypatch: pytest.MonkeyPatch) -> None:
    """For how long auth has said nothing is not looked at."""
    monkeypatch.setattr(LocalVerifier, "silent_for_s", 0.0)
    with pytest.raises(Failed, match="DID NOT RAISE"):
        await verified.test_once_auth_is_silent_for_too_long_tokens_are_good_for_reading_only()


ONLY_RAISED = "AND s.pepper_version < :version"
OLDER, OTHER = "proof.pepper_version < self", "proof.pepper_version != self"


@seen_red(
    "P6",
    "secrets go over to a newer pepper only, asked in the code and in the statement",
    test=peppers.test_two_processes_may_have_both_peppers_for_a_while,
)
async def test_without_asking_which_pepper_is_newer_two_processes_write_a_secret_by_turns(
    world: AuthWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each process keeps what it recognises under the pepper that it uses."""
    monkeypatch.setattr(Authentication, "_notice", mutilated(Authentication._notice, OLDER, OTHER))
    monkeypatch.setattr(repository.credentials, "RENEW", without(repository.credentials.RENEW, ONLY_RAISED))
    with pytest.raises(AssertionError, match=r"assert \[1\] == \[2\]"):
        await peppers.test_two_processes_may_have_both_peppers_for_a_while(world)


async def test_the_statement_alone_keeps_two_processes_from_writing_a_secret_by_turns(
    world: AuthWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Authentication, "_notice", mutilated(Authentication._notice, OLDER, OTHER))
    await peppers.test_two_processes_may_have_both_peppers_for_a_while(world)


async def test_the_code_alone_keeps_two_processes_from_writing_a_secret_by_turns(
    world: AuthWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repository.credentials, "RENEW", without(repository.credentials.RENEW, ONLY_RAISED))
    await peppers.test_two_processes_may_have_both_peppers_for_a_while(world)


@seen_red(
    "P6",
    "the cap on a client's families",
    test=housekeeping.test_of_a_clients_families_those_are_kept_that_were_refreshed_last,
)
async def test_without_the_cap_a_clients_families_grow_without_end(
    auth_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many a client has, they stay until they are over."""
    monkeypatch.setattr(
        repository.pruning, "SURPLUS", without(repository.pruning.SURPLUS, "> :kept)", "> :kept + 10000)")
    )
    with pytest.raises(AssertionError, match="surplus"):
        await housekeeping.test_of_a_clients_families_those_are_kept_that_were_refreshed_last(auth_database)
