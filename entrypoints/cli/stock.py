"""`waybill stock`: how much there is."""

from typing import Annotated

import typer

from entrypoints.cli.acting import DATA, REFUSED, Data, Json, act, actor, end, one_line, print_table, show

app = typer.Typer(no_args_is_help=True, help="Stock.")

MOST = 10**12

Key = Annotated[
    str | None,
    typer.Option(help="Makes a repeat the same change; a fresh one where none is given.", callback=one_line(255)),
]
Reason = Annotated[str, typer.Option(help="For the audit.", callback=one_line(200))]


@app.command("show")
def show_(sku: str, data: Data = DATA, *, as_json: Json = False) -> None:
    """Show what is on hand, held and available of a product."""
    found = act(data, lambda operator: operator.product.stock([sku]))
    if not found:
        raise end(f"There is no product {sku}.", REFUSED)
    _print(found[0], as_json=as_json)


@app.command()
def receive(
    sku: str,
    quantity: Annotated[int, typer.Argument(min=1, max=MOST)],
    data: Data = DATA,
    key: Key = None,
    reason: Reason = "",
    *,
    as_json: Json = False,
) -> None:
    """Book goods in."""
    _change("receipt", sku, quantity, data, key, reason, as_json=as_json)


@app.command()
def count(
    sku: str,
    quantity: Annotated[int, typer.Argument(min=0, max=MOST)],
    data: Data = DATA,
    key: Key = None,
    reason: Reason = "",
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Count below what open orders hold: what is missing becomes a shortage.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Set what is on hand to what was counted; refused, with the orders, below what open orders hold.

    Forced, it is booked: the orders keep what they hold, what is missing of that is shown as a shortage, and nothing
    more is sold until what comes in, or orders that are cancelled, have made up for it.
    """
    _change("count", sku, quantity, data, key, reason, force=force, as_json=as_json)


@app.command()
def movements(
    sku: str,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 20,
    kind: Annotated[
        str | None, typer.Option(help="Only of this kind: receipt, count, ship, return, write_off, …")
    ] = None,
    data: Data = DATA,
    *,
    as_json: Json = False,
) -> None:
    """List what has changed the stock of a product, the newest first, with the reason."""
    found = act(data, lambda operator: operator.product.movements(sku, limit, kind))
    show(
        found,
        as_json=as_json,
        table=lambda: print_table(
            ["at", "kind", "quantity", "on hand", "held", "by", "reason"],
            [
                [
                    f"{one.at:%Y-%m-%d %H:%M:%S}",
                    one.kind,
                    one.quantity,
                    one.on_hand_change,
                    one.held_change,
                    one.actor,
                    one.reason,
                ]
                for one in found
            ],
        ),
    )


@app.command()
def verify(data: Data = DATA, *, as_json: Json = False) -> None:
    """Compare every counter with what movements and open holds add up to."""
    faults = act(data, lambda operator: operator.product.verify_stock())
    show(
        faults,
        as_json=as_json,
        table=lambda: (
            print_table(
                ["sku", "differs", "counter", "rows add up to"],
                [[one.sku, one.what, one.counter, one.derived] for one in faults],
            )
            if faults
            else typer.echo("every counter is right")
        ),
    )
    if faults:
        raise typer.Exit(REFUSED)


def _change(
    kind: str,
    sku: str,
    quantity: int,
    data: Data,
    key: str | None,
    reason: str,
    *,
    as_json: bool,
    force: bool = False,
) -> None:
    from modules.kernel.ids import new_id
    from modules.product.port import StockChange

    change = StockChange(kind, quantity, key or f"cli:{new_id()}", reason, force)
    _print(act(data, lambda operator: operator.product.change_stock(actor(), sku, change)), as_json=as_json)


def _print(stock: object, *, as_json: bool) -> None:
    from modules.product.port import StockView

    if not isinstance(stock, StockView):
        raise TypeError(stock)
    show(
        stock,
        as_json=as_json,
        table=lambda: print_table(
            ["sku", "on hand", "held", "available", "missing"],
            [[stock.sku, stock.on_hand, stock.held, stock.available, stock.shortage]],
        ),
    )
