"""Tokens that are given back, or asked about."""

from tests.adversarial.row import BASIC, FORM, JSON, OTHER, SEES_ALL, Row, introspect_form, revoke_form

CHAPTER = "Given back"
TITLE = "Revocation and introspection"
REVOKE = "RFC 7009, 2.1"
UNKNOWN = "RFC 7009, 2.2: an invalid token is no error"
HINT = "RFC 7009, 2.1: a hint that does not help is passed over"
INTROSPECT = "RFC 7662, 2.1"
AUTHENTICATED = "RFC 7662, 2.1: MUST require authorization"
INACTIVE = "RFC 7662, 2.2: nothing more is said of a token that is not active"
METHOD = "RFC 9110, 15.5.6"
WRONG = "Authorization: Basic {<shop>:wrong}"
ALLOW = {"allow": "POST"}
OFF = {"active": False}


def _revoked(name: str, source: str, body: str) -> Row:
    return revoke_form(name, source, body, 200, says={})


def _inactive(name: str, token: str, *headers: str) -> Row:
    return introspect_form(name, INACTIVE, f"token={token}", 200, says=OFF, headers=[FORM, *(headers or (BASIC,))])


def _active(name: str, source: str, body: str, *headers: str) -> Row:
    on = {"active": True, "client_id": "<shop>"}
    return introspect_form(name, source, body, 200, says=on, headers=[FORM, *(headers or (BASIC,))])


ROWS: list[Row] = [
    _revoked("a refresh token", REVOKE, "token=<refresh>"),
    _revoked("an access token", REVOKE, "token=<access>"),
    _revoked("a token that is revoked already", REVOKE, "token=<revoked refresh>"),
    _revoked("a refresh token that was used", REVOKE, "token=<used refresh>"),
    _revoked("a token that nobody knows", UNKNOWN, f"token=wbr_{'x' * 43}"),
    _revoked("rubbish", UNKNOWN, "token=hello"),
    _revoked("NUL as a token", UNKNOWN, "token=%00"),
    _revoked("a token of 100 kB", UNKNOWN, f"token={'x' * 100_000}"),
    _revoked("a token that is no ASCII", UNKNOWN, "token=t%C3%B6k%C3%A9n"),
    _revoked("a wrong hint", HINT, "token=<refresh>&token_type_hint=access_token"),
    _revoked("a hint that there is not", HINT, "token=<refresh>&token_type_hint=saml"),
    _revoked("an empty hint", HINT, "token=<access>&token_type_hint="),
    revoke_form("another client's refresh token", REVOKE, "token=<refresh>", 400, "invalid_grant", headers=[FORM, OTHER]),
    revoke_form("another client's access token", REVOKE, "token=<access>", 400, "invalid_grant", headers=[FORM, OTHER]),
    revoke_form("another's token by who may see all", REVOKE, "token=<access>", 400, "invalid_grant", headers=[FORM, SEES_ALL]),
    revoke_form("no token", REVOKE, "", 400, "invalid_request"),
    revoke_form("an empty token", REVOKE, "token=", 400, "invalid_request"),
    revoke_form("a token twice", REVOKE, "token=<refresh>&token=<refresh>", 400, "invalid_request"),
    revoke_form("a hint twice", REVOKE, "token=<refresh>&token_type_hint=x&token_type_hint=y", 400, "invalid_request"),
    revoke_form("a token, and nobody", "RFC 7009, 2.1: the server first validates the client", "token=<refresh>", 401, "invalid_client", headers=[FORM]),
    revoke_form("a token with a wrong secret", "RFC 7009, 2.1: the server first validates the client", "token=<refresh>", 401, "invalid_client", headers=[FORM, WRONG]),
    revoke_form("no token, and nobody", "RFC 7009, 2.1: the server first validates the client", "", 401, "invalid_client", headers=[FORM]),
    revoke_form("a bearer token for a client", REVOKE, "token=<refresh>", 401, "invalid_client", headers=[FORM, "Authorization: Bearer <access>"]),
    revoke_form("two clients that revoke", REVOKE, "token=<refresh>", 400, "invalid_request", headers=[FORM, BASIC, OTHER]),
    revoke_form("JSON to revoke", REVOKE, '{"token": "x"}', 415, "invalid_request", headers=[JSON, BASIC]),
    revoke_form("a body to revoke that is no UTF-8", REVOKE, "token=%FF", 400, "invalid_request"),
    Row("GET to revoke", METHOD, "GET /auth/revoke?token=<refresh>", 405, "method_not_allowed", headers=[BASIC], answers=ALLOW),
    Row("a token to revoke in the query", "RFC 7009, 2.1: in the body", "POST /auth/revoke?token=<refresh>", 400, "invalid_request"),
    _active("one's own access token", INTROSPECT, "token=<access>"),
    _active("one's own refresh token", INTROSPECT, "token=<refresh>"),
    _active("one's own token with a wrong hint", INTROSPECT, "token=<access>&token_type_hint=refresh_token"),
    _active("another's token by who may see them", INTROSPECT, "token=<access>", SEES_ALL),
    _active("another's refresh token by who may see them", INTROSPECT, "token=<refresh>", SEES_ALL),
    _inactive("another client's access token to ask about", "<access>", OTHER),
    _inactive("another client's refresh token to ask about", "<refresh>", OTHER),
    _inactive("a revoked access token", "<revoked access>"),
    _inactive("a revoked refresh token", "<revoked refresh>"),
    _inactive("a used refresh token", "<used refresh>"),
    _inactive("rubbish to ask about", "hello"),
    _inactive("NUL to ask about", "%00"),
    _inactive("100 kB to ask about", "x" * 100_000),
    _inactive("no ASCII to ask about", "t%C3%B6k%C3%A9n"),
    _inactive("an access token and a letter", "<access>x"),
    _inactive("an access token that says more than it did", "<richer access>"),
    _inactive("an access token that is not signed", "<unsigned access>"),
    _inactive("an access token that somebody else signed", "<foreign access>"),
    _inactive("a token of ours that is over", "<stale access>", SEES_ALL),
    _inactive("a token of ours of no family", "<orphan access>", SEES_ALL),
    introspect_form("nothing to ask about", INTROSPECT, "", 400, "invalid_request"),
    introspect_form("an empty token to ask about", INTROSPECT, "token=", 400, "invalid_request"),
    introspect_form("two tokens to ask about", INTROSPECT, "token=<access>&token=<refresh>", 400, "invalid_request"),
    introspect_form("nobody who asks", AUTHENTICATED, "token=<access>", 401, "invalid_client", headers=[FORM]),
    introspect_form("a wrong secret that asks", AUTHENTICATED, "token=<access>", 401, "invalid_client", headers=[FORM, WRONG]),
    introspect_form("a token that asks about itself", AUTHENTICATED, "token=<access>", 401, "invalid_client", headers=[FORM, "Authorization: Bearer <access>"]),
    introspect_form("a disabled client that asks", AUTHENTICATED, "token=<access>", 401, "invalid_client", headers=[FORM, "Authorization: Basic {<disabled>:<disabled secret>}"]),
    introspect_form("JSON to ask", INTROSPECT, '{"token": "x"}', 415, "invalid_request", headers=[JSON, BASIC]),
    Row("GET to ask", "RFC 7662, 4: parameters of a GET are logged", "GET /auth/introspect?token=<access>", 405, "method_not_allowed", headers=[BASIC], answers=ALLOW),
    Row("a token to ask about in the query", INTROSPECT, "POST /auth/introspect?token=<access>", 400, "invalid_request"),
]  # fmt: skip
