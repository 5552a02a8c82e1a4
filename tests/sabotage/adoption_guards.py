"""What lets a subscriber that is new begin behind what was told before, taken away."""

import pytest

from app.bus import Beginning, Consumer
from app.bus.redis import RedisConsumer
from modules.kernel import adoption
from modules.kernel.adoption import PAGE, Adoption
from modules.kernel.database import rows_json, sql
from tests.contract.redis_world import RedisWorld
from tests.contract.test_redis_group import test_a_consumer_reads_nothing_of_a_source_that_it_does_not_follow_yet
from tests.integration.events.mail import Mail
from tests.integration.events.test_adoption import (
    WAITS,
    test_a_subscriber_that_ends_in_the_middle_goes_on_there_and_begins_when_all_is_taken_over,
    test_a_subscriber_that_is_new_handles_what_comes_after_it_and_nothing_before,
    test_nothing_of_a_source_is_handled_before_it_is_known_how_far_that_is_and_others_go_on,
    test_what_comes_after_the_end_is_handled_though_another_process_hears_of_it_in_a_late_page,
)
from tests.sabotage.guards import Guard, guard, without

ADOPTION: list[Guard[Mail]] = []
READING: list[Guard[RedisWorld]] = []

AT_ONCE = "handled before it was known how far it is"
INSERT = sql("""
    INSERT INTO inbox_cursor (source, subject, sequence) SELECT :source, subject, sequence
    FROM json_to_recordset(CAST(:rows AS json)) AS r(subject uuid, sequence int) ON CONFLICT DO NOTHING
""")


@guard(
    ADOPTION,
    "P2",
    "a subscriber that is new begins behind what was told before",
    test=test_a_subscriber_that_is_new_handles_what_comes_after_it_and_nothing_before,
    red=WAITS,
)
async def behind_what_was_told(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """It begins with nothing: what comes about an old order is parked behind events that nobody keeps any more."""

    async def nothing(_adoption: Adoption) -> frozenset[str]:
        return frozenset()

    patch.setattr(Adoption, "missing", nothing)


@guard(
    ADOPTION,
    "P2",
    "nothing of a source is handled before all of it is taken over, in one process",
    test=test_nothing_of_a_source_is_handled_before_it_is_known_how_far_that_is_and_others_go_on,
    red=AT_ONCE,
)
async def handles_later(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """It handles what comes and takes over meanwhile: what came first has a cursor at 0, which is left as it is."""
    patch.setattr(Beginning, "follows", lambda _beginning, _source: True)


@guard(
    READING,
    "P2",
    "nothing of a source is read before all of it is taken over, over Redis",
    test=test_a_consumer_reads_nothing_of_a_source_that_it_does_not_follow_yet,
    red=AT_ONCE,
)
async def reads_later(_world: RedisWorld, patch: pytest.MonkeyPatch) -> None:
    """It reads what there is and takes over meanwhile."""
    patch.setattr(RedisConsumer, "_groups", property(lambda consumer: consumer._all))


@guard(
    ADOPTION,
    "P6",
    "who passes over what comes has not read to the end",
    test=test_nothing_of_a_source_is_handled_before_it_is_known_how_far_that_is_and_others_go_on,
    red="what it passes over would count as lost",
)
async def not_at_the_end(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """It has, as nothing waits for it: everything goes out again and again, each time after a longer pause."""

    async def empty(consumer: Consumer, _source: str) -> bool:
        return consumer._queue.empty()

    patch.setattr(Consumer, "_at_end", empty)


@guard(
    ADOPTION,
    "P2",
    "a source is followed when all of it is taken over",
    test=test_a_subscriber_that_ends_in_the_middle_goes_on_there_and_begins_when_all_is_taken_over,
    red="half of it was taken for all",
)
async def written_last(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """It is written first that it is: who ends in the middle never takes over the rest."""

    async def writes_first(adopting: Adoption, source: str) -> None:
        await adopting._place(source)
        async with adopting._database.single() as writing:
            await writing.execute(adoption.END, source=source)
        after = None
        while page := await adopting._emitters[source](after, PAGE):
            rows = rows_json([{"subject": one.subject, "sequence": one.sequence} for one in page])
            async with adopting._database.single() as writing:
                await writing.execute(INSERT, source=source, rows=rows)
            after = page[-1].subject

    patch.setattr(Adoption, "adopt", writes_first)


@guard(
    ADOPTION,
    "P2",
    "no page is taken over after the end",
    test=test_what_comes_after_the_end_is_handled_though_another_process_hears_of_it_in_a_late_page,
    red="what came after the beginning was passed over",
)
async def nothing_after_the_end(_mail: Mail, patch: pytest.MonkeyPatch) -> None:
    """Each process takes over what it was told, whenever: what is on its way to the first counts as handled."""
    patch.setattr(adoption, "TAKE_OVER", without(adoption.TAKE_OVER, "AND adopted_at IS NULL "))
