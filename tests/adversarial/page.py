"""Makes `docs/adversarial.md`: `python -m tests.adversarial.page` writes it."""

from collections.abc import Iterator

from tests.adversarial.chapters import CHAPTERS, ROWS, TITLES
from tests.adversarial.forge import Forge
from tests.adversarial.row import BASIC, BEARER, FORM, ROUTES, SERVICES, Row
from tests.system.running import ROOT

PAGE = ROOT / "docs" / "adversarial.md"
TEST = "tests/adversarial/test_rows.py"
SHOWN = 120
USUAL = ("GET <route>", "POST /auth/token")

HEAD = f"""\
# What hostile and careless callers send

<!-- Written by `python -m tests.adversarial.page`; a test compares. -->

{{count}} requests, each with the paragraph that speaks of it and with what auth, or every service that verifies access
tokens, answers to it. They are sent byte by byte to running servers, once to one process and once to four
([the test](../{TEST})). Besides what is named here:

- whoever does not authenticate at auth is told the same, byte for byte, whatever is wrong;
- what OAuth answers is JSON that nobody may keep (`no-store`), everything else that is refused is a problem (RFC 9457);
- a 401 for an access token says `error="invalid_token"`, one without a token has no `error`, a 403 names the scope;
- a refusal is the same from one process as from four, and neither an answer nor the log repeats a secret.

`<…>` is a value of the running system, `{{{{…}}}}` in a header the base64 of what is in it. A form is sent as
`application/x-www-form-urlencoded` by Basic with the credentials of a shop, if nothing else is said.
"""

ASKED = """\
Where nothing else is said they are sent as `Authorization: Bearer <token>` to {routes}. What is not said of a token is
right: it is signed by the key with which the system itself signs at that moment.
"""


def page() -> str:
    """The page."""
    return "\n".join([HEAD.format(count=len(ROWS)), *_chapters()])


def _chapters() -> Iterator[str]:
    for chapter, rows in CHAPTERS.items():
        yield f"## {TITLES[chapter]}\n"
        if any(row.make for row in rows):
            routes = [f"`GET {route}` ({service})" for service, (route, _) in ROUTES.items()]
            yield ASKED.format(routes=", ".join(routes))
        yield "| | from | sent | answered |"
        yield "|---|---|---|---|"
        yield from map(_row, rows)
        yield ""


def _row(row: Row) -> str:
    return f"| {_cell(row.name)} | {_cell(row.source)} | {_cell(_sent(row))} | {_answered(row)} |"


def _sent(row: Row) -> str:
    parts = [row.told] if row.make not in {None, Forge.good} else []
    if row.request not in USUAL:
        parts.append(_code(row.request))
    parts += _headers(row)
    if row.chunked:
        parts.append("in chunks")
    if row.body:
        parts.append(_code(row.body))
    if row.at not in {("auth",), SERVICES}:
        parts.append(f"at {' and '.join(row.at)}")
    return "; ".join(parts) or ("a good token" if row.make else "an empty form")


def _headers(row: Row) -> Iterator[str]:
    """Those that are not the usual ones, and that usual ones are missing."""
    usual = {"Content-Type": [FORM], "Authorization": [BASIC]} if row.is_form else {"Authorization": [BEARER]}
    for name, headers in usual.items():
        given = [header for header in row.headers if header.startswith(f"{name}:")]
        if row.is_form and not given:
            yield f"no `{name}`"
        if given != headers or (row.make is None and given == [BEARER]):
            yield from map(_code, given)
    yield from (_code(header) for header in row.headers if header.partition(":")[0] not in usual)


def _answered(row: Row) -> str:
    says = "".join(f", `{name}` {_code(str(value))}" for name, value in row.says.items())
    return f"{row.status}{f' `{row.code}`' if row.code else ''}{says}"


def _code(text: str) -> str:
    text = text.encode("unicode_escape").decode() if not (text.isascii() and text.isprintable()) else text
    if len(text) > SHOWN:
        text = f"{text[: SHOWN // 2]}… ({len(text):,} characters)"
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
