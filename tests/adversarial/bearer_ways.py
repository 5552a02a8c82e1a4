"""The ways to carry an access token, and the scopes that it may lack."""

from tests.adversarial.forge import Forge
from tests.adversarial.row import BEARER, FORM, JSON, SERVICES, Row, carried

CHAPTER = "A token carried"
TITLE = "Access tokens: how they are carried, and what they open"
HEADER = "RFC 6750, 2.1"
BODY = "RFC 6750, 2.2"
QUERY = "RFC 9700, 4.3.2: MUST NOT be in the query"
NOTHING = "RFC 6750, 3.1: without a token no error code"
SCHEME = "RFC 9110, 11.1: the scheme is case-insensitive"
SINGLE = "RFC 6750, 2: not more than one method in each request"
SCOPE = "RFC 6750, 3.1: insufficient_scope"
FORBIDDEN = {"www-authenticate": 'Bearer realm="waybill", error="insufficient_scope", scope="<scope>"'}
WRITTEN = ("sales", "delivery", "product")


def _good(name: str, source: str, *headers: str) -> Row:
    return carried(name, source, 200, None, headers)


def _none(name: str, source: str, *headers: str, request: str = "GET <route>", body: str = "") -> Row:
    at = WRITTEN if request.startswith("POST") else SERVICES
    return carried(name, source, 401, "unauthenticated", headers, request=request, body=body, at=at)


def _bad(name: str, source: str, *headers: str) -> Row:
    return carried(name, source, 401, "invalid_token", headers)


def _revoked(name: str, source: str, token: str) -> Row:
    return carried(name, source, 401, "invalid_token", [f"Authorization: Bearer {token}"], at=("sales",), make=None)


def _lacking(name: str, source: str, scope: str) -> Row:
    def make(forge: Forge) -> str:
        return forge.saying(scope=scope.replace("<scope>", forge.scope))

    told = f"`scope` is `{scope.encode('unicode_escape').decode()}`"
    headers = (BEARER,)
    return carried(name, source, 403, "insufficient_scope", headers, answers=FORBIDDEN, make=make, told=told)


ROWS: list[Row] = [
    _good("Bearer", HEADER, "Authorization: Bearer <token>"),
    _good("bearer in lower case", SCHEME, "Authorization: bearer <token>"),
    _good("bearer in capitals", SCHEME, "AUTHORIZATION: BEARER <token>"),
    _none("nothing", NOTHING),
    _none("an empty header", NOTHING, "Authorization:"),
    _none("Bearer and no token", NOTHING, "Authorization: Bearer"),
    _none("Bearer and a space", NOTHING, "Authorization: Bearer "),
    _none("a token and no scheme", HEADER, "Authorization: <token>"),
    _none("no space behind the scheme", HEADER, "Authorization: Bearer<token>"),
    _none("a tab behind the scheme", "RFC 9110, 11.4: a space", "Authorization: Bearer\t<token>"),
    _none("a colon behind the scheme", HEADER, "Authorization: Bearer: <token>"),
    _none("an equals sign behind the scheme", HEADER, "Authorization: Bearer=<token>"),
    _none("a token by Basic", HEADER, "Authorization: Basic <token>"),
    _none("a token as a user of Basic", HEADER, "Authorization: Basic {<token>:}"),
    _none("a token as a password of Basic", HEADER, "Authorization: Basic {x:<token>}"),
    _none("a client's credentials", HEADER, "Authorization: Basic {<shop>:<secret>}"),
    _none("a token by DPoP", "RFC 9449, 7.1", "Authorization: DPoP <token>"),
    _none("a token by Token", HEADER, "Authorization: Token <token>"),
    _none("a token in another header", HEADER, "X-Access-Token: <token>"),
    _none("a token for a proxy", "RFC 9110, 11.7.2", "Proxy-Authorization: Bearer <token>"),
    _none("a token in a cookie", HEADER, "Cookie: access_token=<token>"),
    _none("a token in the query", QUERY, request="GET <route with query>access_token=<token>"),
    _none("a token in the form", BODY, FORM, request="POST <write>", body="access_token=<token>"),
    _none("a token in JSON", BODY, JSON, request="POST <write>", body='{"access_token": "<token>"}'),
    _none("a token in the body of GET", BODY, FORM, body="access_token=<token>"),
    carried("a good token, and another in the query, which counts for nothing", QUERY, 200, None, ["Authorization: Bearer <token>"], request="GET <route with query>access_token=x"),
    _bad("a client's secret", HEADER, "Authorization: Bearer <secret>"),
    _bad("a refresh token", "RFC 6749, 1.5: never sent to resource servers", "Authorization: Bearer <refresh>"),
    _revoked("an access token that was revoked", "RFC 7009, 2.2", "<revoked token>"),
    _revoked("an access token whose refresh token was revoked", "RFC 7009, 2.1", "<token whose family was revoked>"),
    _revoked("an access token from before its client was shut out", "our own: what is from before counts no more", "<token from before>"),
    _bad("a token in quotation marks, as a parameter", HEADER, 'Authorization: Bearer token="<token>"'),
    _bad("a token and a parameter", HEADER, 'Authorization: Bearer <token>, realm="waybill"'),
    _bad("two schemes in one header", HEADER, "Authorization: Bearer <token>, Basic {<shop>:<secret>}"),
    _bad("the same header twice", SINGLE, "Authorization: Bearer <token>", "Authorization: Bearer <token>"),
    _bad("a good header, and a bad one", SINGLE, "Authorization: Bearer <token>", "Authorization: Bearer x"),
    _bad("a bad header, and a good one", SINGLE, "Authorization: Bearer x", "Authorization: Bearer <token>"),
    _bad("a good header, and Basic", SINGLE, "Authorization: Bearer <token>", "Authorization: Basic {<shop>:<secret>}"),
    _bad("Basic, and a good header", SINGLE, "Authorization: Basic {<shop>:<secret>}", "Authorization: Bearer <token>"),
    _lacking("a scope that there is not", SCOPE, "nothing"),
    _lacking("a scope in capitals", "RFC 6749, 3.3: case-sensitive", "ORDERS:READ CATALOGUE:READ SHIPMENTS:READ INTERNAL:CALL"),
    _lacking("a scope that begins like it", SCOPE, "<scope>er"),
    _lacking("everything", SCOPE, "* <scope>*"),
    _lacking("two scopes with a comma", "RFC 6749, 3.3", "<scope>,nothing"),
    _lacking("two scopes with a tab", "RFC 6749, 3.3: spaces", "<scope>\tnothing"),
    _lacking("two scopes with a no-break space", "RFC 6749, 3.3: spaces", "<scope>\xa0nothing"),
    _lacking("the administrator's scopes", SCOPE, "auth:admin auth:introspect ops:read ops:write"),
]  # fmt: skip
