"""The token endpoint: who is a client, and by which one method it says so."""

from collections.abc import Sequence

from tests.adversarial.row import BASIC, FORM, GRANT, OTHER, Row, token_form

CHAPTER = "A client"
TITLE = "Clients that authenticate, and that do not"
NOBODY = "0198c0de-0000-7000-8000-000000000000"
ONE = "RFC 6749, 2.3: not more than one method in each request"
POST = "RFC 6749, 2.3.1: client_secret_post"
FAILED = "RFC 6749, 5.2: invalid_client"
ENCODED = "RFC 6749, 2.3.1: encoded with application/x-www-form-urlencoded"
GRAMMAR = "RFC 7617, 2"
SCHEME = "RFC 9110, 11.1: the scheme is case-insensitive"
SINGLE = "RFC 9110, 5.3: no list, so no second field"


def _header(name: str, source: str, value: str, status: int = 401, code: str | None = "invalid_client") -> Row:
    return token_form(name, source, GRANT, status, code, headers=[FORM, f"Authorization: {value}"])


def _posted(name: str, source: str, credentials: str, status: int = 401, code: str | None = "invalid_client") -> Row:
    return token_form(name, source, f"{GRANT}&{credentials}", status, code, headers=[FORM])


def _both(name: str, source: str, credentials: str, *headers: str) -> Row:
    sent: Sequence[str] = [FORM, *(headers or (BASIC,))]
    return token_form(name, source, f"{GRANT}{credentials}", 400, "invalid_request", headers=sent)


ROWS: list[Row] = [
    _header("Basic", "RFC 6749, 2.3.1: client_secret_basic", "Basic {<shop>:<secret>}", 200, None),
    _header("Basic in lower case", SCHEME, "basic {<shop>:<secret>}", 200, None),
    _header("Basic in capitals", SCHEME, "BASIC {<shop>:<secret>}", 200, None),
    _header("Basic of escaped words", ENCODED, "Basic {%30<shop tail>:%77%62s_<secret tail>}", 200, None),
    _header("Basic with a new-line behind the secret", ENCODED, "Basic {<shop>:<secret>\n}"),
    _header("Basic with an escaped NUL behind the secret", ENCODED, "Basic {<shop>:<secret>%00}"),
    _header("Basic with a broken escape", ENCODED, "Basic {<shop>:<secret>%}"),
    _header("Basic with an escape of no UTF-8", ENCODED, "Basic {<shop>:%FF}"),
    _header("Basic without a colon", GRAMMAR, "Basic {<shop>}"),
    _header("Basic with a second colon", GRAMMAR, "Basic {<shop>:<secret>:x}"),
    _header("Basic of no base64", GRAMMAR, "Basic !!!!"),
    _header("Basic of base64 with a byte missing", GRAMMAR, "Basic {<shop>:<secret>}A"),
    _header("Basic of nothing", GRAMMAR, "Basic"),
    _header("Basic of a space", GRAMMAR, "Basic "),
    _header("Basic of a colon", GRAMMAR, "Basic {:}"),
    _header("Basic with an empty id", GRAMMAR, "Basic {:<secret>}"),
    _header("Basic with an empty secret", GRAMMAR, "Basic {<shop>:}"),
    _header("Basic of bytes that are no UTF-8", GRAMMAR, "Basic {\xff\xfe:\xff}"),
    _header("Basic of 60 kB", GRAMMAR, f"Basic {'QUFB' * 15_000}"),
    _header("Basic as its words, not encoded", GRAMMAR, "Basic <shop>:<secret>"),
    _header("Bearer at the token endpoint", FAILED, "Bearer <access>"),
    _header("another scheme", FAILED, "Digest {<shop>:<secret>}"),
    _header("no scheme", FAILED, "{<shop>:<secret>}"),
    _header("an empty header", FAILED, ""),
    _header("an unknown client", FAILED, f"Basic {{{NOBODY}:<secret>}}"),
    _header("a wrong secret", FAILED, f"Basic {{<shop>:wbs_{'x' * 43}}}"),
    _header("another client's secret", FAILED, "Basic {<shop>:<other secret>}"),
    _header("a secret with a letter changed", FAILED, "Basic {<shop>:<secret>x}"),
    _header("a secret without its last letter", FAILED, "Basic {<shop>:<short secret>}"),
    _header("a secret in capitals", FAILED, "Basic {<shop>:<loud secret>}"),
    _header("a secret that was retired", FAILED, "Basic {<shop>:<retired secret>}"),
    _header("a client that is disabled", FAILED, "Basic {<disabled>:<disabled secret>}"),
    _header("an id in capitals", FAILED, "Basic {<loud shop>:<secret>}"),
    _header("an id in braces", FAILED, "Basic {%7B<shop>%7D:<secret>}"),
    _header("an id without its dashes", FAILED, "Basic {<dense shop>:<secret>}"),
    _header("an id that is SQL", FAILED, "Basic {' OR 1=1 --:<secret>}"),
    _header("an id with NUL", FAILED, "Basic {<shop>%00:<secret>}"),
    _posted("in the form", POST, "client_id=<shop>&client_secret=<secret>", 200, None),
    _posted("in the form, an unknown client", FAILED, f"client_id={NOBODY}&client_secret=<secret>"),
    _posted("in the form, a wrong secret", FAILED, "client_id=<shop>&client_secret=wrong"),
    _posted("in the form, a secret of half a megabyte", FAILED, f"client_id=<shop>&client_secret={'x' * 524_288}"),
    _posted("in the form, an empty secret", FAILED, "client_id=<shop>&client_secret="),
    _posted("in the form, a secret that is no ASCII", FAILED, "client_id=<shop>&client_secret=%C3%A9"),
    _posted("in the form, a disabled client", FAILED, "client_id=<disabled>&client_secret=<disabled secret>"),
    _posted("in the form, an id alone", FAILED, "client_id=<shop>"),
    _posted("in the form, a secret alone", FAILED, "client_secret=<secret>"),
    _posted("in the form, an id that is SQL", FAILED, "client_id=%27%20OR%201=1%20--&client_secret=<secret>"),
    token_form("nobody", FAILED, GRANT, 401, "invalid_client", headers=[FORM]),
    token_form("nobody, for a grant that there is not", FAILED, "grant_type=password", 401, "invalid_client", headers=[FORM]),
    token_form("an id in the form beside the same in the header", "RFC 6749, 3.2.1", f"{GRANT}&client_id=<shop>", 200),
    _both("another id in the form than in the header", ONE, "&client_id=<other>"),
    _both("the secret in header and form", ONE, "&client_id=<shop>&client_secret=<secret>"),
    _both("a wrong secret in the form, the right one in the header", ONE, "&client_secret=wrong"),
    _both("two headers that are the same", SINGLE, "", BASIC, BASIC),
    _both("two headers of two clients", SINGLE, "", BASIC, OTHER),
    _both("two headers, Basic and Bearer", SINGLE, "", BASIC, "Authorization: Bearer <access>"),
]  # fmt: skip
