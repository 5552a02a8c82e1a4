"""`waybill shipment`: what is on its way."""

import re
from typing import Annotated
from uuid import UUID

import typer

from entrypoints.cli.acting import DATA, Data, Json, act, actor, one_line, print_table, show

app = typer.Typer(no_args_is_help=True, help="Shipments.")


@app.command("list")
def list_(
    status: Annotated[str | None, typer.Option(help="Only shipments in this status.")] = None,
    order: Annotated[UUID | None, typer.Option(help="Only shipments of this order.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 20,
    data: Data = DATA,
    *,
    as_json: Json = False,
) -> None:
    """List shipments, newest first."""
    from modules.kernel.ids import OrderId

    of_order = None if order is None else OrderId(order)
    shipments = act(data, lambda operator: operator.delivery.shipments(of_order, status, limit))
    show(
        shipments,
        as_json=as_json,
        table=lambda: print_table(
            ["id", "order", "part", "status", "opened at"],
            [[one.id, one.order_id, one.part, one.status, f"{one.opened_at:%Y-%m-%d %H:%M:%S}"] for one in shipments],
        ),
    )


@app.command()
def advance(
    shipment_id: UUID,
    status: str,
    note: Annotated[str | None, typer.Option(help="For the history.", callback=one_line(200))] = None,
    data: Data = DATA,
    *,
    no_restock: Annotated[
        bool, typer.Option("--no-restock", help="Of a return: the goods are not fit to be sold again.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Report the step that a shipment took: packed, dispatched, in_transit, delivered, failed or returned."""
    from modules.delivery.port import StatusReport
    from modules.kernel.ids import ShipmentId

    report = StatusReport(status=status, note=note, restock=False if no_restock else None)
    shipment = act(data, lambda operator: operator.delivery.report(actor(), ShipmentId(shipment_id), report))
    show(shipment, as_json=as_json, table=lambda: typer.echo(f"{shipment.id} is {shipment.status}"))


@app.command()
def split(
    shipment_id: UUID,
    line: Annotated[list[str], typer.Option(metavar="SKU=N", help="So many of a SKU; as often as needed.")],
    data: Data = DATA,
    *,
    as_json: Json = False,
) -> None:
    """Put some of what is in a shipment into a new part of its order. Only what has not left can be split."""
    from modules.delivery.port import ShippedLine
    from modules.kernel.ids import ShipmentId, new_id

    lines = [ShippedLine(sku, quantity) for sku, quantity in map(_line, line)]
    key = str(new_id())
    new = act(data, lambda operator: operator.delivery.split(actor(), ShipmentId(shipment_id), lines, key))
    show(new, as_json=as_json, table=lambda: typer.echo(f"{new.id} is part {new.part} of order {new.order_id}"))


def _line(text: str) -> tuple[str, int]:
    sku, _, quantity = text.rpartition("=")
    if not (sku and re.fullmatch("[0-9]{1,7}", quantity)):
        raise typer.BadParameter(f"{text!r} must be like TEA=2", param_hint="--line")
    return sku, int(quantity)
