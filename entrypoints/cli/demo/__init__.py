"""`waybill demo`: the main job on real input, with the check of the promises at its end."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from entrypoints.cli.acting import DATA, NO_ANSWER, REFUSED, USAGE, Data, Json, end, show
from entrypoints.cli.up import Ports, Split

NORTHWIND = Path(__file__).resolve().parents[3] / "examples" / "northwind"


def demo(  # noqa: PLR0913  an argument is an option
    orders: Annotated[int, typer.Option(min=3, help="How many of the file's orders.")] = 20,
    file: Annotated[Path, typer.Option("--from", help="Orders as NDJSON.")] = NORTHWIND / "orders.ndjson",
    catalogue: Annotated[Path, typer.Option(help="The catalogue that they are from.")] = NORTHWIND / "catalogue.csv",
    stock: Annotated[str, typer.Option(help="enough: for all but the last two; as-is: what the file says.")] = "enough",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where to listen, if nothing runs yet.")] = 3000,
    data: Data = DATA,
    split: Split = None,
    ports: Ports = None,
    *,
    as_json: Json = False,
) -> None:
    """Place real orders over HTTP, follow each to the door, and check that nothing was lost, doubled or oversold."""
    import uvloop

    from app.supervisor import WrongPlan
    from entrypoints.cli.catalogue_file import CatalogueFileError, read_catalogue
    from entrypoints.cli.demo.basket import OrdersFileError, read_orders
    from entrypoints.cli.demo.journey import answered
    from entrypoints.cli.demo.play import play
    from entrypoints.cli.demo.report import Report
    from entrypoints.cli.demo.system import Wanted, system

    if stock not in {"enough", "as-is"}:
        raise end(f"--stock is enough or as-is, not {stock}.", USAGE)
    try:
        baskets, products = read_orders(file, orders), read_catalogue(catalogue)
        wanted = Wanted(split, ports, port)
    except (OrdersFileError, CatalogueFileError, WrongPlan) as error:
        raise end(str(error), USAGE) from None
    report = Report(quiet=as_json)
    with _in_a_sentence(), system(data, wanted, report) as run, answered():
        uvloop.run(play(data, run, baskets, products, report, as_is=stock == "as-is"))
    show(report.as_dict(), as_json=as_json, table=report.print_end)
    if not report.holds:
        raise typer.Exit(REFUSED)


@contextmanager
def _in_a_sentence() -> Iterator[None]:
    """End the command with what was refused, or gave no answer."""
    from app.launcher import CannotStart
    from modules.kernel.errors import WaybillError

    try:
        yield
    except CannotStart as error:
        raise end(str(error), NO_ANSWER) from None
    except WaybillError as error:
        raise end(error.detail, NO_ANSWER if error.retryable else REFUSED) from None
