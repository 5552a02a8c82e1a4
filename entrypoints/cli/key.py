"""`waybill key`: the keys that sign access tokens."""

from typing import TYPE_CHECKING, Annotated

import typer

from entrypoints.cli.acting import DATA, Data, Json, act, actor, print_table, show
from entrypoints.cli.client import moment, short

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modules.auth.port import SigningKeyView

app = typer.Typer(no_args_is_help=True, help="The keys that sign access tokens. They change by themselves in time.")


@app.command("list")
def list_(data: Data = DATA, *, as_json: Json = False) -> None:
    """List the keys, newest first: pending (published), active (signs), retiring (checked only), gone."""
    _show(act(data, lambda operator: operator.auth.list_signing_keys()), as_json=as_json)


@app.command()
def rotate(
    data: Data = DATA,
    *,
    compromised: Annotated[
        bool,
        typer.Option(help="Sign with the new key at once and withdraw all others: clients have to get new tokens."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Have another key sign: it is published now, and signs in ten minutes, when every service knows it."""
    key = act(data, lambda operator: operator.auth.rotate_signing_key(actor(), compromised=compromised))
    _show([key], as_json=as_json)


def _show(keys: "Sequence[SigningKeyView]", *, as_json: bool) -> None:
    show(
        keys,
        as_json=as_json,
        table=lambda: print_table(
            ["kid", "state", "since", "next step"],
            [
                [
                    short(one.kid),
                    one.state,
                    moment(one.retired_at or one.activated_at or one.created_at),
                    moment(one.next_at) if one.next_at else "",
                ]
                for one in keys
            ],
        ),
    )
