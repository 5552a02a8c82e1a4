"""The production layout at work: the four services with exactly the commands and environment of docker-compose.yml."""

import asyncio
import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.embedded import EmbeddedPostgres
from app.embedded.loopback import HOST
from tests.processes import until
from tests.system.compose_world import SERVICES, Container, containers, internal_ports, layout
from tests.system.parties import SHIP_TO
from tests.system.ports import some_ports
from tests.system.test_compose_servers import Redis, postgres, secrets

__all__ = ["postgres", "secrets"]

CATALOGUE = "sku,name,unit_price,currency,on_hand\nTEA,Tea,450,EUR,10\n"


class Layout:
    """The containers of our image, running as programs of this machine."""

    def __init__(self, ours: Mapping[str, Container], ports: Mapping[str, int]) -> None:
        self.ours = ours
        self.ports = ports

    def url(self, module: str) -> str:
        return f"http://{HOST}:{self.ports[module]}"

    def operate(self, *words: str) -> Any:
        """What the operator's container prints for a command."""
        operator = self.ours["operator"]
        command = replace(operator, words=(operator.words[0], *words, "--json"))
        with command.started(stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            said, complaint = process.communicate(timeout=60)
        assert process.returncode == 0, said + complaint
        return json.loads(said)

    def is_healthy(self, module: str) -> bool:
        """What the engine finds when it asks the container for its health."""
        _, program, *words = layout()["services"][module]["healthcheck"]["test"]
        here = [word if word != str(PORTS[module]) else str(self.ports[module]) for word in words]
        environment = self.ours[module].environment
        asked = Container((program, *here), environment).started(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return asked.wait(20) == 0


PORTS = {"auth": 3004, "sales": 3001, "delivery": 3002, "product": 3003}


@pytest.fixture
def running(tmp_path: Path, postgres: EmbeddedPostgres, secrets: tuple[Path, Mapping[str, str]]) -> Iterator[Layout]:
    with ExitStack() as stack:
        redis = Redis(tmp_path / "redis", secrets[0])
        stack.enter_context(redis.running())
        free = iter(some_ports("one,two,three,four,five,six").values())
        ports = {name: next(free) for name in (*SERVICES, *internal_ports())}
        ports |= {"postgres": postgres.port, "redis": redis.port}
        ours = containers(tmp_path / "ours", secrets[1], ports)
        assert ours["migrate"].started().wait(60) == 0
        for module in SERVICES:
            log = stack.enter_context((tmp_path / f"{module}.log").open("w"))
            process = stack.enter_context(ours[module].started(stdout=log, stderr=log))
            stack.callback(process.terminate)
        started = Layout(ours, ports)
        for module in SERVICES:
            until(lambda module=module: started.is_healthy(module), within_s=60)  # type: ignore[misc]  # its own module
        yield started


async def test_an_order_is_placed_and_shipped_on_the_layout_and_the_doctor_finds_all_well(
    running: Layout, tmp_path: Path
) -> None:
    (tmp_path / "catalogue.csv").write_text(CATALOGUE)
    running.operate("product", "import", str(tmp_path / "catalogue.csv"))
    rights = ["--scope", "orders:read", "--scope", "orders:write", "--audience", "sales"]
    client = running.operate("client", "create", "shop", *rights)
    async with httpx.AsyncClient(timeout=20) as http:
        told = await http.post(
            f"{running.url('auth')}/auth/token",
            data={"grant_type": "client_credentials"},
            auth=(client["client_id"], client["client_secret"]),
        )
        bearer = {"Authorization": f"Bearer {told.raise_for_status().json()['access_token']}"}
        assert (await http.get(f"{running.url('sales')}/metrics")).status_code == 404  # it is on the inside port
        orders = f"{running.url('sales')}/api/v1/orders"
        body = {"lines": [{"sku": "TEA", "quantity": 3}], "ship_to": SHIP_TO}
        placed = await http.post(orders, json=body, headers=bearer)
        assert placed.status_code == 201, placed.text
        path = f"{orders}/{placed.json()['id']}"
        async with asyncio.timeout(20):
            while (order := (await http.get(path, headers=bearer)).json())["status"] == "placed":  # noqa: ASYNC110
                await asyncio.sleep(0.02)
    assert (order["status"], len(order["shipments"])) == ("confirmed", 1)
    found = running.operate("doctor")
    assert found["faults"] == []
    assert [(one["module"], one["up"], one["contract"]) for one in found["modules"]] == [
        (module, True, "same") for module in SERVICES
    ]
