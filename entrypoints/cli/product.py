"""`waybill product`: the catalogue."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from entrypoints.cli.acting import DATA, USAGE, Data, Json, act, actor, end, money, print_table, show

if TYPE_CHECKING:
    from app.operator import Operator
    from modules.product.port import ProductView

app = typer.Typer(no_args_is_help=True, help="The catalogue.")


@app.command("import")
def import_(file: Path, data: Data = DATA, *, as_json: Json = False) -> None:
    """Add products from a CSV or NDJSON file, or change them by SKU; nothing is changed if a row is wrong.

    Columns: sku, name, unit_price (minor units), currency, on_hand (a count; may be empty). A retired product stays
    retired; `set --active` sells it again.
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
    active: Annotated[
        bool | None, typer.Option("--active/--retired", help="Only what is sold, or what is not.")
    ] = None,
    data: Data = DATA,
    *,
    as_json: Json = False,
) -> None:
    """List the catalogue by SKU."""

    async def all_products(operator: "Operator") -> list["ProductView"]:
        found: list[ProductView] = []
        while page := await operator.product.products(found[-1].sku if found else None, 500, prefix, active=active):
            found += page
        return found

    products = act(data, all_products)
    show(products, as_json=as_json, table=lambda: _table(products))


@app.command("show")
def show_(sku: str, data: Data = DATA, *, as_json: Json = False) -> None:
    """Show what the catalogue says of a product."""
    product = act(data, lambda operator: operator.product.product(sku))
    show(product, as_json=as_json, table=lambda: _table([product]))


@app.command("set")
def set_(
    sku: str,
    name: Annotated[str | None, typer.Option(help="What customers read.")] = None,
    price: Annotated[int | None, typer.Option(help="Of one piece, in minor units.")] = None,
    currency: Annotated[str | None, typer.Option(help="ISO 4217, as in EUR.")] = None,
    active: Annotated[bool | None, typer.Option("--active/--retired", help="Sell it, or sell it no more.")] = None,
    data: Data = DATA,
    *,
    as_json: Json = False,
) -> None:
    """Add a product, or change what is named of it; orders that are placed keep their prices.

    Refused where somebody else changes the product at the same moment.
    """
    from entrypoints.cli.catalogue_file import CatalogueFileError, product_of
    from modules.product.port import NoSuchProduct, ProductWanted

    async def put(operator: "Operator") -> "ProductView":
        try:
            found = await operator.product.product(sku)
        except NoSuchProduct:
            found = None
        present = (found.name, found.unit_price.amount, found.unit_price.currency) if found else (None, None, None)
        given = [old if new is None else new for old, new in zip(present, (name, price, currency), strict=True)]
        row = product_of(sku, *given)
        version = found.version if found else None
        wanted = ProductWanted(row.name, row.unit_price, row.currency, active, version, new=found is None)
        return await operator.product.put_product(actor(), row.sku, wanted)

    try:
        product = act(data, put)
    except CatalogueFileError as error:
        raise end(str(error), USAGE) from None
    show(product, as_json=as_json, table=lambda: _table([product]))


@app.command()
def retire(sku: str, data: Data = DATA, *, as_json: Json = False) -> None:
    """Sell a product no more. It stays in the catalogue, and orders that have it are shipped."""
    product = act(data, lambda operator: operator.product.retire_product(actor(), sku))
    show(product, as_json=as_json, table=lambda: _table([product]))


@app.command()
def changes(
    sku: Annotated[str | None, typer.Argument(help="One product; all without it.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many, the newest first.")] = 50,
    data: Data = DATA,
    *,
    as_json: Json = False,
) -> None:
    """Show who changed what of the catalogue, the newest first. Stock is changed by movements, which name who made them."""
    found = act(data, lambda operator: operator.product.list_changes(sku, limit))
    show(
        found,
        as_json=as_json,
        table=lambda: print_table(
            ["sku", "when", "who", "what", "before", "after"],
            [
                [one.sku, f"{one.at:%Y-%m-%d %H:%M:%S}", one.actor, one.action, _told(one.before), _told(one.after)]
                for one in found
            ],
        ),
    )


def _table(products: Sequence["ProductView"]) -> None:
    print_table(
        ["sku", "name", "price", "active", "version"],
        [[one.sku, one.name, money(one.unit_price), "yes" if one.active else "no", one.version] for one in products],
    )


def _told(members: Mapping[str, Any] | None) -> str:
    """The members that differ, for people."""
    if members is None:
        return ""
    told = {name: money(value) if name == "unit_price" else value for name, value in members.items()}
    return ", ".join(f"{name} {value}" for name, value in told.items())
