"""The production layout on this machine: what docker-compose.yml runs, with its names made addresses of loopback.

`layout()` is the file as Docker Compose itself understands it. `containers(…)` are the commands and the environment of
its containers that run our image, ready to be started here against servers on other ports.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from app.embedded.loopback import HOST

ROOT = Path(__file__).parents[2]
COMPOSE = Path(sys.executable).with_name("docker-compose")
SERVICES = ("auth", "sales", "delivery", "product")
ISSUER = "https://auth.example.com"
MOUNTED = "/run/secrets/"
INTERNAL = "--internal-port"

# Empty is not given, and stronger than what somebody has in a file .env here.
GIVEN = {"WAYBILL_ISSUER": ISSUER, "WAYBILL_IMAGE": "", "WAYBILL_AUTH_PORTS": "", "WAYBILL_SALES_PORTS": ""}


def compose(*words: str, file: Path = ROOT / "docker-compose.yml", program: Path = COMPOSE) -> str:
    """What `docker-compose WORDS` prints; fails the test where it refuses the file."""
    answer = subprocess.run(
        [program, "--file", file, *words],
        env=GIVEN | {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


@cache
def layout() -> Mapping[str, Any]:
    """The compose file with its anchors, variables and short forms resolved."""
    read: Mapping[str, Any] = json.loads(compose("--profile", "operator", "config", "--format", "json"))
    return read


def make_secrets(folder: Path) -> Mapping[str, str]:
    """The secrets as an operator makes them: by name, each also a file in `folder`."""
    subprocess.run(["sh", ROOT / "config" / "make-secrets.sh", folder], check=True, capture_output=True, timeout=20)
    return {file.name: file.read_text().strip() for file in folder.iterdir()}


def password_of(secret: str) -> str:
    """The password in a secret that is a URL; servers started for a test are given it."""
    found = re.findall(r":([^:@/]+)@", secret)
    return str(found[0])


@dataclass(frozen=True)
class Container:
    """A program of the layout: its words, and the variables that the compose file gives it."""

    words: tuple[str, ...]
    environment: Mapping[str, str]

    def started(self, **given: Any) -> "subprocess.Popen[str]":
        """The program, running; it sees no variable of ours but those that make a Python run at all."""
        inherited = {name: os.environ[name] for name in ("HOME", "TMPDIR") if name in os.environ}
        return subprocess.Popen(self.words, cwd=ROOT, env={**inherited, **self.environment}, text=True, **given)


def internal_ports() -> Mapping[str, int]:
    """The second ports of the layout, by the service's name with `:internal` behind it."""
    found = {}
    for name in SERVICES:
        words = layout()["services"][name]["command"]
        if INTERNAL in words:
            found[f"{name}:internal"] = int(words[words.index(INTERNAL) + 1])
    return found


def containers(folder: Path, secrets: Mapping[str, str], ports: Mapping[str, int]) -> Mapping[str, Container]:
    """The four services, `migrate` and `operator`, with all that they write and read in `folder`.

    `ports` says where on loopback a host of the layout is (`sales`, `postgres`, `redis`), and `sales:internal` its second
    port where that is to be another than the layout's. A container gets the secrets that
    the compose file grants it, in a folder of its own, and no other.
    """
    return {name: _container(name, folder, secrets, ports) for name in (*SERVICES, "migrate", "operator")}


def _container(name: str, folder: Path, secrets: Mapping[str, str], ports: Mapping[str, int]) -> Container:
    service = layout()["services"][name]
    mounted = folder / name
    mounted.mkdir(parents=True)
    inner = internal_ports()

    def here(text: str) -> str:
        for second, port in inner.items():
            text = text.replace(f"//{second.partition(':')[0]}:{port}", f"//{HOST}:{ports.get(second, port)}")
        text = re.sub(
            rf"(?<=[/@])({'|'.join(name for name in ports if ':' not in name)}):\d+",
            lambda host: f"{HOST}:{ports[host[1]]}",
            text,
        )
        return text.replace(MOUNTED, f"{mounted}/").replace("0.0.0.0", HOST).replace(ISSUER, _issuer(ports))  # noqa: S104

    for granted in service["secrets"]:
        (mounted / granted["source"]).write_text(here(secrets[granted["source"]]) + "\n")
    words = [here(unescaped(word)) for word in (*(service["entrypoint"] or entrypoint()), *service["command"])]
    if "--port" in words:
        words[words.index("--port") + 1] = str(ports[name])
    if INTERNAL in words:
        second = f"{name}:internal"
        words[words.index(INTERNAL) + 1] = str(ports.get(second, inner[second]))
    # Python first: it is the one of this environment that `waybill` and a health check are to find.
    path = os.pathsep.join((str(_waybill_in(folder)), str(Path(sys.executable).parent), os.environ["PATH"]))
    given = service.get("environment") or {}
    return Container(
        (_found(words[0], path), *words[1:]),
        {variable: here(unescaped(value)) for variable, value in given.items()} | {"PATH": path},
    )


def unescaped(text: str) -> str:
    """What a container gets for a text of the compose file."""
    return text.replace("$$", "$")


def entrypoint() -> tuple[str, ...]:
    """What our image runs where the compose file names nothing else."""
    said = re.findall(r"^ENTRYPOINT (\[.*\])$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    return tuple(json.loads(said[-1]))


def _issuer(ports: Mapping[str, int]) -> str:
    return f"http://{HOST}:{ports['auth']}"


def _waybill_in(folder: Path) -> Path:
    """A folder with the program that the image has as `waybill`."""
    place = folder / "bin"
    place.mkdir(exist_ok=True)
    program = place / "waybill"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -P -m entrypoints.cli "$@"\n')
    program.chmod(0o755)
    return place


def _found(program: str, path: str) -> str:
    found = shutil.which(program, path=path)
    assert found, f"{program} is not on the PATH"
    return found
