"""`waybill db`: migrations, per module."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from entrypoints.cli.acting import DATA, NO_ANSWER, REFUSED, USAGE, Data, Json, end, print_table, show

if TYPE_CHECKING:
    from app.migrations import Migrations

_T = TypeVar("_T")

app = typer.Typer(no_args_is_help=True, help="Migrations, per module.")

Module = Annotated[str | None, typer.Option(help="Only this module.")]


@app.command()
def upgrade(module: Module = None, data: Data = DATA) -> None:
    """Bring schemas up to what this code needs."""

    def upgraded(migrations: "Migrations") -> None:
        migrations.upgrade()
        typer.echo(f"{migrations.module} is at {migrations.current()}")

    _each(module, data, upgraded)


@app.command()
def downgrade(revision: str, module: Annotated[str, typer.Option(help="The module.")], data: Data = DATA) -> None:
    """Bring a module's schema down to a revision; `base` empties its database."""

    def downgraded(migrations: "Migrations") -> None:
        migrations.downgrade(revision)
        typer.echo(f"{migrations.module} is at {migrations.current() or 'base'}")

    _each(module, data, downgraded)


@app.command()
def status(module: Module = None, data: Data = DATA, *, as_json: Json = False) -> None:
    """Show each schema's revision beside the newest that this code knows."""
    rows = _each(module, data, lambda one: {"module": one.module, "revision": one.current(), "newest": one.head()})
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

    def different(migrations: "Migrations") -> bool:
        from app.tables import TABLES

        differences = migrations.differences(TABLES[migrations.module])
        for difference in differences:
            typer.echo(f"{migrations.module}: {difference}")
        return bool(differences)

    if any(_each(module, data, different)):
        raise typer.Exit(REFUSED)
    typer.echo("every schema is what the code needs")


def _each(module: str | None, data: Data, work: "Callable[[Migrations], _T]") -> list[_T]:
    """What `work` makes of the migrations of every module, or of one."""
    from app.launcher import CannotStart
    from app.operator import database_urls

    try:
        urls = database_urls(data)
    except CannotStart as error:
        raise end(str(error), NO_ANSWER) from None
    if module is not None and module not in urls:
        raise end(f"There is no database of {module}; known are {', '.join(urls)}.", USAGE)
    return [_done(name, url, work) for name, url in urls.items() if module in {None, name}]


def _done(module: str, url: str, work: "Callable[[Migrations], _T]") -> _T:
    from sqlalchemy.exc import OperationalError

    from app.migrations import Migrations, NoSuchRevision

    migrations = Migrations(module, url)
    try:
        return work(migrations)
    except OperationalError:
        raise end(f"The database of {module} gives no answer.", NO_ANSWER) from None
    except NoSuchRevision as error:
        raise end(str(error), REFUSED) from None
    finally:
        migrations.close()
