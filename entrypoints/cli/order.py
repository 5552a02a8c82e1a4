"""`waybill order`: what customers asked for."""

from typing import Annotated
from uuid import UUID

import typer

from entrypoints.cli.acting import DATA, Data, Json, act, actor, money, one_line, print_table, show

app = typer.Typer(no_args_is_help=True, help="Orders.")


@app.command("list")
def list_(
    status: Annotated[str | None, typer.Option(help="Only orders in this status.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 20,
    data: Data = DATA,
    *,
    as_json: Json = False,
) -> None:
    """List orders, newest first."""
    orders = act(data, lambda operator: operator.sales.orders(status, limit))
    show(
        orders,
        as_json=as_json,
        table=lambda: print_table(
            ["id", "status", "reference", "lines", "total", "placed at"],
            [
                [
                    one.id,
                    one.status,
                    one.reference,
                    len(one.lines),
                    money(one.total),
                    f"{one.placed_at:%Y-%m-%d %H:%M:%S}",
                ]
                for one in orders
            ],
        ),
    )


@app.command("show")
def show_(order_id: UUID, data: Data = DATA, *, as_json: Json = False) -> None:
    """Show an order with its lines, parcels and history."""
    from modules.kernel.ids import OrderId

    order, history = act(data, lambda operator: operator.sales.order(OrderId(order_id)))

    def tables() -> None:
        typer.echo(f"{order.id}  {order.status}  {money(order.total)}  {order.reference or ''}")
        print_table(
            ["sku", "name", "quantity", "price", "total"],
            [[one.sku, one.name, one.quantity, money(one.unit_price), money(one.total)] for one in order.lines],
        )
        print_table(
            ["part", "shipment", "status", "carrier", "tracking code"],
            [[one.part, one.id, one.status, one.carrier, one.tracking_code] for one in order.shipments],
        )
        print_table(
            ["#", "from", "to", "at", "by", "reason"],
            [[one.sequence, one.from_, one.to, f"{one.at:%H:%M:%S.%f}"[:-3], one.actor, one.reason] for one in history],
        )

    show({"order": order, "history": history}, as_json=as_json, table=tables)


@app.command()
def cancel(
    order_id: UUID,
    reason: Annotated[str | None, typer.Option(help="Why; the customer sees it.", callback=one_line(200))] = None,
    data: Data = DATA,
    *,
    as_json: Json = False,
) -> None:
    """Have nothing of an order leave, if nothing has: delivery decides, and the order's history tells."""
    from modules.kernel.ids import OrderId

    order = act(data, lambda operator: operator.sales.cancel(actor(), OrderId(order_id), reason))
    show(order, as_json=as_json, table=lambda: typer.echo(f"{order.id} is {order.status}."))
