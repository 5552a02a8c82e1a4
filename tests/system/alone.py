"""Everything in one process as an operator starts it, by `serve`, with nobody who starts it again."""

import secrets
import subprocess
from collections.abc import Mapping
from pathlib import Path

import httpx

from app.secrets_file import write_private
from app.supervisor.runfile import RunFile, RunProcess
from tests.processes import until
from tests.system.deployment import ENDS_WITHIN_S, MODULES, READY_WITHIN_S
from tests.system.running import ENVIRONMENT, LONG_LIVED, ROOT, WAYBILL


class Alone:
    """A process on one port; `words` are more options of `serve`."""

    def __init__(self, folder: Path, port: int, databases: Mapping[str, str], *words: str) -> None:
        self.folder = folder
        self.databases = databases
        self.url = f"http://127.0.0.1:{port}"
        self._secrets = {name: secrets.token_urlsafe(32) for name in ("pepper", "key_encryption_key")}
        with (folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*WAYBILL, "serve", "--config", "config/monolith.toml", "--port", str(port), *words],
                cwd=ROOT,
                env=ENVIRONMENT | LONG_LIVED | self._environment(),
                stdout=log,
                stderr=log,
            )

    def ready(self) -> None:
        """Wait until it can do its part."""
        until(self._is_ready, READY_WITHIN_S)

    def describe(self, databases: Mapping[str, str]) -> None:
        """Write down what runs, for the operator's commands, and where they find the databases."""
        lines = [f'{name} = "{value}"' for name, value in self._secrets.items()]
        lines += ["", "[passwords]", *(f'{module} = "{module}"' for module in ("postgres", *MODULES))]
        write_private(self.folder / "secrets.toml", "\n".join([*lines, ""]))
        process = RunProcess(MODULES, self.process.pid, self.url)
        RunFile("+".join(MODULES), (process,), databases).write(self.folder)

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def ended(self) -> int:
        """Its exit code, when it was told to stop."""
        return self.process.wait(ENDS_WITHIN_S)

    def end(self) -> None:
        self.process.kill()
        self.process.wait()

    def _environment(self) -> dict[str, str]:
        return {
            **{f"WAYBILL_DATABASES__{module.upper()}": dsn for module, dsn in self.databases.items()},
            **{f"WAYBILL_SECRETS__{name.upper()}": secret for name, secret in self._secrets.items()},
            "WAYBILL_TOKENS__ISSUER": self.url,
            "WAYBILL_LOG__LEVEL": "WARNING",
        }

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, self.log()[-2000:]
        try:
            return httpx.get(f"{self.url}/health/ready", timeout=2).is_success
        except httpx.TransportError:
            return False
