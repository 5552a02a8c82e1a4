"""`waybill doctor`: whether everything is as it should be."""

import asyncio
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from entrypoints.cli.acting import DATA, NO_ANSWER, REFUSED, Data, Json, actor, end, print_table, show

if TYPE_CHECKING:
    from app.doctor import Examination

Repair = Annotated[
    bool, typer.Option("--repair", help="Mend what can be mended without risk: have events told again, count anew.")
]
SERVICES = ("sales", "delivery", "product")
SHOWN = 10


def doctor(data: Data = DATA, *, repair: Repair = False, as_json: Json = False) -> None:
    """Look at processes, contracts, schemas and events, and at what must be true across modules; exit 1 if it is not."""
    from app.doctor import examine
    from app.launcher import CannotStart

    try:
        found = asyncio.run(examine(data, mend_as=actor() if repair else None))
    except CannotStart as error:
        raise end(str(error), NO_ANSWER) from None
    answer = {**asdict(found), "faults": found.faults}
    show(answer, as_json=as_json, table=lambda: _print(found))
    if found.faults:
        raise typer.Exit(REFUSED)


def _print(found: "Examination") -> None:
    print_table(
        ["module", "address", "up", "contract", "schema"],
        [[one.module, one.url, "yes" if one.up else "no", one.contract, one.schema] for one in found.modules],
    )
    print_table(
        ["events of", "to publish", "to settle", "oldest s", "parked", "dead"],
        [
            [
                one.module,
                one.lag.get("recorded", 0),
                one.lag.get("published", 0),
                f"{one.oldest_s:.1f}",
                one.lag.get("waiting", 0) + one.lag.get("retrying", 0),
                one.lag.get("dead", 0),
            ]
            for one in found.modules
            if one.module in SERVICES
        ],
    )
    print_table(
        ["what must be true", "looked at", "found"],
        [[one.what, one.looked_at, "holds" if one.holds else f"{len(one.faults)} wrong"] for one in found.findings],
    )
    for done in found.mended:
        typer.echo(f"mended {done}")
    if found.under_way:
        typer.echo(f"{found.under_way} orders have events under way, and were not compared.")
    for fault in found.faults[:SHOWN]:
        typer.echo(f"wrong  {fault}")
    if len(found.faults) > SHOWN:
        typer.echo(f"wrong  … and {len(found.faults) - SHOWN} more, each named with --json")
    if not found.faults:
        typer.echo("All is well.")
    elif found.mendable and not found.mended:
        typer.echo("Some of it can be mended without risk: waybill doctor --repair")
    elif found.mended:
        typer.echo("What is left was not mended by telling it again. Was a database put back to an earlier time?")
        typer.echo("Then numbers of events are given out twice: report a parcel's steps again as they were, and have")
        typer.echo(
            "customers repeat their requests with the same keys. See *Put one database back* in docs/deployment.md."
        )
