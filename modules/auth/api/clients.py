"""Clients, looked after over HTTP by who has the scope `auth:admin`."""

import json
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from modules.auth.model.ids import canonical_id
from modules.auth.port import (
    ClientChanges,
    ClientDetail,
    ClientKind,
    ClientView,
    KeyView,
    NoSuchKey,
    NoSuchSecret,
    SecretCreated,
)
from modules.auth.service import AuthService
from modules.kernel.errors import NotFound
from modules.kernel.ids import ClientId
from modules.kernel.principal import Verifier
from modules.web.answer import json_answer, page
from modules.web.body import invalid, json_body, read_json
from modules.web.headers import IDEMPOTENCY_KEY, taking
from modules.web.idempotency import repeatable, replay
from modules.web.problem import problems
from modules.web.security import Guard, secured

SCOPE = "auth:admin"
NOT_STORED = {"Cache-Control": "no-store"}
CLIENT, SECRETS, KEYS = "/{client_id}", "/{client_id}/secrets", "/{client_id}/keys"

Name = Annotated[str, Field(max_length=1000)]  # what may be in it says the service
Words = Annotated[tuple[Annotated[str, Field(max_length=100)], ...], Field(max_length=100)]


class NewClientBody(BaseModel):
    """A client to be. Audiences are short words (`sales`); the first one is its default."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name
    scopes: Words
    audiences: Words


class ClientChangesBody(BaseModel):
    """What is to be different; what is not named stays. Source: RFC 7396."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name | None = None
    scopes: Words | None = None
    audiences: Words | None = None
    disabled: Annotated[bool, Field(strict=True)] | None = None

    @model_validator(mode="after")
    def _given(self) -> "ClientChangesBody":
        if any(getattr(self, name) is None for name in self.model_fields_set):
            raise ValueError("nothing of a client can be taken away: leave out what is to stay")
        return self


class NewKeyBody(BaseModel):
    """A public key, in PEM or as a JWK."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    public_key: Annotated[str, Field(max_length=8192)] | dict[str, Any]


class ClientWithSecret(BaseModel):
    """A new client, and its secret, which is shown this once."""

    client: ClientView
    client_secret: str


class ClientPageAnswered(BaseModel):
    """Some clients, the oldest first, and the cursor of the page that follows."""

    items: list[ClientView]
    next: str | None


NEW_CLIENT = TypeAdapter(NewClientBody)
CHANGES = TypeAdapter(ClientChangesBody)
NEW_KEY = TypeAdapter(NewKeyBody)


def routes(auth: AuthService, verifier: Verifier) -> APIRouter:
    """What an administrator's program calls."""
    guard = Guard(verifier, "auth")
    router = APIRouter(prefix="/auth/clients", tags=["clients"])
    _many(router, auth, guard)
    _one(router, auth, guard)
    _secrets(router, auth, guard)
    _keys(router, auth, guard)
    return router


def _many(router: APIRouter, auth: AuthService, guard: Guard) -> None:
    @router.get(
        "",
        summary="The clients by age",
        openapi_extra=secured(SCOPE),
        responses={200: {"model": ClientPageAnswered}, **problems(401, 403, 422, 503)},
    )
    async def clients(
        request: Request,
        cursor: Annotated[str, Query(max_length=64)] = "",
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> Response:
        guard(request, SCOPE)
        found = await auth.list_clients(_place(cursor), limit)
        return page(request, found.items, found.next)

    @router.post(
        "",
        status_code=201,
        summary="Register a client; its secret is shown once, here",
        openapi_extra={**json_body(NEW_CLIENT), **taking(IDEMPOTENCY_KEY), **secured(SCOPE)},
        responses={201: {"model": ClientWithSecret}, **problems(400, 401, 403, 409, 413, 415, 422, 503)},
    )
    async def create(request: Request) -> Response:
        principal = guard(request, SCOPE)
        body = await read_json(request, NEW_CLIENT)
        kind = ClientKind.CUSTOMER  # a service of ours is made by its release alone
        asked = repeatable(request, principal, body.model_dump())
        made = await auth.clients.create(principal.client_id, body.name, body.scopes, body.audiences, kind, asked)
        return json_answer(made, 201, NOT_STORED | {"Location": f"/auth/clients/{made.client.id}"})


def _one(router: APIRouter, auth: AuthService, guard: Guard) -> None:
    @router.get(
        CLIENT,
        summary="One client with its live secrets and keys",
        openapi_extra=secured(SCOPE),
        responses={200: {"model": ClientDetail}, **problems(401, 403, 404, 503)},
    )
    async def client(request: Request, client_id: str) -> Response:
        guard(request, SCOPE)
        return json_answer(await auth.show_client(ClientId(client_id)))

    @router.patch(
        CLIENT,
        summary="Change a client; where it may do less than before, its tokens end",
        openapi_extra={**json_body(CHANGES), **taking(IDEMPOTENCY_KEY), **secured(SCOPE)},
        responses={200: {"model": ClientView}, **problems(400, 401, 403, 404, 409, 413, 415, 422, 503)},
    )
    async def change(request: Request, client_id: str) -> Response:
        principal = guard(request, SCOPE)
        body = await read_json(request, CHANGES)
        changes = ClientChanges(body.name, body.scopes, body.audiences, body.disabled)
        asked = repeatable(request, principal, body.model_dump(exclude_unset=True))
        changed = await auth.clients.update(principal.client_id, ClientId(client_id), changes, asked)
        return json_answer(changed.answer, headers=replay(replayed=changed.replayed))

    @router.delete(
        CLIENT,
        status_code=204,
        summary="Forget a client, and end its tokens",
        openapi_extra={**taking(IDEMPOTENCY_KEY), **secured(SCOPE)},
        responses=problems(401, 403, 404, 409, 422, 503),
    )
    async def delete(request: Request, client_id: str) -> Response:
        principal = guard(request, SCOPE)
        gone = await auth.clients.delete(principal.client_id, ClientId(client_id), repeatable(request, principal))
        return Response(status_code=204, headers=replay(replayed=gone.replayed))


def _secrets(router: APIRouter, auth: AuthService, guard: Guard) -> None:
    @router.post(
        SECRETS,
        status_code=201,
        summary="A second secret, shown once, here; both are good until one is retired",
        openapi_extra={**taking(IDEMPOTENCY_KEY), **secured(SCOPE)},
        responses={201: {"model": SecretCreated}, **problems(401, 403, 404, 409, 422, 503)},
    )
    async def rotate(request: Request, client_id: str) -> Response:
        principal = guard(request, SCOPE)
        asked = repeatable(request, principal)
        made = await auth.credentials.rotate_secret(principal.client_id, ClientId(client_id), asked)
        return json_answer(made, 201, NOT_STORED | {"Location": f"/auth/clients/{client_id}/secrets/{made.id}"})

    @router.delete(
        SECRETS + "/{secret_id}",
        status_code=204,
        summary="Have a secret be worth nothing",
        openapi_extra={**taking(IDEMPOTENCY_KEY), **secured(SCOPE)},
        responses=problems(401, 403, 404, 409, 422, 503),
    )
    async def retire_secret(request: Request, client_id: str, secret_id: str) -> Response:
        principal = guard(request, SCOPE)
        asked = repeatable(request, principal)
        id_ = _id(secret_id, NoSuchSecret)
        retired = await auth.credentials.retire_secret(principal.client_id, ClientId(client_id), id_, asked)
        return Response(status_code=204, headers=replay(replayed=retired.replayed))


def _keys(router: APIRouter, auth: AuthService, guard: Guard) -> None:
    @router.post(
        KEYS,
        status_code=201,
        summary="Let a client sign in with a key (private_key_jwt)",
        openapi_extra={**json_body(NEW_KEY), **taking(IDEMPOTENCY_KEY), **secured(SCOPE)},
        responses={201: {"model": list[KeyView]}, **problems(400, 401, 403, 404, 409, 413, 415, 422, 503)},
    )
    async def add_key(request: Request, client_id: str) -> Response:
        principal = guard(request, SCOPE)
        public_key = (await read_json(request, NEW_KEY)).public_key
        # Members that are none of a key's may be anything, numbers of a hundred digits too.
        text = public_key if isinstance(public_key, str) else json.dumps(public_key, sort_keys=True)
        asked = repeatable(request, principal, text)
        added = await auth.credentials.add_key(principal.client_id, ClientId(client_id), text, asked)
        return json_answer(added.answer.keys, 201, replay(replayed=added.replayed))

    @router.delete(
        KEYS + "/{key_id}",
        status_code=204,
        summary="Have a key be worth nothing",
        openapi_extra={**taking(IDEMPOTENCY_KEY), **secured(SCOPE)},
        responses=problems(401, 403, 404, 409, 422, 503),
    )
    async def retire_key(request: Request, client_id: str, key_id: str) -> Response:
        principal = guard(request, SCOPE)
        asked = repeatable(request, principal)
        id_ = _id(key_id, NoSuchKey)
        retired = await auth.credentials.retire_key(principal.client_id, ClientId(client_id), id_, asked)
        return Response(status_code=204, headers=replay(replayed=retired.replayed))


def _id(text: str, missing: type[NotFound]) -> UUID:
    """What can't be the id of anything is the id of nothing."""
    id_ = canonical_id(text)
    if id_ is None:
        raise missing
    return id_


def _place(cursor: str) -> ClientId | None:
    if cursor and canonical_id(cursor) is None:
        raise invalid([{"pointer": "/cursor", "code": "cursor", "detail": "Not a cursor that a list of ours gave."}])
    return ClientId(cursor) if cursor else None
