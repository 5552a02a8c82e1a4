"""`waybill event dead`: events that a module has given up on."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from entrypoints.cli.acting import DATA, Data, Json, act, actor, one_line, print_table, show

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.operator import Operator
    from modules.kernel.mailroom import DeadLetter

app = typer.Typer(no_args_is_help=True, help="Dead letters: events that a module has given up on.")


class Module(StrEnum):
    """Who follows events."""

    SALES = "sales"
    DELIVERY = "delivery"
    PRODUCT = "product"


Of = Annotated[Module, typer.Argument(help="The module that has given up on it.")]


def _reason(value: str) -> str:
    one_line(500)(value)
    if not value.strip():
        raise typer.BadParameter("must say why")
    return value


@app.command("list")
def list_(
    module: Annotated[Module | None, typer.Option(help="Only of this module.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Of each module.")] = 50,
    data: Data = DATA,
    *,
    as_json: Json = False,
) -> None:
    """List what modules have given up on; later events of the same subject wait behind each."""
    from app.post import dead_letters

    found = act(data, lambda operator: dead_letters(operator, module and module.value, limit))
    show(
        found,
        as_json=as_json,
        table=lambda: (
            print_table(
                ["event", "given up by", "type", "of", "number", "attempts", "wait behind", "since", "error"],
                [
                    [
                        one.letter.event_id,
                        one.module,
                        one.letter.type,
                        one.letter.subject,
                        one.letter.sequence,
                        one.letter.attempts,
                        one.letter.waiting,
                        f"{one.letter.since:%Y-%m-%d %H:%M:%S}",
                        one.letter.error,
                    ]
                    for one in found
                ],
            )
            if found
            else typer.echo("Nothing was given up on.")
        ),
    )


@app.command("show")
def show_(module: Of, event_id: UUID, data: Data = DATA, *, as_json: Json = False) -> None:
    """Show a dead letter with its event."""

    async def work(operator: "Operator") -> "tuple[DeadLetter, Mapping[str, object]]":
        from app.post import dead_letter_of
        from app.post.way import inboxes_of

        found = await dead_letter_of(operator, module.value, event_id)
        return await inboxes_of(operator)[module.value].dead_letter(found.source, found.subject, found.sequence)

    letter, event = act(data, work)

    def table() -> None:
        import orjson

        typer.echo(f"{letter.type}  number {letter.sequence} about {letter.subject}, from {letter.source}")
        typer.echo(f"{letter.attempts} attempts; {letter.waiting} later events wait behind it. {letter.error or ''}")
        typer.echo(orjson.dumps(event, option=orjson.OPT_INDENT_2).decode())

    show({"letter": letter, "event": event}, as_json=as_json, table=table)


@app.command()
def replay(module: Of, event_id: UUID, data: Data = DATA, *, as_json: Json = False) -> None:
    """Have a module try an event again, as if for the first time: repair the cause first."""

    async def work(operator: "Operator") -> "DeadLetter":
        from app.post import dead_letter_of
        from app.post.way import inboxes_of

        found = await dead_letter_of(operator, module.value, event_id)
        port = inboxes_of(operator)[module.value]
        return await port.replay(actor(), found.source, found.subject, found.sequence)

    letter = act(data, work)
    show(letter, as_json=as_json, table=lambda: typer.echo(f"{module.value} tries event {letter.event_id} again."))


@app.command()
def discard(
    module: Of,
    event_id: UUID,
    reason: Annotated[str, typer.Option(help="Why; it is noted with the event.", callback=_reason)],
    data: Data = DATA,
    *,
    as_json: Json = False,
) -> None:
    """Have a module never handle an event, and go on with what waits behind it. What it was to do is not done."""

    async def work(operator: "Operator") -> "DeadLetter":
        from app.post import dead_letter_of
        from app.post.way import inboxes_of

        found = await dead_letter_of(operator, module.value, event_id)
        port = inboxes_of(operator)[module.value]
        return await port.discard(actor(), found.source, found.subject, found.sequence, reason)

    letter = act(data, work)
    said = f"{module.value} will not handle event {letter.event_id}; {letter.waiting} that waited behind it go on."
    show(letter, as_json=as_json, table=lambda: typer.echo(said))
