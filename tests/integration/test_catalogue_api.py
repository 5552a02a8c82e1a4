"""What customers see of the catalogue, and what quotes tell them."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from modules.product.port import NewProduct
from tests.integration.http_world import SHIP_TO, Api, Server, container_on, databases_of, opened

CATALOGUE, QUOTES = "/api/v1/catalogue", "/api/v1/quotes"
MORE = [
    NewProduct("TEA/GREEN", "Green tea", 500, "EUR", 3),
    NewProduct("TEA/OLD", "Old tea", 1, "EUR", 0),
    NewProduct("MUG", "Mug, to be ordered", 1250, "EUR", 10),
    NewProduct("SOCKS", "Socks", 900, "USD", 5),
]


@pytest.fixture(scope="module")
async def api(postgres: Server) -> AsyncIterator[Api]:
    dsns = databases_of(postgres)
    api = await opened(container_on(dsns))
    await api.container.catalogue().import_products("test", MORE)
    yield api
    await api.close()
    for dsn in dsns.values():
        postgres.drop(dsn)


async def quoted(api: Api, *lines: tuple[str, int], **changes: Any) -> Any:
    body = {"lines": [{"sku": sku, "quantity": quantity} for sku, quantity in lines]} | changes
    return await api.ask("POST", QUOTES, json=body)


def money(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "EUR"}


async def test_the_catalogue_is_read_page_by_page(api: Api) -> None:
    seen, path = [], f"{CATALOGUE}?limit=2"
    while True:
        answer = await api.ask("GET", path)
        told = answer.raise_for_status().json()
        seen += [one["sku"] for one in told["items"]]
        if told["next"] is None:
            break
        assert (
            answer.headers["Link"]
            == f'<{path.partition("&")[0]}&cursor={told["next"].replace("/", "%2F")}>; rel="next"'
        )
        path = f"{CATALOGUE}?limit=2&cursor={told['next']}"
    assert seen == ["GOLD", "MUG", "SOCKS", "TEA", "TEA/GREEN", "TEA/OLD"]
    assert "Link" not in answer.headers


async def test_the_catalogue_is_searched_by_prefix_and_says_what_is_in_stock(api: Api) -> None:
    answer = await api.ask("GET", f"{CATALOGUE}?prefix=TEA/")
    assert answer.json() == {
        "items": [
            {"sku": "TEA/GREEN", "name": "Green tea", "unit_price": money(500), "in_stock": True},
            {"sku": "TEA/OLD", "name": "Old tea", "unit_price": money(1), "in_stock": False},
        ],
        "next": None,
    }


async def test_a_sku_with_a_slash_is_found_as_it_is_written_and_as_it_is_escaped(api: Api) -> None:
    for written in ("TEA/GREEN", "TEA%2FGREEN"):
        answer = await api.ask("GET", f"{CATALOGUE}/{written}")
        assert (answer.status_code, answer.json()["sku"]) == (200, "TEA/GREEN")


@pytest.mark.parametrize("sku", ["NO", "tea", "TEA/", "x" * 5000])
async def test_what_is_not_in_the_catalogue_is_not_found(api: Api, sku: str) -> None:
    answer = await api.ask("GET", f"{CATALOGUE}/{sku}")
    assert (answer.status_code, answer.json()["code"]) == (404, "product.not_found")


async def test_a_quote_says_what_an_order_would_cost_and_holds_nothing(api: Api) -> None:
    answer = await quoted(api, ("TEA/GREEN", 2), ("TEA", 1), ("TEA/GREEN", 1), currency="EUR")
    assert answer.json() == {
        "lines": [
            {
                "sku": "TEA/GREEN",
                "name": "Green tea",
                "quantity": 3,
                "unit_price": money(500),
                "total": money(1500),
                "available": True,
                "available_quantity": 3,
            },
            {
                "sku": "TEA",
                "name": "Tea",
                "quantity": 1,
                "unit_price": money(450),
                "total": money(450),
                "available": True,
                "available_quantity": 10**12,
            },
        ],
        "total": money(1950),
        "available": True,
    }
    (stock,) = await api.container.catalogue().stock(["TEA/GREEN"])
    assert stock.held == 0


async def test_a_quote_over_more_than_there_is_says_which_line_is_short(api: Api) -> None:
    answer = await quoted(api, ("TEA/OLD", 1), ("TEA/GREEN", 3))
    told = answer.json()
    assert (answer.status_code, told["available"], told["total"]) == (200, False, money(1501))
    assert [(line["available"], line["available_quantity"]) for line in told["lines"]] == [(False, 0), (True, 3)]


async def test_more_of_one_thing_than_a_line_may_have_is_quoted_as_it_would_be_ordered(api: Api) -> None:
    answer = await quoted(api, *[("TEA", 1_000_000)] * 3)
    assert answer.json()["total"] == money(450 * 3_000_000)


REFUSED = {
    "product.unknown_sku": {"lines": [("TEA", 1), ("GHOST", 1)]},
    "sales.mixed_currencies": {"lines": [("TEA", 1), ("SOCKS", 1)]},
    "sales.total_too_large": {"lines": [("GOLD", 1_000_000)] * 100},
}


@pytest.mark.parametrize("code", REFUSED)
async def test_a_quote_is_refused_as_the_order_would_be(api: Api, code: str) -> None:
    lines = [{"sku": sku, "quantity": quantity} for sku, quantity in REFUSED[code]["lines"]]
    quote = await api.ask("POST", QUOTES, json={"lines": lines})
    order = await api.ask("POST", "/api/v1/orders", json={"lines": lines, "ship_to": SHIP_TO})
    assert (quote.status_code, quote.json()["code"]) == (order.status_code, order.json()["code"]) == (422, code)
    same = {name: value for name, value in order.json().items() if name != "instance"}
    assert {name: value for name, value in quote.json().items() if name != "instance"} == same


async def test_a_quote_in_another_currency_than_the_prices_is_refused(api: Api) -> None:
    answer = await quoted(api, ("TEA", 1), currency="USD")
    assert (answer.status_code, answer.json()["currencies"]) == (422, ["EUR", "USD"])


async def test_a_quote_is_kept_by_an_order_that_expects_its_total(api: Api) -> None:
    total = (await quoted(api, ("MUG", 2))).json()["total"]
    body = {"lines": [{"sku": "MUG", "quantity": 2}], "ship_to": SHIP_TO, "expected_total": total}
    order = await api.ask("POST", "/api/v1/orders", json=body)
    assert (order.status_code, order.json()["total"]) == (201, total)
