"""`waybill product`: the catalogue."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from entrypoints.cli.acting import DATA, USAGE, Data, Json, act, actor, end, money, print_table, show

if TYPE_CHECKING:
    from app.operator import Operator
    from modules.product.port import ProductView

app = typer.Typer(no_args_is_help=True, help="The catalogue.")


@app.command("import")
def import_(file: Path, data: Data = DATA, *, as_json: Json = False) -> None:
    """Add products from a CSV or NDJSON file, or change them by SKU; nothing is changed if a row is wrong.

    Columns: sku, name, unit_price (minor units), currency, on_hand (a count; may be empty).
    """
    from entrypoints.cli.catalogue_file import CatalogueFileError, read_catalogue

    try:
        rows = read_catalogue(file)
    except CatalogueFileError as error:
        raise end(str(error), USAGE) from None
    imported = act(data, lambda operator: operator.product.import_products(actor(), rows))
    show({"imported": imported}, as_json=as_json, table=lambda: typer.echo(f"{imported} products imported"))


@app.command("list")
def list_(
    prefix: Annotated[str, typer.Option(help="Only SKUs that begin so.")] = "",
    data: Data = DATA,
    *,
    as_json: Json = False,
) -> None:
    """List the catalogue by SKU."""

    async def all_products(operator: "Operator") -> list["ProductView"]:
        found: list[ProductView] = []
        while page := await operator.product.products(found[-1].sku if found else None, 500, prefix):
            found += page
        return found

    products = act(data, all_products)
    show(
        products,
        as_json=as_json,
        table=lambda: print_table(
            ["sku", "name", "price", "active"],
            [[one.sku, one.name, money(one.unit_price), "yes" if one.active else "no"] for one in products],
        ),
    )
