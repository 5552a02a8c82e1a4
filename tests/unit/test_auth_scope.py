"""Scopes and audiences: exactly what was asked for, or nothing."""

import pytest

from modules.auth.model.scope import SCOPES, ScopeRefused, TargetRefused, audience_for, client_faults, scopes_for
from modules.auth.port import ClientKind

ALLOWED = ("orders:read", "orders:write", "shipments:read")
CUSTOMER, SERVICE = ClientKind.CUSTOMER, ClientKind.SERVICE


def faults(kind: ClientKind, scopes: list[str], audiences: list[str], name: str = "shop") -> list[tuple[str, str]]:
    return [(fault["pointer"], fault["code"]) for fault in client_faults(name, kind, scopes, audiences)]


def test_without_a_scope_a_client_gets_all_it_has_at_the_audience() -> None:
    assert scopes_for(None, ALLOWED, "sales") == ("orders:read", "orders:write")


def test_the_scopes_asked_for_are_given_in_the_order_asked() -> None:
    assert scopes_for("orders:write orders:read orders:write", ALLOWED, "sales") == ("orders:write", "orders:read")


@pytest.mark.parametrize(
    "requested",
    [
        "orders:delete",
        "orders:read orders:delete",
        "orders:read shipments:read",
        "ORDERS:READ",
        " orders:read",
        "orders:read ",
        "orders:read  orders:write",
        "orders:read\torders:write",
        "orders:read\n",
        'orders:"read"',
        "orders:réad",
        "\x00",
        " ",
        "internal:call",
    ],
)
def test_any_other_scope_is_refused_and_never_narrowed(requested: str) -> None:
    with pytest.raises(ScopeRefused):
        scopes_for(requested, ALLOWED, "sales")


def test_a_client_without_scopes_at_an_audience_gets_nothing_there() -> None:
    with pytest.raises(ScopeRefused):
        scopes_for(None, ALLOWED, "product")


def test_without_a_resource_the_default_audience_counts() -> None:
    assert audience_for(None, ("sales", "delivery"), "sales") == "sales"


def test_a_resource_chooses_among_the_clients_audiences() -> None:
    assert audience_for("urn:waybill:delivery", ("sales", "delivery"), "sales") == "delivery"


@pytest.mark.parametrize(
    "resource",
    ["delivery", "urn:waybill:product", "urn:waybill:", "URN:WAYBILL:SALES", "https://x", "urn:waybill:sales#x", " "],
)
def test_any_other_resource_is_refused(resource: str) -> None:
    with pytest.raises(TargetRefused):
        audience_for(resource, ("sales", "delivery"), "sales")


def test_every_scope_belongs_to_one_audience() -> None:
    listed = [scope for scopes in SCOPES.values() for scope in scopes]
    assert len(listed) == len(set(listed))


def test_a_sensible_client_has_no_faults() -> None:
    assert faults(CUSTOMER, ["orders:read", "stock:write"], ["sales", "product"]) == []


@pytest.mark.parametrize(
    ("scopes", "audiences", "expected"),
    [
        ([], ["sales"], [("/scopes", "missing"), ("/audiences/0", "without_scope")]),
        (["orders:read"], [], [("/audiences", "missing"), ("/scopes/0", "without_audience")]),
        (["orders:eat"], ["sales"], [("/audiences/0", "without_scope"), ("/scopes/0", "unknown")]),
        (["orders:read"], ["sales", "moon"], [("/audiences/1", "unknown")]),
        (["orders:read", "stock:write"], ["sales"], [("/scopes/1", "without_audience")]),
        (["orders:read"], ["sales", "product"], [("/audiences/1", "without_scope")]),
        (["internal:call"], ["sales"], [("/scopes/0", "not_grantable")]),
        (["internal:call"], ["ops"], [("/audiences/0", "without_scope"), ("/scopes/0", "not_grantable")]),
    ],
)
def test_every_fault_of_a_customer_is_named_with_its_place(
    scopes: list[str], audiences: list[str], expected: list[tuple[str, str]]
) -> None:
    assert faults(CUSTOMER, scopes, audiences) == expected


def test_only_a_service_may_call_inside() -> None:
    assert faults(SERVICE, ["internal:call"], ["sales", "product", "delivery", "auth"]) == []


@pytest.mark.parametrize("name", ["", "x" * 201, "a\nb", "\x00"])
def test_a_name_is_short_and_printable(name: str) -> None:
    assert faults(CUSTOMER, ["orders:read"], ["sales"], name) == [("/name", "name")]
