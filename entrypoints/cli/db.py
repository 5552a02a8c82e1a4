"""`waybill db`: migrations, per module."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from entrypoints.cli.acting import DATA, NO_ANSWER, REFUSED, Data, Json, end, print_table, show

if TYPE_CHECKING:
    from app.migrations import Migrations

app = typer.Typer(no_args_is_help=True, help="Migrations, per module.")

Module = Annotated[str | None, typer.Option(help="Only this module.")]


@app.command()
def upgrade(module: Module = None, data: Data = DATA) -> None:
    """Bring schemas up to what this code needs."""
    for migrations in _each(module, data):
        migrations.upgrade()
        typer.echo(f"{migrations.module} is at {migrations.current()}")


@app.command()
def downgrade(revision: str, module: Annotated[str, typer.Option(help="The module.")], data: Data = DATA) -> None:
    """Bring a module's schema down to a revision; `base` empties its database."""
    for migrations in _each(module, data):
        migrations.downgrade(revision)
        typer.echo(f"{migrations.module} is at {migrations.current() or 'base'}")


@app.command()
def status(module: Module = None, data: Data = DATA, *, as_json: Json = False) -> None:
    """Show each schema's revision beside the newest that this code knows."""
    rows = [{"module": one.module, "revision": one.current(), "newest": one.head()} for one in _each(module, data)]
    show(
        rows,
        as_json=as_json,
        table=lambda: print_table(
            ["module", "revision", "newest"],
            [[row["module"], row["revision"] or "base", row["newest"]] for row in rows],
        ),
    )


@app.command()
def check(module: Module = None, data: Data = DATA) -> None:
    """Compare each schema with the tables of the code; ends with 1 where they differ."""
    from app.container import TABLES

    different = False
    for migrations in _each(module, data):
        for difference in migrations.differences(TABLES[migrations.module]):
            different = True
            typer.echo(f"{migrations.module}: {difference}")
    if different:
        raise typer.Exit(REFUSED)
    typer.echo("every schema is what the code needs")


def _each(module: str | None, data: Data) -> "Iterator[Migrations]":
    from app.launcher import CannotStart
    from app.operator import database_urls

    try:
        urls = database_urls(data)
    except CannotStart as error:
        raise end(str(error), NO_ANSWER) from None

    from sqlalchemy.exc import OperationalError

    from app.migrations import Migrations

    if module is not None and module not in urls:
        raise end(f"There is no database of {module}; known are {', '.join(urls)}.", 2)
    for name, url in urls.items():
        if module in {None, name}:
            migrations = Migrations(name, url)
            try:
                yield migrations
            except OperationalError:
                raise end(f"The database of {name} gives no answer.", NO_ANSWER) from None
            finally:
                migrations.close()
