"""The Dockerfile, without an engine: lint, what it copies, and whether that is all the program needs."""

import json
import re
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.system.compose_world import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text()
STAGES = re.split(r"^FROM ", DOCKERFILE.replace("\\\n", " "), flags=re.MULTILINE)[1:]

EVERYTHING = """
import importlib, json, pkgutil, sys
import alembic, app, entrypoints, modules
names = [one.name for package in (app, entrypoints, modules)
         for one in pkgutil.walk_packages(package.__path__, package.__name__ + ".") if not one.name.endswith("shim")]
for name in names:
    importlib.import_module(name)
ours = [module for name, module in sys.modules.items() if name.partition(".")[0] in ("app", "bench", "entrypoints", "modules", "tests")]
print(json.dumps([module.__file__ for module in ours if getattr(module, "__file__", None)]))
"""


def ignored(path: str) -> bool:
    """What .dockerignore says about a path of the context: the last line that fits it or a folder above it."""
    answer = False
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.removeprefix("!").removeprefix("**/")
        if not line or line.startswith("#"):
            continue
        whole = [str(above) for above in (Path(path), *Path(path).parents)][:-1]
        parts = Path(path).parts if "**/" in line else whole
        if any(fnmatch(part, pattern) for part in parts):
            answer = not line.startswith("!")
    return answer


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the image's first stage copies out of the context."""
    target = tmp_path_factory.mktemp("image")
    for *sources, place in (words.split() for words in re.findall(r"^COPY ([^-].*)$", STAGES[0], re.MULTILINE)):
        for found in (path for source in sources for path in sorted(ROOT.glob(source))):
            files = [found] if found.is_file() else [file for file in found.rglob("*") if file.is_file()]
            for file in files:
                if ignored(str(file.relative_to(ROOT))):
                    continue
                to = target / place / (file.name if found.is_file() else file.relative_to(found))
                to.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, to)
    return target


def test_hadolint_has_nothing_to_say() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    answer = subprocess.run(
        [hadolint, "--failure-threshold", "style", ROOT / "Dockerfile"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (answer.returncode, answer.stdout) == (0, "")


def test_the_image_is_what_the_program_is_made_of(image: Path) -> None:
    assert {path.name for path in image.iterdir()} == {
        "LICENSE", "alembic", "app", "config", "entrypoints", "modules", "pyproject.toml", "uv.lock",
    }  # fmt: skip
    assert {path.suffix for path in (image / "config").iterdir()} == {".toml"}
    assert not [path for path in image.rglob("*") if "__pycache__" in path.parts]


def test_nothing_that_the_program_imports_is_left_out(image: Path) -> None:
    command = [sys.executable, "-P", "-c", EVERYTHING]
    environment = {"PYTHONPATH": str(image), "PYTHONDONTWRITEBYTECODE": "1"}
    answer = subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert answer.returncode == 0, answer.stderr
    files = json.loads(answer.stdout)
    assert len(files) > 100
    assert not [file for file in files if not Path(file).is_relative_to(image)]


def test_every_schema_history_is_in_the_image(image: Path) -> None:
    here, there = (sorted(path.relative_to(at) for path in at.glob("alembic/**/*.py")) for at in (ROOT, image))
    assert here == there


@pytest.mark.parametrize(
    "path", ["secrets/pepper", ".env", ".git/config", ".waybill/secrets.toml", "tests/conftest.py"]
)
def test_what_must_not_leave_never_reaches_the_engine(path: str) -> None:
    assert ignored(path)


def test_the_image_is_built_with_the_uv_that_run_pins() -> None:
    pinned = re.search(r"^uv_version=(.+)$", (ROOT / "run").read_text(), re.MULTILINE)
    assert pinned
    assert re.findall(r"\buv==(\S+)", STAGES[0]) == [pinned[1]]
    assert "uv sync --frozen --no-dev " in STAGES[0]


def test_the_last_stage_has_no_tool_to_build_with_and_no_root() -> None:
    last = STAGES[-1]
    assert last.startswith("python:${PYTHON}\n")
    assert not re.search(r"\buv\b|pip |apt|COPY (?!--from=build )", last)
    assert re.search(r"^USER [1-9]\d+:[1-9]\d+$", last, re.MULTILINE)
    assert "\nSTOPSIGNAL SIGTERM\n" in last
    assert '\nENTRYPOINT ["waybill"]\n' in last
    assert re.search(r"^ARG PYTHON=\d+\.\d+\.\d+-slim", DOCKERFILE, re.MULTILINE)
