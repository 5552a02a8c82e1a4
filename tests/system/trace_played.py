"""Playing the trace on a system, and writing down all that can be seen of it."""

import asyncio
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any

import httpx

from app.operator import Operator, operating
from modules.auth.port import ClientKind
from modules.kernel.principal import INTERNAL_SCOPE
from tests.support.carrier import signed
from tests.system.parties import CATALOGUE
from tests.system.partitions import MODULES
from tests.system.running import Running
from tests.system.trace import RIGHTS, TRACE
from tests.system.trace_call import Call
from tests.system.trace_names import Names, rendered
from tests.system.trace_rows import left_behind, told

VOLATILE = frozenset({"date", "ratelimit"})  # what is left of a second is chance
WORD = re.compile(r"\{(\w+)\}")
ANSWERED_WITHIN_S = 20.0
SETTLED_WITHIN_S = 30.0


async def recorded(system: Running, databases: Mapping[str, str]) -> list[str]:
    """Every answer, then every row and event, as lines in which nothing is left to chance."""
    async with AsyncExitStack() as stack:
        operator = await stack.enter_async_context(operating(system.data))
        services = {
            module: await stack.enter_async_context(
                httpx.AsyncClient(base_url=system.run.url(module), timeout=ANSWERED_WITHIN_S)
            )
            for module in MODULES
        }
        await operator.product.import_products("test", CATALOGUE)
        kept = await _admitted(operator, services["auth"])
        names = Names({kept[f"{name}_id"]: f"<{name}>" for name in RIGHTS})
        lines: list[str] = []
        for number, call in enumerate(TRACE):
            answer = await _answered(services[call.at], call, kept, number)
            lines += [f"# {call.name}", *shown(answer, names)]
            kept |= {word: _member(answer.json(), path) for word, path in call.keeps.items()}
            if call.causes_events:
                await _settled(services)
        lines += [*left_behind(databases, names), *told(databases, names)]
        return lines


async def _admitted(operator: Operator, auth: httpx.AsyncClient) -> dict[str, str]:
    """The parties' ids, secrets and tokens, by the words that the trace has for them."""
    kept = {"made_up": "a.b.c", "now": datetime.now(UTC).isoformat()}
    for name, (audience, scopes) in RIGHTS.items():
        kind = ClientKind.SERVICE if scopes == INTERNAL_SCOPE else ClientKind.CUSTOMER
        created = await operator.auth.create_client("test", name, scopes.split(), [audience], kind)
        kept |= {f"{name}_id": str(created.client.id), f"{name}_secret": created.client_secret}
        form = {"grant_type": "client_credentials"}
        answer = await auth.post("/auth/token", data=form, auth=(kept[f"{name}_id"], created.client_secret))
        kept[name] = answer.raise_for_status().json()["access_token"]
    return kept


async def _answered(http: httpx.AsyncClient, call: Call, kept: Mapping[str, str], number: int) -> httpx.Response:
    method, path = _filled(call.request, kept).split(" ", 1)
    headers = {
        "X-Request-Id": f"call-{number}",
        "Traceparent": f"00-{number + 1:032x}-{1:016x}-00",
        **{name: _filled(value, kept) for name, value in call.headers.items()},
        **({} if call.who is None else {"Authorization": f"Bearer {kept[call.who]}"}),
    }
    content, document = call.content, call.json
    if call.signs is not None:
        content, document = _filled(json.dumps(document), kept).encode(), None
        headers |= signed(call.signs, content)
    form = None if call.form is None else {name: _filled(value, kept) for name, value in call.form.items()}
    basic = None if call.basic is None else (kept[f"{call.basic}_id"], kept[f"{call.basic}_secret"])
    async with asyncio.timeout(ANSWERED_WITHIN_S):
        while True:
            answer = await http.request(
                method, path, headers=headers, json=document, content=content, data=form, auth=basic
            )
            if call.until is None or call.until(answer):
                return answer
            await asyncio.sleep(0.01)


def _filled(text: str, kept: Mapping[str, str]) -> str:
    return WORD.sub(lambda word: kept[word[1]], text)


def _member(document: Any, path: str) -> str:
    """The member of a document at a path of names and places."""
    for step in path.split("."):
        document = document[int(step) if step.isdecimal() else step]
    return str(document)


def shown(answer: httpx.Response, names: Names) -> Iterator[str]:
    """An answer as lines: status, headers, body."""
    yield str(answer.status_code)
    for name, value in sorted(answer.headers.multi_items()):
        if name == "content-length":
            yield f"{name}: {'as it is' if int(value) == len(answer.content) else value}"
        elif name not in VOLATILE:
            yield f"{name}: {names.plain(value)}"
    if "json" not in answer.headers.get("content-type", ""):
        yield from (names.plain(line) for line in answer.text.splitlines())
        return
    document = answer.json()
    members = document if isinstance(document, dict) else {"": document}
    yield from (f"{member} = {rendered(names.document(value, member))}" for member, value in members.items())


async def _settled(services: Mapping[str, httpx.AsyncClient]) -> None:
    """Wait until every event is handled, and every event that this has caused: nothing is left, seen twice in a row."""
    seen = 0
    async with asyncio.timeout(SETTLED_WITHIN_S):
        while seen < 2:
            left = [await _left(services[module], module) for module in ("sales", "delivery")]
            seen = seen + 1 if left == [0, 0] else 0
            if not seen:
                await asyncio.sleep(0.01)


async def _left(http: httpx.AsyncClient, module: str) -> float:
    """How many events of a module are not settled."""
    gauge = f'waybill_outbox_events{{module="{module}"'
    lines = [line for line in (await http.get("/metrics")).text.splitlines() if line.startswith(gauge)]
    assert len(lines) == 2, lines
    return sum(float(line.rpartition(" ")[2]) for line in lines)
