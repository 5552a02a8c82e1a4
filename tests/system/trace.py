"""The recorded trace: what customers, a warehouse and a cataloguer ask of all four services, one after the other."""

from collections.abc import Sequence

from modules.kernel.principal import INTERNAL_SCOPE
from tests.system.bad import NOWHERE
from tests.system.trace_call import Call, get, is_refused, token
from tests.system.trace_cancelled import CANCELLED
from tests.system.trace_catalogue import CHANGED
from tests.system.trace_goods import BOUGHT, SHIPPED, STOCK
from tests.system.trace_orders import ORDERS, PLACED, READ
from tests.system.trace_split import SPLIT

RIGHTS = {
    "shop": ("sales", "orders:read orders:write"),
    "other_shop": ("sales", "orders:read orders:write"),
    "reader": ("sales", "orders:read"),
    "writer": ("sales", "orders:write"),
    "warehouse": ("delivery", "shipments:read shipments:write"),
    "watcher": ("delivery", "shipments:read"),
    "cataloguer": ("product", "catalogue:read catalogue:write stock:write"),
    "browser": ("product", "catalogue:read"),
    "service": ("product", INTERNAL_SCOPE),
}
"""Who there is: the audience and the scopes of each."""


TOKENS: Sequence[Call] = (
    token("a token for Basic credentials"),
    token("a token for credentials in the form", None, client_id="{shop_id}", client_secret="{shop_secret}"),
    token("a token with less scope", scope="orders:read", keeps={"narrow": "access_token"}),
    token("a token with more scope than the client has", scope="orders:read stock:write"),
    token("a token for the client's resource", resource="urn:waybill:sales"),
    token("a token for another's resource", resource="urn:waybill:product"),
    token("a token for a wrong secret", None, client_id="{shop_id}", client_secret="wrong"),
    token("a token for nobody", None, client_id=NOWHERE, client_secret="wrong"),
    token("a token without credentials", None),
    token("a token with two ways to authenticate", client_id="{shop_id}", client_secret="{shop_secret}"),
    token("a token by password", grant_type="password"),
    Call("a token asked for in JSON", "auth", "POST /auth/token", json={"grant_type": "client_credentials"}),
    get("a token by GET", "auth", "/auth/token"),
    get("the keys", "auth", "/.well-known/jwks.json"),
    get("the description of the token service", "auth", "/.well-known/oauth-authorization-server"),
    get("revocations, for nobody", "auth", "/auth/revocations?after=0"),
    get("revocations, for a customer", "auth", "/auth/revocations?after=0", "shop"),
    get("the contract of auth", "auth", "/internal/auth/contract"),
)

ENDED: Sequence[Call] = (
    token("a token that will be revoked", keeps={"mine": "access_token", "refresh": "refresh_token"}),
    get("orders with it", "sales", f"{ORDERS}?limit=1", "mine"),
    token(
        "a refresh",
        grant_type="refresh_token",
        refresh_token="{refresh}",
        keeps={"fresh": "access_token", "next": "refresh_token"},
    ),
    get("orders with what it gave", "sales", f"{ORDERS}?limit=1", "fresh"),
    token("a refresh by another client", "other_shop", grant_type="refresh_token", refresh_token="{next}"),
    token("a refresh that asks for more", grant_type="refresh_token", refresh_token="{next}", scope="stock:write"),
    token("the first refresh again, which ends the family", grant_type="refresh_token", refresh_token="{refresh}"),
    token("a refresh of the ended family", grant_type="refresh_token", refresh_token="{next}"),
    token("a refresh with nonsense", grant_type="refresh_token", refresh_token="nonsense"),
    get("orders with what was revoked", "sales", f"{ORDERS}?limit=1", "fresh", until=is_refused),
    get("orders with another token of the client", "sales", f"{ORDERS}?limit=1", "shop"),
)

TRACE: Sequence[Call] = (
    *TOKENS,
    *PLACED,
    *READ,
    *BOUGHT,
    *CHANGED,
    *SHIPPED,
    *SPLIT,
    *STOCK,
    *CANCELLED,
    *ENDED,
)
