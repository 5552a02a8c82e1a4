"""`waybill client`: who may sign in."""

from typing import Annotated

import typer

from entrypoints.cli.acting import DATA, Data, Json, act, actor, print_table, show

app = typer.Typer(no_args_is_help=True, help="Clients of the API.")


@app.command()
def create(
    name: str,
    scope: Annotated[list[str], typer.Option(help="What it may do; repeatable.")],
    audience: Annotated[list[str], typer.Option(help="Which services it may call; the first is the default.")],
    data: Data = DATA,
    *,
    as_json: Json = False,
) -> None:
    """Register a client. Its secret is shown once, here."""
    from modules.auth.port import ClientKind

    created = act(
        data, lambda operator: operator.auth.create_client(actor(), name, scope, audience, ClientKind.CUSTOMER)
    )
    answer = {
        "client_id": created.client.id,
        "client_secret": created.client_secret,
        "name": created.client.name,
        "scopes": created.client.scopes,
        "audiences": created.client.audiences,
    }
    show(
        answer,
        as_json=as_json,
        table=lambda: typer.echo(
            f"client_id      {answer['client_id']}\nclient_secret  {answer['client_secret']}   (shown only now)"
        ),
    )


@app.command("list")
def list_(data: Data = DATA, *, as_json: Json = False) -> None:
    """List the clients, oldest first."""
    from app.operator import Operator
    from modules.auth.port import ClientView

    async def all_clients(operator: Operator) -> list[ClientView]:
        page = await operator.auth.list_clients(None, 200)
        found = list(page.items)
        while page.next is not None:
            page = await operator.auth.list_clients(page.next, 200)
            found += page.items
        return found

    clients = act(data, all_clients)
    show(
        clients,
        as_json=as_json,
        table=lambda: print_table(
            ["client_id", "name", "kind", "scopes", "audiences"],
            [[one.id, one.name, one.kind, " ".join(one.scopes), " ".join(one.audiences)] for one in clients],
        ),
    )
