"""`python -m entrypoints.cli`."""

import typer

from entrypoints.cli import client, db, event, key, order, product, shipment, stock
from entrypoints.cli.bench import bench
from entrypoints.cli.chaos import chaos
from entrypoints.cli.demo import demo
from entrypoints.cli.docs import docs
from entrypoints.cli.doctor import doctor
from entrypoints.cli.serve import serve
from entrypoints.cli.up import up

app = typer.Typer(name="waybill", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.command()(up)
app.command()(demo)
app.command()(serve)
app.command()(bench)
app.command()(doctor)
app.command()(chaos)
app.command()(docs)
app.add_typer(db.app, name="db")
app.add_typer(client.app, name="client")
app.add_typer(key.app, name="key")
app.add_typer(product.app, name="product")
app.add_typer(stock.app, name="stock")
app.add_typer(order.app, name="order")
app.add_typer(shipment.app, name="shipment")
app.add_typer(event.app, name="event")


@app.callback()
def waybill() -> None:
    """Orders that cannot oversell, followed to the door."""


if __name__ == "__main__":
    app()
