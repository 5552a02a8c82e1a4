"""What brings modules together after one of them was put back to an earlier time, taken away."""

import pytest

from modules.kernel import outbox
from modules.kernel.database import Database
from modules.kernel.mailroom import statements
from tests.integration.events import test_restored as restored
from tests.integration.events.whole import Whole
from tests.sabotage.guards import seen_red, without
from tests.support.shop_fixture import Server


@seen_red(
    "P2",
    "events are kept after they are settled, and told again on demand",
    test=restored.test_a_delivery_that_forgot_orders_opens_their_shipments_again_and_goes_on_with_them,
    red="has no shipment",
)
async def test_without_telling_again_an_order_that_delivery_forgot_has_no_shipment(
    sales_database: Database,
    delivery_database: Database,
    product_database: Database,
    postgres: Server,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neither `event republish` nor `doctor --repair` finds an event that is settled."""
    again = without(outbox.TELL_AGAIN, "subject = ANY(:subjects)", "subject = ANY(:subjects) AND state <> 'settled'")
    monkeypatch.setattr(outbox, "TELL_AGAIN", again)
    republish = without(statements.REPUBLISH, "recorded_at >= :since", "recorded_at >= :since AND state <> 'settled'")
    monkeypatch.setattr(statements, "REPUBLISH", republish)
    own = Whole({"sales": sales_database, "delivery": delivery_database, "product": product_database})
    with pytest.raises(AssertionError, match="has no shipment"):
        await restored.test_a_delivery_that_forgot_orders_opens_their_shipments_again_and_goes_on_with_them(
            own, postgres
        )
