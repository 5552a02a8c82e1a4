"""What went wrong is found and mended: events that were lost are told again, counters counted anew."""

from collections.abc import Sequence

from app.doctor.invariants import Facts, Finding, judge
from app.doctor.repair import Repair
from modules.kernel.ids import OrderId
from tests.integration.events.whole import MANY, Whole

LOST = "UPDATE outbox SET state = 'settled', settled_at = now() WHERE state <> 'settled'"
"""Events are taken for handled that nobody has handled."""


async def findings(whole: Whole) -> Sequence[Finding]:
    return judge(
        Facts(
            await whole.container.orders().facts(None, MANY),
            await whole.container.delivery().facts(None, MANY),
            await whole.container.catalogue().facts(None, MANY),
            await whole.container.catalogue().verify_stock(),
        )
    )


async def faults(whole: Whole) -> list[str]:
    return [fault for finding in await findings(whole) for fault in finding.faults]


async def mended(whole: Whole) -> Sequence[str]:
    repair = Repair("maria", whole.container.orders(), whole.container.delivery(), whole.container.catalogue())
    done = await repair.mend(await findings(whole))
    await whole.come_to_rest()
    return done


async def placed(whole: Whole) -> OrderId:
    await whole.stock(BOLT=5)
    return await whole.place("k", BOLT=2)


async def test_an_order_of_which_nobody_heard_gets_its_shipment(whole: Whole) -> None:
    order_id = await placed(whole)
    await whole.do("sales", LOST)
    await whole.come_to_rest()
    (fault,) = await faults(whole)
    assert fault == f"order {order_id} (placed) has no shipment"
    assert await mended(whole) == ["sales tells again what became of the order: 1 events of 1 orders"]
    assert await faults(whole) == []
    assert await whole.status(order_id) == "confirmed"


async def test_an_order_that_did_not_hear_of_its_parcel_catches_up_and_stock_leaves_once(whole: Whole) -> None:
    order_id = await placed(whole)
    await whole.come_to_rest()
    await whole.report(order_id, "packed", "dispatched")
    await whole.do("delivery", LOST)
    await whole.come_to_rest()
    assert any("sales knows the parcels" in fault for fault in await faults(whole))
    assert any("which still needs {}" in fault for fault in await faults(whole))
    assert len(await mended(whole)) == 2
    assert await faults(whole) == []
    assert await whole.status(order_id) == "shipped"
    assert await whole.rows("product", "SELECT on_hand, held FROM stock") == [(3, 0)]


async def test_what_is_told_again_though_nobody_missed_it_changes_nothing(whole: Whole) -> None:
    order_id = await placed(whole)
    await whole.come_to_rest()
    await whole.report(order_id, "packed", "dispatched", "in_transit", "delivered")
    await whole.come_to_rest()
    before = [await whole.rows(module, "SELECT * FROM inbox_cursor ORDER BY 1, 2") for module in whole.databases]
    assert await whole.container.orders().tell_again("maria", [order_id]) == 1
    assert await whole.container.delivery().tell_again("maria", [order_id]) == 5
    await whole.come_to_rest()
    assert await whole.unsettled() == 0
    assert before == [
        await whole.rows(module, "SELECT * FROM inbox_cursor ORDER BY 1, 2") for module in whole.databases
    ]
    assert await faults(whole) == []
    assert await whole.rows("product", "SELECT on_hand, held FROM stock") == [(3, 0)]


async def test_a_counter_that_is_off_is_counted_anew(whole: Whole) -> None:
    await placed(whole)
    await whole.come_to_rest()
    await whole.do("product", "UPDATE stock SET on_hand = 7, held = 3")
    assert len(await faults(whole)) == 3
    assert await mended(whole) == ["product counts anew what movements add up to: 1 of 1 SKUs were changed"]
    assert await faults(whole) == []


async def test_what_cannot_be_mended_without_risk_is_left_and_named(whole: Whole) -> None:
    order_id = await placed(whole)
    await whole.come_to_rest()
    await whole.do("sales", "DELETE FROM hold_decision")
    assert await mended(whole) == []
    assert [fault for fault in await faults(whole) if str(order_id) in fault]
