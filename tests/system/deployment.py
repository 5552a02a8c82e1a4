"""Four services as an operator starts them, each by `serve`, with nobody who starts them again."""

import os
import secrets
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from app.embedded.valkey import EmbeddedValkey
from app.operator import Operator, operating
from app.secrets_file import write_private
from app.service_key import new_service_key, public_part
from app.supervisor.runfile import RunFile, RunProcess
from tests.processes import until
from tests.system.ports import some_ports
from tests.system.running import ENVIRONMENT, LONG_LIVED, ROOT, WAYBILL

MODULES = ("auth", "sales", "delivery", "product")
READY_WITHIN_S = 90.0  # a busy machine starts a dozen of them
ENDS_WITHIN_S = 20.0  # only a test that fails waits so long

__all__ = ["Deployment", "Operator", "deployed", "operating"]


class Deployment:
    """Services on one machine, one process each, and the Valkey between them."""

    def __init__(self, folder: Path, databases: Mapping[str, str], **told: str) -> None:
        self.folder = folder
        self.databases = databases
        self._told = told
        self.ports = some_ports(",".join(MODULES))
        self.valkey = EmbeddedValkey(folder / "valkey", secrets.token_urlsafe(16))
        self._secrets = {name: secrets.token_urlsafe(32) for name in ("pepper", "key_encryption_key")}
        self._services = {module: new_service_key() for module in MODULES[1:]}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def url(self, module: str) -> str:
        return f"http://127.0.0.1:{self.ports[module]}"

    def start(self, *modules: str) -> None:
        """Start services; does not wait."""
        for module in modules:
            self._launch(module, module)

    def ready(self, *modules: str) -> None:
        """Wait until these services can do their part."""
        for module in modules:
            until(lambda module=module: self._is_ready(module), READY_WITHIN_S)  # type: ignore[misc]  # its own module

    def kill(self, module: str) -> None:
        """`kill -9`."""
        self._processes[module].kill()
        self._processes[module].wait()

    def pid(self, module: str) -> int:
        return self._processes[module].pid

    def runs(self, module: str) -> bool:
        return self._processes[module].poll() is None

    def tell_to_stop(self, module: str, how: signal.Signals = signal.SIGTERM) -> None:
        """Have a service leave in its own time; does not wait."""
        self._processes[module].send_signal(how)

    def ended(self, module: str, within_s: float = ENDS_WITHIN_S) -> int:
        """The exit code of a service that was told to stop; fails the test when it goes on."""
        return self._processes[module].wait(within_s)

    def freeze(self, module: str) -> None:
        """Have a service stand still, with its connections open."""
        os.kill(self._processes[module].pid, signal.SIGSTOP)

    def thaw(self, module: str) -> None:
        """Have it go on."""
        os.kill(self._processes[module].pid, signal.SIGCONT)

    def freeze_valkey(self) -> None:
        """Have Valkey stand still, with its connections open."""
        if self.valkey.pid is not None:
            os.kill(self.valkey.pid, signal.SIGSTOP)

    def thaw_valkey(self) -> None:
        """Have it go on."""
        if self.valkey.pid is not None:
            os.kill(self.valkey.pid, signal.SIGCONT)

    def restart_valkey(self) -> None:
        """Start a Valkey that was stopped or killed, on its port; it comes back empty."""
        self.valkey.launch()
        until(self.valkey.is_ready)

    def describe(self) -> None:
        """Write down what runs, for the operator's commands."""
        lines = [f'{name} = "{value}"' for name, value in self._secrets.items()]
        lines += ["", "[passwords]", *(f'{module} = "{module}"' for module in ("postgres", *MODULES))]
        write_private(self.folder / "secrets.toml", "\n".join([*lines, ""]))
        processes = tuple(RunProcess((one,), self._processes[one].pid, self.url(one)) for one in MODULES)
        RunFile(",".join(MODULES), processes, self.databases, redis={"url": self.valkey.url, "pid": None}).write(
            self.folder
        )

    def log(self, module: str) -> str:
        return (self.folder / f"{module}.log").read_text()

    def end(self) -> None:
        if self.valkey.pid is not None:
            self.thaw_valkey()
        for process in self._processes.values():
            process.send_signal(signal.SIGCONT)
            process.terminate()
        for process in self._processes.values():
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.valkey.stop()

    def _launch(self, name: str, module: str, *words: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [*WAYBILL, "serve", "--config", "config/distributed.toml", "--modules", module, *words],
                cwd=ROOT,
                env=ENVIRONMENT | LONG_LIVED | self._environment(module),
                stdout=log,
                stderr=log,
            )

    def _environment(self, module: str) -> dict[str, str]:
        services = {one: public_part(key) for one, key in self._services.items()}
        services = services if module == "auth" else {module: self._services[module]}
        return {
            f"WAYBILL_DATABASES__{module.upper()}": self.databases[module],
            **{f"WAYBILL_PLACEMENT__{one.upper()}": self.url(one) for one in MODULES},
            **{f"WAYBILL_SERVICES__{one.upper()}": key for one, key in services.items()},
            **({f"WAYBILL_SECRETS__{n.upper()}": s for n, s in self._secrets.items()} if module == "auth" else {}),
            "WAYBILL_EVENTS__URL": self.valkey.url,
            "WAYBILL_TOKENS__ISSUER": self.url("auth"),
            "WAYBILL_LOG__LEVEL": "WARNING",
            **self._told,
        }

    def _is_ready(self, module: str) -> bool:
        code = self._processes[module].poll()
        assert code is None, f"{module} ended with {code}: {self.log(module)[-2000:]}"
        try:
            return httpx.get(f"{self.url(module)}/health/ready", timeout=2).is_success
        except httpx.TransportError:
            return False


@contextmanager
def deployed(folder: Path, database: Callable[[str], str], **told: str) -> Iterator[Deployment]:
    """Four services that are ready, `told` some more settings; ended afterwards."""
    folder.mkdir()
    deployment = Deployment(folder, {module: database(module) for module in MODULES}, **told)
    try:
        deployment.valkey.start()
        deployment.start(*MODULES)
        deployment.ready(*MODULES)
        deployment.describe()
        yield deployment
    finally:
        deployment.end()
