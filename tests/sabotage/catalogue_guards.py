"""What keeps one change of the catalogue from undoing another, taken away."""

import pytest

from modules.product import repository
from modules.product.service import products
from tests.integration.placing.test_catalogue_races import (
    test_of_two_who_change_the_version_that_both_saw_one_is_told_that_there_is_another,
)
from tests.sabotage.guards import Guard, guard, without
from tests.support.shop import Shop

CATALOGUE: list[Guard[Shop]] = []


@guard(
    CATALOGUE,
    "P6",
    "the row lock on products (`FOR NO KEY UPDATE`)",
    test=test_of_two_who_change_the_version_that_both_saw_one_is_told_that_there_is_another,
    red="a change was lost",
)
async def product_lock(_shop: Shop, patch: pytest.MonkeyPatch) -> None:
    """A product is read without being locked before it is changed."""
    patch.setattr(repository, "LOCK_PRODUCTS", without(repository.LOCK_PRODUCTS, "FOR NO KEY UPDATE"))


@guard(
    CATALOGUE,
    "P6",
    "the version that was seen is compared with the one there is",
    test=test_of_two_who_change_the_version_that_both_saw_one_is_told_that_there_is_another,
    red="a change was lost",
)
async def product_version(_shop: Shop, patch: pytest.MonkeyPatch) -> None:
    """Whatever version was seen is taken for the present one."""
    patch.setattr(products, "differs", lambda *_, **__: False)
