"""`waybill client`: who may sign in."""

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from entrypoints.cli.acting import DATA, USAGE, Data, Json, act, actor, end, print_table, show

if TYPE_CHECKING:
    from datetime import datetime

    from modules.auth.port import ClientDetail

Limit = Annotated[int, typer.Option(min=1, max=200, help="At most so many.")]
LONGEST_KEY = 100_000
SHORT = 8

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


@app.command("show")
def show_(client_id: str, data: Data = DATA, *, as_json: Json = False) -> None:
    """Show a client with its live secrets and keys: since when, and when each was last used."""
    from modules.kernel.ids import ClientId

    show_detail(act(data, lambda operator: operator.auth.show_client(ClientId(client_id))), as_json=as_json)


@app.command()
def disable(client_id: str, data: Data = DATA, *, as_json: Json = False) -> None:
    """Let a client sign in no more; every token of its is refused by every service within a second."""
    from modules.kernel.ids import ClientId

    view = act(data, lambda operator: operator.auth.disable_client(actor(), ClientId(client_id)))
    show(view, as_json=as_json, table=lambda: typer.echo(f"{view.id} ({view.name}) is disabled."))


@app.command()
def enable(client_id: str, data: Data = DATA, *, as_json: Json = False) -> None:
    """Let a client sign in again; tokens from before stay worthless."""
    from modules.kernel.ids import ClientId

    view = act(data, lambda operator: operator.auth.enable_client(actor(), ClientId(client_id)))
    show(view, as_json=as_json, table=lambda: typer.echo(f"{view.id} ({view.name}) may sign in."))


@app.command()
def update(
    client_id: str,
    name: Annotated[str | None, typer.Option(help="Another name.")] = None,
    scope: Annotated[list[str] | None, typer.Option(help="All that it may do; repeatable.")] = None,
    audience: Annotated[
        list[str] | None, typer.Option(help="All services it may call; the first is the default.")
    ] = None,
    data: Data = DATA,
    *,
    as_json: Json = False,
) -> None:
    """Change a client; where it may do less than before, every token of its is refused within a second."""
    from modules.auth.port import ClientChanges
    from modules.kernel.ids import ClientId

    changes = ClientChanges(name, tuple(scope) if scope else None, tuple(audience) if audience else None)
    if changes == ClientChanges():
        raise end("Say what is to be different: --name, --scope or --audience.", USAGE)
    view = act(data, lambda operator: operator.auth.update_client(actor(), ClientId(client_id), changes))
    show(
        view,
        as_json=as_json,
        table=lambda: typer.echo(
            f"{view.id} ({view.name}): scopes {' '.join(view.scopes)}; audiences {' '.join(view.audiences)}"
        ),
    )


@app.command()
def delete(client_id: str, data: Data = DATA, *, as_json: Json = False) -> None:
    """Forget a client, its secrets and keys; every token of its is refused by every service within a second."""
    from modules.kernel.ids import ClientId

    act(data, lambda operator: operator.auth.delete_client(actor(), ClientId(client_id)))
    show({"deleted": client_id}, as_json=as_json, table=lambda: typer.echo(f"{client_id} is gone."))


@app.command("rotate-secret")
def rotate_secret(client_id: str, data: Data = DATA, *, as_json: Json = False) -> None:
    """Give a client a second secret; it is shown once, here. Both are good until one is retired."""
    from modules.kernel.ids import ClientId

    created = act(data, lambda operator: operator.auth.rotate_secret(actor(), ClientId(client_id)))
    show(
        {"secret_id": created.id, "client_secret": created.client_secret},
        as_json=as_json,
        table=lambda: typer.echo(
            f"secret_id      {created.id}\nclient_secret  {created.client_secret}   (shown only now)"
        ),
    )


@app.command("retire-secret")
def retire_secret(client_id: str, secret_id: UUID, data: Data = DATA, *, as_json: Json = False) -> None:
    """Have one of a client's two secrets be worth nothing."""
    from modules.kernel.ids import ClientId

    detail = act(data, lambda operator: operator.auth.retire_secret(actor(), ClientId(client_id), secret_id))
    show_detail(detail, as_json=as_json)


@app.command("add-key")
def add_key(
    client_id: str,
    file: Annotated[typer.FileText, typer.Argument(help="The public key, in PEM or as a JWK; - for stdin.")],
    data: Data = DATA,
    *,
    as_json: Json = False,
) -> None:
    """Let a client sign in by what it signs with a key (private_key_jwt): on P-256 or Ed25519, or RSA."""
    from modules.kernel.ids import ClientId

    try:
        public_key = file.read(LONGEST_KEY)
    except (OSError, UnicodeDecodeError):
        raise end(f"{file.name} can't be read as text.", USAGE) from None
    detail = act(data, lambda operator: operator.auth.add_key(actor(), ClientId(client_id), public_key))
    show_detail(detail, as_json=as_json)


@app.command("retire-key")
def retire_key(client_id: str, key_id: UUID, data: Data = DATA, *, as_json: Json = False) -> None:
    """Have one of a client's keys be worth nothing."""
    from modules.kernel.ids import ClientId

    detail = act(data, lambda operator: operator.auth.retire_key(actor(), ClientId(client_id), key_id))
    show_detail(detail, as_json=as_json)


@app.command()
def changes(
    client_id: Annotated[str | None, typer.Argument(help="One client; of all without it.")] = None,
    limit: Limit = 50,
    data: Data = DATA,
    *,
    as_json: Json = False,
) -> None:
    """Show what operators did to clients and to the keys that sign, the newest first."""
    from modules.kernel.ids import ClientId

    asked = ClientId(client_id) if client_id else None
    found = act(data, lambda operator: operator.auth.list_changes(asked, limit))
    show(
        found,
        as_json=as_json,
        table=lambda: print_table(
            ["client or key", "when", "what", "who"],
            [[one.client_id or short(one.kid or ""), moment(one.at), one.action, one.actor] for one in found],
        ),
    )


@app.command()
def failures(
    client_id: Annotated[str | None, typer.Argument(help="One client; of all without it.")] = None,
    limit: Limit = 50,
    data: Data = DATA,
    *,
    as_json: Json = False,
) -> None:
    """Show who failed to be a client, the newest first: how often a minute, and from where."""
    from modules.kernel.ids import ClientId

    asked = ClientId(client_id) if client_id else None
    found = act(data, lambda operator: operator.auth.list_failures(asked, limit))
    show(
        found,
        as_json=as_json,
        table=lambda: print_table(
            ["client", "minute", "from", "times"],
            [[one.client_id or "none there is", moment(one.minute), one.address, one.times] for one in found],
        ),
    )


def show_detail(detail: "ClientDetail", *, as_json: bool) -> None:
    """A client with what it can sign in with."""

    def tables() -> None:
        client = detail.client
        typer.echo(f"{client.id}  {client.name}  {'disabled' if client.disabled_at else 'may sign in'}")
        typer.echo(f"scopes {' '.join(client.scopes)}; audiences {' '.join(client.audiences)}")
        if detail.secrets:
            print_table(
                ["secret", "since", "last used"],
                [[one.id, moment(one.created_at), moment(one.last_used_at)] for one in detail.secrets],
            )
        if detail.keys:
            print_table(
                ["key", "kid", "kind", "last used"],
                [[one.id, short(one.kid), one.algorithm, moment(one.last_used_at)] for one in detail.keys],
            )

    show(detail, as_json=as_json, table=tables)


def moment(at: "datetime | None") -> str:
    """A time in a table."""
    return f"{at:%Y-%m-%d %H:%M}" if at else "never"


def short(kid: str) -> str:
    """Enough of the name of a key to tell it from others."""
    return kid if len(kid) <= SHORT else f"{kid[:SHORT]}…"
