"""What is measured of events: each that took effect once, each that the bus took, each that had to go out again."""

from prometheus_client import REGISTRY

from tests.integration.events.mail import Mail
from tests.integration.events.sending import Sender, pause_is_over
from tests.integration.events.whole import Whole


def counted(name: str, **labels: str) -> float:
    """The value of a series; none is none yet."""
    return REGISTRY.get_sample_value(name, labels) or 0.0


def handled(module: str, source: str) -> float:
    return counted("waybill_events_handled_seconds_count", module=module, source=f"/waybill/{source}")


async def test_an_event_that_took_effect_is_measured_once_however_often_it_comes(whole: Whole) -> None:
    before = handled("delivery", "sales"), handled("product", "sales"), handled("sales", "delivery")
    shipped = counted("waybill_order_to_shipment_seconds_count")
    await whole.stock(BOLT=9)
    await whole.place("k", BOLT=1)
    await whole.come_to_rest()
    await whole.publish_again("sales", 1)
    await whole.come_to_rest()
    after = handled("delivery", "sales"), handled("product", "sales"), handled("sales", "delivery")
    assert [now - then for now, then in zip(after, before, strict=True)] == [1, 1, 1]
    assert counted("waybill_order_to_shipment_seconds_count") == shipped + 1


async def test_an_event_whose_handler_fails_is_measured_when_it_takes_effect(whole: Whole) -> None:
    await whole.stock(BOLT=9)
    whole.break_handler("product", "waybill.order.created.v1")
    before = handled("product", "sales")
    await whole.place("k", BOLT=1)
    await whole.come_to_rest()
    assert handled("product", "sales") == before
    whole.mend("product")
    await whole.try_again("product")
    assert handled("product", "sales") == before + 1


async def test_what_the_bus_takes_is_counted_and_what_it_loses_is_counted_again(mail: Mail) -> None:
    published = counted("waybill_events_published_total", module="sales")
    again = counted("waybill_events_republished_total", module="sales")
    taken = counted("waybill_events_publish_duration_seconds_count", module="sales")
    await mail.record("A1 B1")
    sender = Sender(mail, loses="B1")
    await sender.send()
    assert counted("waybill_events_published_total", module="sales") == published + 2
    assert counted("waybill_events_republished_total", module="sales") == again
    await pause_is_over(mail)
    await sender.turn()
    sender.bus._loses.clear()
    await sender.send()
    assert counted("waybill_events_published_total", module="sales") == published + 3
    assert counted("waybill_events_republished_total", module="sales") == again + 1
    assert counted("waybill_events_publish_duration_seconds_count", module="sales") > taken
