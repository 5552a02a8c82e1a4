"""`python -m entrypoints.cli`."""

import typer

from entrypoints.cli.serve import serve

app = typer.Typer(name="waybill", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.command()(serve)


@app.callback()
def waybill() -> None:
    """Orders that cannot oversell, followed to the door."""


if __name__ == "__main__":
    app()
