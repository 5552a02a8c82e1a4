"""The token endpoint: its method, its media type, and the grammar of its form."""

from tests.adversarial.row import BASIC, FORM, GRANT, JSON, Row, token_form

CHAPTER = "A form"
TITLE = "The form of a token request"
GET = f"GET /auth/token?{GRANT}&client_id=<shop>&client_secret=<secret>"
POST = "POST /auth/token"
BODY = "RFC 6749, 3.2"
ONCE = "RFC 6749, 3.2: parameters MUST NOT be included more than once"
EMPTY = "RFC 6749, 3.2: a parameter without a value is treated as omitted"
UTF_8 = "RFC 6749, appendix B"
CODED = "RFC 6749, 4.4.2: application/x-www-form-urlencoded"
METHOD = "RFC 6749, 3.2: the client MUST use the HTTP POST method"
URI = "RFC 6749, 2.3.1: credentials MUST NOT be included in the request URI"
SIZE = "RFC 9110, 15.5.14"
ALLOW = {"allow": "POST"}


def _as(media_type: str) -> list[str]:
    return [f"Content-Type: {media_type}", BASIC]


ROWS: list[Row] = [
    token_form("a plain request", "RFC 6749, 4.4.2", GRANT, 200, says={"token_type": "Bearer"}),
    token_form("a parameter that nobody knows", "RFC 6749, 3.2: unrecognized are ignored", f"{GRANT}&colour=green", 200),
    Row("GET, with everything in the query", METHOD, GET, 405, "method_not_allowed", headers=(), answers=ALLOW),
    *(
        Row(f"{method}", METHOD, f"{method} /auth/token", 405, "method_not_allowed", headers=(BASIC,), answers=ALLOW)
        for method in ("PUT", "PATCH", "DELETE", "OPTIONS")
    ),
    Row("a path that ends in a slash", BODY, "POST /auth/token/", 404, "no_such_path", GRANT),
    Row(
        "POST with everything in the query", URI, f"{POST}?{GRANT}&client_id=<shop>&client_secret=<secret>",
        401, "invalid_client", headers=(FORM,),
    ),
    Row("the grant in the query", BODY, f"{POST}?{GRANT}", 400, "invalid_request"),
    Row("the scope in the query counts for nothing", BODY, f"{POST}?scope=nothing", 200, None, GRANT),
    token_form("JSON", CODED, '{"grant_type": "client_credentials"}', 415, "invalid_request", headers=[JSON, BASIC]),
    token_form("a form that calls itself text", CODED, GRANT, 415, "invalid_request", headers=_as("text/plain")),
    token_form("no media type", CODED, GRANT, 415, "invalid_request", headers=[BASIC]),
    token_form("an empty media type", CODED, GRANT, 415, "invalid_request", headers=_as("")),
    token_form(
        "multipart", CODED, '--x\r\nContent-Disposition: form-data; name="grant_type"\r\n\r\nclient_credentials\r\n--x--\r\n',
        415, "invalid_request", headers=_as("multipart/form-data; boundary=x"),
    ),
    token_form("a media type that only begins right", CODED, GRANT, 415, "invalid_request", headers=_as("application/x-www-form-urlencoded2")),
    token_form("two media types", CODED, GRANT, 415, "invalid_request", headers=_as("application/json, application/x-www-form-urlencoded")),
    token_form("a media type in capitals", "RFC 9110, 8.3.1", GRANT, 200, headers=_as("APPLICATION/X-WWW-Form-URLencoded")),
    token_form("a charset", UTF_8, GRANT, 200, headers=_as("application/x-www-form-urlencoded; charset=UTF-8")),
    token_form("another charset, which changes nothing", UTF_8, f"{GRANT}&x=%FF", 400, "invalid_request", headers=_as("application/x-www-form-urlencoded;charset=iso-8859-1")),
    token_form("nothing", BODY, "", 400, "invalid_request"),
    token_form("no grant type", "RFC 6749, 4.4.2", "scope=orders:read", 400, "invalid_request"),
    token_form("a grant type twice", ONCE, f"{GRANT}&{GRANT}", 400, "invalid_request"),
    token_form("two grant types", ONCE, f"{GRANT}&grant_type=refresh_token", 400, "invalid_request"),
    token_form("a scope twice", ONCE, f"{GRANT}&scope=orders:read&scope=orders:read", 400, "invalid_request"),
    token_form("a scope twice, once empty", ONCE, f"{GRANT}&scope=&scope=orders:read", 400, "invalid_request"),
    token_form("a scope twice, spelt in two ways", ONCE, f"{GRANT}&scope=orders:read&%73cope=orders:read", 400, "invalid_request"),
    token_form("a client_id twice", ONCE, f"{GRANT}&client_id=<shop>&client_id=<shop>", 400, "invalid_request"),
    token_form("a client_secret twice", ONCE, f"{GRANT}&client_id=<shop>&client_secret=<secret>&client_secret=<secret>", 400, "invalid_request", headers=[FORM]),
    token_form("an unknown parameter twice", ONCE, f"{GRANT}&colour=red&colour=green", 400, "invalid_request"),
    token_form("a resource twice", "RFC 8707, 2: more than one may be refused", f"{GRANT}&resource=urn:waybill:sales&resource=urn:waybill:sales", 400, "invalid_target"),
    token_form("two resources", "RFC 8707, 2: more than one may be refused", f"{GRANT}&resource=urn:waybill:sales&resource=urn:waybill:product", 400, "invalid_target"),
    token_form("an empty grant type", EMPTY, "grant_type=", 400, "invalid_request"),
    token_form("an empty scope", EMPTY, f"{GRANT}&scope=", 200, says={"scope": "orders:read orders:write"}),
    token_form("an empty resource", EMPTY, f"{GRANT}&resource=", 200),
    token_form("an empty client_id beside the header", EMPTY, f"{GRANT}&client_id=", 200),
    token_form("an empty client_secret beside the header", EMPTY, f"{GRANT}&client_secret=", 200),
    token_form("an empty refresh token", EMPTY, "grant_type=refresh_token&refresh_token=", 400, "invalid_request"),
    token_form("a byte order mark", UTF_8, f"\xef\xbb\xbf{GRANT}", 400, "invalid_request"),
    token_form("a byte order mark in escapes", UTF_8, f"%EF%BB%BF{GRANT}", 400, "invalid_request"),
    token_form("UTF-16", UTF_8, GRANT.encode("utf-16-le").decode("latin-1"), 400, "invalid_request"),
    token_form("NUL behind the grant type", UTF_8, f"{GRANT}%00", 400, "unsupported_grant_type"),
    token_form("NUL as it is", UTF_8, f"{GRANT}\x00", 400, "unsupported_grant_type"),
    token_form("NUL in an unknown parameter", UTF_8, f"{GRANT}&%00=%00", 200),
    token_form("bytes that are no UTF-8", UTF_8, f"{GRANT}&scope=%FF%FE", 400, "invalid_request"),
    token_form("bytes that are no ASCII", UTF_8, f"{GRANT}&scope=\xff\xfe", 400, "invalid_request"),
    token_form("UTF-8 without escapes", UTF_8, f"{GRANT}&scope=\xc3\xa9", 400, "invalid_request"),
    token_form("an overlong encoding", UTF_8, f"{GRANT}&scope=orders%C0%BAread", 400, "invalid_request"),
    token_form("a lone surrogate", UTF_8, f"{GRANT}&scope=%ED%A0%80", 400, "invalid_request"),
    token_form("a percent sign alone", UTF_8, f"{GRANT}&scope=100%", 400, "invalid_request"),
    token_form("a percent sign and half a number", UTF_8, f"{GRANT}&scope=%4", 400, "invalid_request"),
    token_form("a percent sign and letters", UTF_8, f"{GRANT}&scope=%zz", 400, "invalid_request"),
    token_form("an escape of four digits", UTF_8, f"{GRANT}&scope=%u0041", 400, "invalid_request"),
    token_form("a value encoded twice", UTF_8, f"{GRANT}&scope=orders%253Aread", 400, "invalid_scope"),
    token_form("escapes where none are needed", UTF_8, "%67rant_type=client%5Fcredentials", 200),
    token_form("a plus for a space", UTF_8, f"{GRANT}&scope=orders:read+orders:write", 200, says={"scope": "orders:read orders:write"}),
    token_form("a plus in escapes, which is no space", UTF_8, f"{GRANT}&scope=orders:read%2Borders:write", 400, "invalid_scope"),
    token_form("a name without a value", BODY, "grant_type", 400, "invalid_request"),
    token_form("a name without an equals sign", BODY, f"{GRANT}&scope", 400, "invalid_request"),
    token_form("an ampersand too many", BODY, f"{GRANT}&", 400, "invalid_request"),
    token_form("semicolons for ampersands", BODY, f"{GRANT};scope=orders:read", 400, "unsupported_grant_type"),
    token_form("a line break at the end", BODY, f"{GRANT}\r\n", 400, "unsupported_grant_type"),
    token_form("a name in capitals", BODY, GRANT.upper(), 400, "invalid_request"),
    token_form("an array's name", BODY, "grant_type[]=client_credentials", 400, "invalid_request"),
    token_form("51 parameters", BODY, GRANT + "".join(f"&p{number}=" for number in range(50)), 400, "invalid_request"),
    token_form("a parameter of half a megabyte", BODY, f"{GRANT}&scope={'x' * 524_288}", 400, "invalid_scope"),
    token_form("a parameter of a megabyte", BODY, f"{GRANT}&scope={'x' * 1_000_000}", 400, "invalid_scope"),
    token_form("a megabyte of names", BODY, GRANT + "&a=b" * 250_000, 400, "invalid_request"),
    token_form("a megabyte of percent signs", UTF_8, f"{GRANT}&x={'%' * 1_000_000}", 400, "invalid_request"),
    token_form("a byte over a mebibyte", SIZE, GRANT + "&x=" + "x" * (1_048_577 - len(GRANT) - 3), 413, "body_too_large"),
    token_form("a byte over a mebibyte, in chunks", SIZE, GRANT + "&x=" + "x" * (1_048_577 - len(GRANT) - 3), 413, "body_too_large", chunked=True),
    token_form("chunks", "RFC 9112, 7.1", GRANT, 200, chunked=True),
]  # fmt: skip
