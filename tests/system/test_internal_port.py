"""What is for our own network, on a port of its own."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.processes import until
from tests.system.partitions import MODULES
from tests.system.ports import free_port
from tests.system.running import ENVIRONMENT, ROOT, WAYBILL

INTERNAL = ("/internal/sales/contract", "/metrics")


@pytest.fixture(params=[1, 2], ids=["alone", "two workers"])
def ports(request: pytest.FixtureRequest, tmp_path: Path, dsn_of: Callable[[str], str]) -> Iterator[tuple[int, int]]:
    """A process on two ports: for everyone, and for our own network."""
    public, internal = free_port(), free_port()
    environment = {f"WAYBILL_DATABASES__{module.upper()}": dsn_of(module) for module in MODULES}
    environment |= {"WAYBILL_SECRETS__PEPPER": "p" * 43, "WAYBILL_SECRETS__KEY_ENCRYPTION_KEY": "k" * 43}
    words = ["serve", "--port", str(public), "--internal-port", str(internal), "--workers", str(request.param)]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            [*WAYBILL, *words], cwd=ROOT, env=ENVIRONMENT | environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        until(lambda: _status(internal, "/health/ready") == 200, 30)
        yield public, internal
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) in {0, -signal.SIGTERM}  # a server that is alone ends by the signal it was sent
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _status(port: int, path: str) -> int:
    try:
        return httpx.get(f"http://127.0.0.1:{port}{path}", timeout=5).status_code
    except httpx.TransportError:
        return 0


def test_what_is_for_our_own_network_is_not_there_on_the_port_for_everyone(ports: tuple[int, int]) -> None:
    public, internal = ports
    assert [_status(internal, path) for path in INTERNAL] == [200, 200]
    answers = [httpx.get(f"http://127.0.0.1:{public}{path}") for path in INTERNAL]
    assert [(one.status_code, one.json()["code"]) for one in answers] == [(404, "no_such_path")] * 2
    for port in ports:
        assert _status(port, "/.well-known/jwks.json") == 200
        assert _status(port, "/api/v1/orders") == 401
        assert _status(port, "/health/ready") == 200
