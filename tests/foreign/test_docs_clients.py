"""The page about clients: every example on it works, on a running system."""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.foreign import example, node
from tests.foreign.place import Place
from tests.system.running import ENVIRONMENT, ROOT

PAGE = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")
EXAMPLES: Mapping[str, tuple[str, str]] = {
    title: (language, text)
    for title, language, text in re.findall(
        r"^## ([^\n]+)\n(?:(?!^## ).)*?^```(\w+)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE
    )
}
TOLD = "const { issuer, api, clientId, clientSecret } = JSON.parse((await import('node:fs')).readFileSync(0, 'utf8'))"
SAID = "console.log(answer.status, told.active)"
ASKED = """
const server = app.listen(0, '127.0.0.1')
await new Promise((listening) => server.once('listening', listening))
const Authorization = `Basic ${btoa(`${clientId}:${clientSecret}`)}`
const body = new URLSearchParams({ grant_type: 'client_credentials' })
const token = await (await fetch(`${issuer}/auth/token`, { method: 'POST', headers: { Authorization }, body })).json()
const headers = { Authorization: `Bearer ${token.access_token}` }
const answer = await fetch(`http://127.0.0.1:${server.address().port}/`, { headers })
server.close().closeAllConnections()
"""


@pytest.mark.parametrize("title", [title for title, (language, _) in EXAMPLES.items() if language == "python"])
def test_an_example_in_python_works(title: str, place: Place) -> None:
    credentials = place.client()
    told = {
        "example": EXAMPLES[title][1],
        "issuer": place.issuer,
        "api": place.api,
        "client_id": credentials.client_id,
        "client_secret": credentials.client_secret,
    }
    done = subprocess.run(
        [sys.executable, example.__file__],
        cwd=ROOT,
        env=ENVIRONMENT,
        input=json.dumps(told),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [200, True if "told = " in EXAMPLES[title][1] else None]


@pytest.mark.usefixtures("packages")
@pytest.mark.parametrize("title", [title for title, (language, _) in EXAMPLES.items() if language == "js"])
def test_an_example_in_javascript_works(title: str, place: Place) -> None:
    credentials, text = place.client(), EXAMPLES[title][1]
    told = {
        "issuer": place.issuer,
        "api": place.api,
        "clientId": credentials.client_id,
        "clientSecret": credentials.client_secret,
    }
    asks = "const told = " in text
    program = [TOLD, text, ASKED if "const app = " in text else "", SAID if asks else "console.log(answer.status)"]
    said = node.run("--input-type=module", "--eval", "\n".join(program), told=told)
    assert said == ("200 true\n" if asks else "200\n")


def test_every_client_that_is_tested_is_on_the_page_with_an_example() -> None:
    wanted = json.loads((node.PROJECT / "package.json").read_text())["dependencies"].keys() - {
        *("express", "passport", "@asyncapi/specs")
    }
    wanted |= {"authlib", "requests-oauthlib", "httpx-oauth"}
    assert {name for title in EXAMPLES for name in title.split(" and ")} == wanted
    assert len(re.findall(r"^```\w+$", PAGE, re.MULTILINE)) == len(EXAMPLES)


def test_every_file_that_the_page_names_exists() -> None:
    assert [path for path in re.findall(r"`(tests/[^`]+)`", PAGE) if not (ROOT / Path(path)).exists()] == []
