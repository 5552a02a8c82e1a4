"""`waybill shipment`: what is on its way."""

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
    as_json: Json = False,
) -> None:
    """Report the step that a shipment took: packed, dispatched, in_transit, delivered, failed or returned."""
    from modules.delivery.port import StatusReport
    from modules.kernel.ids import ShipmentId

    report = StatusReport(status=status, note=note)
    shipment = act(data, lambda operator: operator.delivery.report(actor(), ShipmentId(shipment_id), report))
    show(shipment, as_json=as_json, table=lambda: typer.echo(f"{shipment.id} is {shipment.status}"))
