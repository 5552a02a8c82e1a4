"""`waybill event`: how far events are, the whole way of an order, and what was given up on."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

import orjson
import psycopg
import pytest

from modules.kernel.events import cloud_event
from tests.integration.events.letters import SOURCE, Overheard, event
from tests.processes import until
from tests.system.commands import command, refused
from tests.system.parties import Party
from tests.system.running import Running

WAY = ("packed", "dispatched")
NOBODY = "00000000-0000-7000-8000-000000000000"
PARK = """
    INSERT INTO inbox_parked (source, subject, sequence, event, state, attempts, next_at, error)
    VALUES (%s, %s, %s, %s, 'dead', 8, now(), 'ValueError: broken')
"""
BAD_INSTANTS = {
    "a word": "yesterday",
    "without a zone": "2026-01-01T00:00:00",
    "still to come": "2126-01-01T00:00:00Z",
    "no unit": "15",
    "before all time": "999999d",
    "nothing": "",
    "before the first year": "0001-01-01T00:00:00+14:00",
}


def ask(system: Running, *words: object) -> Any:
    return command(*words, "--json", data=system.data).json


def dispatched(system: Running, order: str) -> Any:
    """An order's way, once its parcel has left and everybody knows."""
    steps = ask(system, "event", "trace", order)
    told = [one["what"] for one in steps if one["what"] in {"recorded", "settled"}]
    known = [one for one in steps if one["about"].startswith("confirmed → shipped") or "→ shipped" in one["about"]]
    return steps if known and told.count("recorded") == told.count("settled") else None


@pytest.fixture
def dead(system: Running) -> Iterator[str]:
    """An event that product has given up on; it has nothing to do about it."""
    letter = event("A1", Overheard.TYPE)
    about, id_ = uuid4(), str(uuid4())
    document = orjson.dumps({**cloud_event(letter), "id": id_, "subject": str(about)}).decode()
    dsn = system.run.databases["product"]
    with psycopg.connect(dsn) as product:
        product.execute(PARK, (SOURCE, about, 1, document))
    yield id_
    with psycopg.connect(dsn) as product:
        product.execute("DELETE FROM inbox_parked WHERE subject = %s", (about,))


async def test_the_whole_way_of_an_order_is_told_in_the_order_of_time_through_every_module(
    system: Running, parties: Mapping[str, Party]
) -> None:
    order = (await parties["other_shop"].order(None, TEA=2)).json()["id"]
    (shipment,) = until(lambda: ask(system, "shipment", "list", "--order", order))
    for status in WAY:
        ask(system, "shipment", "advance", shipment["id"], status)

    steps = until(lambda: dispatched(system, order))

    times = [datetime.fromisoformat(one["at"]) for one in steps if one["at"]]
    assert times == sorted(times)
    assert [one["at"] for one in steps][len(times) :] == [None] * (len(steps) - len(times))
    told = {(one["module"], one["what"]) for one in steps}
    assert told >= {
        *((module, what) for module in ("sales", "delivery") for what in ("recorded", "published", "settled")),
        *((module, "handled") for module in ("sales", "delivery", "product")),
        *(("sales", "order"), ("product", "hold"), ("product", "stock"), ("delivery", "parcel")),
    }
    assert [one["about"] for one in steps if one["what"] == "stock"] == ["hold 2 TEA", "ship 2 TEA"]
    published = [one["details"]["stream_id"] for one in steps if one["what"] == "published"]
    assert all(published)
    for_people = command("event", "trace", order, data=system.data)
    assert (for_people.code, "ship 2 TEA" in for_people.out, "by now" in for_people.out) == (0, True, True)


async def test_an_event_is_shown_with_what_each_who_follows_has_made_of_it(
    system: Running, parties: Mapping[str, Party]
) -> None:
    order = (await parties["other_shop"].order(None, TEA=1)).json()["id"]
    steps = ask(system, "event", "trace", order)
    created = next(one["details"]["event_id"] for one in steps if one["what"] == "recorded")

    shown = until(lambda: _settled(system, created))

    assert (shown["emitter"], shown["event"]["document"]["subject"]) == ("sales", order)
    assert {module: one["state"] for module, one in shown["subscribers"].items()} == {
        "delivery": "handled",
        "product": "handled",
    }
    for_people = command("event", "show", created, data=system.data)
    assert (for_people.code, "waybill.order.created.v1" in for_people.out) == (0, True)


def _settled(system: Running, event_id: str) -> Any:
    shown = ask(system, "event", "show", event_id)
    return shown if shown["event"]["state"] == "settled" else None


@pytest.mark.usefixtures("parties")
def test_what_there_is_not_is_refused_with_a_sentence(system: Running) -> None:
    assert "heard of an order" in refused("event", "trace", NOBODY, data=system.data)
    assert "no event" in refused("event", "show", NOBODY, data=system.data)
    for words in (("show",), ("replay",), ("discard", "--reason", "Because.")):
        said = refused("event", "dead", words[0], "product", NOBODY, *words[1:], data=system.data)
        assert said == f"product has not given up on event {NOBODY}."


@pytest.mark.usefixtures("parties")
def test_how_far_events_are_is_told_of_every_module(system: Running) -> None:
    found = ask(system, "event", "lag")
    assert [one["module"] for one in found["modules"]] == ["sales", "delivery", "product"]
    assert (found["groups"], found["trouble"]) == ([], None)  # there is no Redis between them
    assert "to publish" in command("event", "lag", data=system.data).out


@pytest.mark.usefixtures("parties")
def test_a_module_that_does_not_follow_another_yet_is_named(system: Running) -> None:
    with psycopg.connect(system.run.databases["product"], autocommit=True) as product:
        product.execute("UPDATE inbox_source SET adopted_at = NULL WHERE source = %s", [SOURCE])
        found = ask(system, "event", "lag")
        said = command("event", "lag", data=system.data).out
        product.execute("UPDATE inbox_source SET adopted_at = now()")
    assert {one["module"]: one["ahead"] for one in found["modules"]} == {
        "sales": [],
        "delivery": [],
        "product": [SOURCE],
    }
    assert f"product does not follow {SOURCE} yet" in said


@pytest.mark.usefixtures("parties")
def test_a_dead_letter_is_listed_shown_and_counted(system: Running, dead: str) -> None:
    (listed,) = [one for one in ask(system, "event", "dead", "list") if one["letter"]["event_id"] == dead]
    assert (listed["module"], listed["letter"]["error"]) == ("product", "ValueError: broken")
    assert ask(system, "event", "dead", "list", "--module", "sales") == []
    shown = ask(system, "event", "dead", "show", "product", dead)
    assert (shown["letter"], shown["event"]["id"]) == (listed["letter"], dead)
    assert dead in command("event", "dead", "list", data=system.data).out.replace("\n", "")
    assert "broken" in command("event", "dead", "show", "product", dead, data=system.data).out
    lag = {one["module"]: one["dead"] for one in ask(system, "event", "lag")["modules"]}
    assert lag["product"] == 1


@pytest.mark.usefixtures("parties")
def test_a_dead_letter_that_is_replayed_is_tried_again_by_the_running_system(system: Running, dead: str) -> None:
    said = command("event", "dead", "replay", "product", dead, data=system.data)
    assert (said.code, said.out) == (0, f"product tries event {dead} again.\n")
    until(lambda: _is_gone(system, dead))


def _is_gone(system: Running, event_id: str) -> bool:
    with psycopg.connect(system.run.databases["product"]) as product:
        rows = product.execute("SELECT FROM inbox_parked WHERE event->>'id' = %s", (event_id,)).fetchall()
    return not rows


@pytest.mark.usefixtures("parties")
def test_a_dead_letter_that_is_discarded_is_gone_and_it_is_written_down_who_did_it_and_why(
    system: Running, dead: str
) -> None:
    letter = ask(system, "event", "dead", "discard", "product", dead, "--reason", "A test.")
    assert (letter["event_id"], _is_gone(system, dead)) == (dead, True)
    with psycopg.connect(system.run.databases["product"]) as product:
        noted = product.execute(
            "SELECT actor, action, details->>'reason', details->'event'->>'id' FROM audit WHERE subject = %s",
            (letter["subject"],),
        ).fetchall()
    assert [row[1:] for row in noted] == [("discard_dead_letter", "A test.", dead)]
    assert noted[0][0].startswith("cli")


async def test_events_since_then_are_told_again_and_change_nothing(
    system: Running, parties: Mapping[str, Party]
) -> None:
    order = (await parties["other_shop"].order(None, TEA=1)).json()["id"]
    (shipment,) = until(lambda: ask(system, "shipment", "list", "--order", order))
    told = ask(system, "event", "republish", "--since", "1h")
    assert told["events"]["sales"] >= 1
    assert told["events"].keys() == {"sales", "delivery"}
    until(lambda: _at_rest(system))
    assert [one["id"] for one in ask(system, "shipment", "list", "--order", order)] == [shipment["id"]]
    assert "Told again since" in command("event", "republish", "--since", "2026-01-01T00:00:00Z", data=system.data).out


def _at_rest(system: Running) -> bool:
    return not any(one["recorded"] + one["published"] for one in ask(system, "event", "lag")["modules"])


@pytest.mark.usefixtures("parties")
@pytest.mark.parametrize("what", BAD_INSTANTS)
def test_an_instant_that_is_none_is_refused_with_a_sentence_and_nothing_is_told(what: str, system: Running) -> None:
    said = command("event", "republish", "--since", BAD_INSTANTS[what], data=system.data)
    assert (said.code, said.out) == (2, "")
    assert "--since" in said.err
