"""`waybill docs`: the documents that are written from the code."""

from pathlib import Path
from typing import Annotated

import typer

from entrypoints.cli.acting import NO_ANSWER, REFUSED, end

HERE = Path(__file__).parents[2] / "docs"


def docs(
    to: Annotated[Path, typer.Option(help="The folder with the documents.")] = HERE,
    *,
    check: Annotated[bool, typer.Option("--check", help="Only compare; exit 1 and name what differs.")] = False,
) -> None:
    """Write the OpenAPI document of each service, AsyncAPI, and the state machines, as the code has them."""
    from app.docs import EXAMPLES, documents

    if not (to / EXAMPLES).is_dir():
        raise end(f"There is no {to / EXAMPLES}; give a checkout's docs folder with --to.", NO_ANSWER)
    try:
        made = documents(to)
    except ImportError:
        raise end("Documents are written in a checkout: PyYAML is not installed.", NO_ANSWER) from None
    others = {path: text for path, text in made.items() if _read(to / path) != text}
    for path, text in others.items():
        typer.echo(f"{path} {'differs' if check else 'written'}")
        if not check:
            (to / path).parent.mkdir(exist_ok=True)
            (to / path).write_text(text, encoding="utf-8")
    if check and others:
        raise end("These documents are not what the code says; `waybill docs` writes them.", REFUSED)
    if not others:
        typer.echo("every document is what the code says")


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None
