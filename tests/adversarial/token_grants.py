"""The token endpoint: grants, scopes, resources, and refresh tokens."""

from tests.adversarial.row import FORM, GRANT, OTHER, Row, token_form

CHAPTER = "A grant"
TITLE = "Grants, scopes, resources, refresh tokens"
TYPE = "RFC 6749, 5.2: unsupported_grant_type"
SCOPE = "RFC 6749, 3.3"
INVALID_SCOPE = "RFC 6749, 5.2: invalid_scope"
TARGET = "RFC 8707, 2"
REFRESH = "RFC 6749, 6"
INVALID_GRANT = "RFC 6749, 5.2: invalid_grant"
REUSE = "RFC 9700, 4.14.2: a refresh token that comes back ends the grant"
RETURNED = "Authorization: Basic {<returned>:<returned secret>}"
WIDE = "Authorization: Basic {<wide>:<wide secret>}"


def _type(name: str, grant_type: str, source: str = TYPE) -> Row:
    return token_form(name, source, f"grant_type={grant_type}", 400, "unsupported_grant_type")


def _scope(name: str, scope: str, source: str = INVALID_SCOPE) -> Row:
    return token_form(name, source, f"{GRANT}&scope={scope}", 400, "invalid_scope")


def _target(name: str, resource: str, source: str = TARGET) -> Row:
    return token_form(name, source, f"{GRANT}&resource={resource}", 400, "invalid_target")


def _refresh(name: str, source: str, token: str, code: str | None = "invalid_grant", **more: str) -> Row:
    extra = "".join(f"&{name}={value}" for name, value in more.items())
    return token_form(name, source, f"grant_type=refresh_token&refresh_token={token}{extra}", 400, code)


ROWS: list[Row] = [
    _type("a user's password", "password&username=maria&password=secret", "RFC 9700, 2.4: MUST NOT be used"),
    _type("an authorization code", "authorization_code&code=abc&redirect_uri=https://a.example/"),
    _type("the implicit grant", "implicit", "RFC 9700, 2.1.2"),
    _type("a device code", "urn:ietf:params:oauth:grant-type:device_code&device_code=abc", "RFC 8628, 3.4"),
    _type("a token exchange", "urn:ietf:params:oauth:grant-type:token-exchange&subject_token=abc", "RFC 8693, 2.1"),
    _type("a JWT as a grant", "urn:ietf:params:oauth:grant-type:jwt-bearer&assertion=a.b.c", "RFC 7523, 2.1"),
    _type("a SAML assertion", "urn:ietf:params:oauth:grant-type:saml2-bearer&assertion=abc", "RFC 7522, 2.1"),
    _type("a grant in capitals", "CLIENT_CREDENTIALS"),
    _type("a grant with a space behind", "client_credentials+"),
    _type("two grants in one word", "client_credentials+refresh_token"),
    _type("a grant of 100 kB", "x" * 100_000),
    token_form("all that a client may", SCOPE, f"{GRANT}&scope=orders:read%20orders:write", 200, says={"scope": "orders:read orders:write"}),
    token_form("less than a client may", SCOPE, f"{GRANT}&scope=orders:read", 200, says={"scope": "orders:read"}),
    token_form("a scope said twice in one word", SCOPE, f"{GRANT}&scope=orders:read+orders:read", 200, says={"scope": "orders:read"}),
    token_form("scopes in another order", "RFC 6749, 3.3: their order does not matter", f"{GRANT}&scope=orders:write+orders:read", 200),
    _scope("a scope that there is not", "orders:steal"),
    _scope("one of two that there is not", "orders:read+orders:steal"),
    _scope("a scope of another service", "stock:write"),
    _scope("one's own scope and another's", "orders:read+stock:write"),
    _scope("our own services' scope", "internal:call"),
    _scope("the administrator's scope", "auth:admin"),
    _scope("a scope in capitals", "Orders:Read", "RFC 6749, 3.3: case-sensitive"),
    _scope("everything", "*"),
    _scope("a space before", "+orders:read", SCOPE),
    _scope("a space behind", "orders:read+", SCOPE),
    _scope("two spaces between", "orders:read++orders:write", SCOPE),
    _scope("a space only", "+", SCOPE),
    _scope("a tab between", "orders:read%09orders:write", SCOPE),
    _scope("a line break between", "orders:read%0Aorders:write", SCOPE),
    _scope("a comma between", "orders:read,orders:write", SCOPE),
    _scope("a no-break space between", "orders:read%C2%A0orders:write", SCOPE),
    _scope("a quotation mark", "%22orders:read%22", SCOPE),
    _scope("a backslash", "orders%5Cread", SCOPE),
    _scope("NUL in a scope", "orders:read%00", SCOPE),
    _scope("a letter that looks the same", "%D0%BErders:read", SCOPE),
    _scope("ten thousand scopes", "+".join(["orders:read"] * 10_000 + ["x"]), SCOPE),
    token_form("one's own resource", TARGET, f"{GRANT}&resource=urn:waybill:sales", 200),
    token_form("one of two resources", TARGET, f"{GRANT}&resource=urn:waybill:product", 200, says={"scope": "catalogue:read"}, headers=[FORM, WIDE]),
    token_form("a scope of one's other resource", TARGET, f"{GRANT}&scope=catalogue:read", 400, "invalid_scope", headers=[FORM, WIDE]),
    token_form("scopes of two resources", TARGET, f"{GRANT}&scope=orders:read+catalogue:read", 400, "invalid_scope", headers=[FORM, WIDE]),
    _target("another service's resource", "urn:waybill:product"),
    _target("the operator's resource", "urn:waybill:ops"),
    _target("a resource elsewhere", "https://elsewhere.example/api"),
    _target("a short word", "sales", "RFC 8707, 2: an absolute URI"),
    _target("a relative URI", "/api/v1/orders", "RFC 8707, 2: an absolute URI"),
    _target("a fragment", "urn:waybill:sales%23orders", "RFC 8707, 2: MUST NOT include a fragment"),
    _target("a query", "urn:waybill:sales?x=1"),
    _target("a prefix", "urn:waybill:sal"),
    _target("the prefix alone", "urn:waybill:"),
    _target("the prefix twice", "urn:waybill:urn:waybill:sales"),
    _target("a resource in capitals", "URN:WAYBILL:SALES"),
    _target("two resources in one word", "urn:waybill:sales%20urn:waybill:product"),
    _target("NUL behind a resource", "urn:waybill:sales%00"),
    _target("a resource of 100 kB", "urn:waybill:" + "x" * 100_000),
    token_form("a refresh", REFRESH, "grant_type=refresh_token&refresh_token=<refresh>", 200, says={"scope": "orders:read orders:write"}),
    token_form("a refresh for less", REFRESH, "grant_type=refresh_token&refresh_token=<refresh>&scope=orders:read", 200, says={"scope": "orders:read"}),
    token_form("a refresh of a plain request", REFRESH, f"{GRANT}&refresh_token=<refresh>", 200),
    token_form("no refresh token", REFRESH, "grant_type=refresh_token", 400, "invalid_request"),
    token_form("a refresh token twice", "RFC 6749, 3.2", "grant_type=refresh_token&refresh_token=<refresh>&refresh_token=<refresh>", 400, "invalid_request"),
    token_form("a refresh token, and nobody", "RFC 6749, 6: the client MUST authenticate", "grant_type=refresh_token&refresh_token=<refresh>", 401, "invalid_client", headers=[FORM]),
    token_form("a refresh token of another client", "RFC 6749, 10.4: bound to its client", "grant_type=refresh_token&refresh_token=<refresh>", 400, "invalid_grant", headers=[FORM, OTHER]),
    _refresh("a refresh token that was used", REUSE, "<used refresh>"),
    _refresh("the successor of one that came back", REUSE, "<refresh after theft>"),
    _refresh("a refresh token that was revoked", "RFC 7009, 2.1", "<revoked refresh>"),
    _refresh("a refresh token whose access token was revoked", "RFC 7009, 2.1", "<refresh of a revoked access>"),
    token_form("a refresh token from before its client was shut out", INVALID_GRANT, "grant_type=refresh_token&refresh_token=<refresh from before>", 400, "invalid_grant", headers=[FORM, RETURNED]),
    _refresh("an access token as a refresh token", INVALID_GRANT, "<access>"),
    _refresh("a client's secret as a refresh token", INVALID_GRANT, "<secret>"),
    _refresh("rubbish as a refresh token", INVALID_GRANT, "hello"),
    _refresh("a refresh token that was never given", INVALID_GRANT, f"wbr_{'x' * 43}"),
    _refresh("a refresh token and a letter", INVALID_GRANT, "<refresh>x"),
    _refresh("a refresh token and NUL", INVALID_GRANT, "<refresh>%00"),
    _refresh("a refresh token and a space", INVALID_GRANT, "<refresh>+"),
    _refresh("a refresh token of 100 kB", INVALID_GRANT, "wbr_" + "x" * 100_000),
    _refresh("a refresh token that is no ASCII", INVALID_GRANT, "wbr_%C3%A9"),
    _refresh("more at a refresh than was granted", REFRESH, "<read refresh>", "invalid_scope", scope="orders:read+orders:write"),
    _refresh("something else at a refresh than was granted", REFRESH, "<read refresh>", "invalid_scope", scope="orders:write"),
    _refresh("another resource at a refresh", "RFC 8707, 2.2", "<refresh>", "invalid_target", resource="urn:waybill:product"),
]  # fmt: skip
