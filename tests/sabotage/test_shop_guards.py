"""Each guard of placing, holding, settling and the catalogue: with it the promise holds, without it the promise's test is red."""

import pytest

from tests.sabotage.catalogue_guards import CATALOGUE
from tests.sabotage.guards import Guard, breaks, keeps
from tests.sabotage.hold_guards import HOLDS
from tests.sabotage.lock_guards import LOCKS
from tests.sabotage.order_guards import ORDERS
from tests.sabotage.order_keys import KEYS
from tests.sabotage.shortage_guards import SHORTAGE
from tests.sabotage.stock_guards import STOCK
from tests.support.oracle import check
from tests.support.shop import Shop

SOME = [*STOCK, *SHORTAGE, *CATALOGUE, *LOCKS, *ORDERS, *KEYS]
some_guards = pytest.mark.parametrize("promised", SOME, ids=str)  # all else is green in its own suite
every_guard = pytest.mark.parametrize("promised", [*SOME, *HOLDS], ids=str)


@some_guards
async def test_with_its_guard_a_promise_holds(
    promised: Guard[Shop], unchecked_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await keeps(promised, unchecked_shop, check, monkeypatch)


@every_guard
async def test_without_its_guard_a_promise_is_seen_broken(
    promised: Guard[Shop], unchecked_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await breaks(promised, unchecked_shop, check, monkeypatch)
