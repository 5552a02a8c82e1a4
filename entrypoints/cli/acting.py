"""What every command shares: where the installation is, how its answer is shown, and how it ends."""

import asyncio
import gc
import getpass
import os
import re
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

if TYPE_CHECKING:
    from app.operator import Operator

_T = TypeVar("_T")

Data = Annotated[Path, typer.Option(help="The data folder of the installation.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, and only that, to stdout.")]
DATA = Path(".waybill")

DONE, REFUSED, USAGE, NO_ANSWER = 0, 1, 2, 3
NO_TEXT = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")  # surrogates: bytes of the command line that are not UTF-8


def act(data: Path, work: "Callable[[Operator], Awaitable[_T]]") -> _T:
    """Do something through the operator ports; a refusal or a missing answer ends the command with a sentence."""

    async def run() -> _T:
        from app.operator import operating

        async with operating(data) as operator:
            return await work(operator)

    return ask(data, run)


def ask(data: Path, run: Callable[[], Awaitable[_T]]) -> _T:
    """Do something with the system on a data folder, where there is one; ends as `act` does."""
    from app.supervisor.runfile import read_run

    if read_run(data) is None and not any(name.startswith("WAYBILL_DATABASES__") for name in os.environ):
        raise end(f"Nothing runs on {data}; start it with `waybill up`.", NO_ANSWER)
    gc.disable()  # a command is over before there is anything to collect, and importing is quicker so

    from app.launcher import CannotStart
    from modules.kernel.errors import Unavailable, WaybillError

    async def answer() -> _T:
        return await run()

    try:
        return asyncio.run(answer())
    except CannotStart as error:
        raise end(str(error), NO_ANSWER) from None
    except Unavailable as error:
        raise end(error.detail, NO_ANSWER) from None
    except WaybillError as error:
        raise end(error.detail, REFUSED) from None
    except UnicodeEncodeError:
        raise end("A word of the command is not text in UTF-8.", USAGE) from None


def one_line(longest: int) -> Callable[[str | None], str | None]:
    """Check that an option is one line of text, of at most so many characters."""

    def check(value: str | None) -> str | None:
        if value is not None and (len(value) > longest or NO_TEXT.search(value)):
            raise typer.BadParameter(f"must be one line of text, of at most {longest} characters")
        return value

    return check


def end(sentence: str, code: int) -> typer.Exit:
    """The end of a command that could not do what was asked: one sentence, and an exit code."""
    typer.echo(sentence, err=True)
    return typer.Exit(code)


def actor() -> str:
    """Who acts, for the audit."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):
        return "cli"


def show(answer: Any, *, as_json: bool, table: Callable[[], None]) -> None:
    """Print an answer: as JSON for programs, as a table for people."""
    if as_json:
        import orjson

        sys.stdout.write(orjson.dumps(answer, option=orjson.OPT_UTC_Z | orjson.OPT_INDENT_2).decode() + "\n")
    else:
        table()


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under their headings, numbers to the right."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for place, name in enumerate(columns):
        number = bool(rows) and all(_is_number(row[place]) for row in rows)
        table.add_column(name, justify="right" if number else "left", overflow="fold", no_wrap=place == 0)
    for row in rows:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    Console().print(table)


def _is_number(cell: object) -> bool:
    return str(cell).replace(".", "", 1).isdigit()


def money(price: Mapping[str, Any] | Any) -> str:
    """An amount for people: `19.99 EUR`."""
    amount, currency = (
        (price["amount"], price["currency"]) if isinstance(price, Mapping) else (price.amount, price.currency)
    )
    return f"{amount / 100:,.2f} {currency}"
