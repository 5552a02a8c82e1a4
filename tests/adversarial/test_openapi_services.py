"""What the documents of sales, product and delivery say is what is answered: a request at a time, and one after another.

The checks are those of schemathesis; a request goes where the document says that the answer before it leads.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.generation import GenerationMode
from schemathesis.generation.stateful.state_machine import APIStateMachine
from schemathesis.specs.openapi.checks import positive_data_acceptance

from app.operator import Operator, operating
from modules.auth.model.scope import SCOPES
from tests.adversarial.conftest import NO_LIMITS
from tests.conftest import Postgres
from tests.system.parties import CATALOGUE, admit
from tests.system.partitions import MODULES
from tests.system.ports import free_port
from tests.system.running import started

PATHS = r"^/(api|availability)"
STREAMS = "/events"
SERVICES = ("sales", "product", "delivery")
OPENED_WITHIN_S = 20.0
# What fits the document may still name what there is not, or not be possible now.
UNSUITABLE: list[Any] = [positive_data_acceptance]


BOUNDED = settings(derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
# 412 refuses as well: an `If-Match` that is no version of ours.
REFUSED = {"negative_data_rejection": {"expected-statuses": [400, 401, 403, 404, 405, 409, 412, 415, 422, 428, 429]}}


@dataclass(frozen=True)
class Documented:
    """The running services, their document, and a token for each with all its scopes."""

    url: str
    tokens: Mapping[str, str]
    administrator: str

    def document(self, mode: str = "all") -> Any:
        """The document, with good requests and bad ones, or with one kind of them."""
        declared: dict[str, Any] = {
            "stateful": {"inference": {"algorithms": []}}
        }  # what is guessed would change with what is there
        config = {"checks": REFUSED, "generation": {"mode": mode}, "phases": declared}
        return schemathesis.openapi.from_url(f"{self.url}/openapi.json", config=schemathesis.Config.from_dict(config))

    def customer(self) -> str:
        """A token of a customer who has ordered nothing yet."""
        with httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {self.administrator}"}) as http:
            client = {"name": "customer", "scopes": SCOPES["sales"], "audiences": ["sales"]}
            made = http.post("/auth/clients", json=client).raise_for_status().json()
            credentials = (made["client"]["id"], made["client_secret"])
            form = {"grant_type": "client_credentials"}
            token: str = http.post("/auth/token", data=form, auth=credentials).raise_for_status().json()["access_token"]
            return token

    def operations(self, service: str) -> Iterator[Any]:
        """All of a service's, those that are new as well."""
        for found in self.document().include(path_regex=PATHS).get_all_operations():
            operation = found.ok()
            if self.service(operation) == service:
                yield operation

    def service(self, operation: Any) -> str | None:
        """Which service's scope opens it."""
        scopes = [scope for one in operation.definition.raw.get("security", ()) for scope in one.get("oauth2", ())]
        return next((service for service in SERVICES if set(SCOPES[service]) & set(scopes)), None)

    def authorization(self, operation: Any, **others: str) -> dict[str, str]:
        """What opens it; `others` are tokens for some services instead."""
        service = self.service(operation)
        token = "" if service is None else {**self.tokens, **others}[service]
        return {"Authorization": f"Bearer {token}"} if token else {}


@pytest.fixture(scope="module")
async def documented(tmp_path_factory: pytest.TempPathFactory, postgres: Postgres) -> AsyncIterator[Documented]:
    dsns = {module: postgres.create(module) for module in MODULES}
    given = NO_LIMITS | {f"WAYBILL_DATABASES__{module.upper()}": dsn for module, dsn in dsns.items()}
    with started(tmp_path_factory.mktemp("documented") / "data", free_port(), **given) as system:
        async with operating(system.data) as operator:
            yield await _opened(operator, system.url)
    for dsn in dsns.values():
        postgres.drop(dsn)


async def _opened(operator: Operator, url: str) -> Documented:
    """The services, with something to sell, and a shipment under way."""
    await operator.product.import_products("test", CATALOGUE)
    async with httpx.AsyncClient(base_url=url, timeout=30) as http:
        parties = {
            name: await admit(operator, http, name, name, " ".join(SCOPES[name])) for name in (*SERVICES, "auth")
        }
        (await parties["sales"].order(TEA=1)).raise_for_status()
        async with asyncio.timeout(OPENED_WITHIN_S):
            while not (await parties["delivery"].ask("GET", "/api/v1/shipments")).json()["items"]:
                pass
    tokens = {name: party.token for name, party in parties.items()}
    return Documented(url, tokens, tokens["auth"])


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_a_service_answers_what_its_document_says(documented: Documented, service: str, mode: GenerationMode) -> None:
    tried = [_try(operation, mode, documented.authorization(operation)) for operation in documented.operations(service)]

    assert sum(tried) >= 2


def _try(operation: Any, mode: GenerationMode, headers: Mapping[str, str]) -> bool:
    """Whether there are requests of this kind: where every text is good, none can be wrong."""

    @settings(BOUNDED, max_examples=4)
    @given(case=operation.as_strategy(generation_mode=mode))
    def is_documented(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(headers=dict(headers), excluded_checks=UNSUITABLE)

    try:
        is_documented()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE
        return False
    return True


def test_answers_lead_where_the_document_says(documented: Documented) -> None:
    """Orders are placed, read, cancelled; shipments listed and reported on: each by what the answer before it has."""
    answered: set[tuple[str, bool]] = set()

    class Customers(_machine(documented)):  # type: ignore[misc]  # made at run time
        def setup(self) -> None:
            self.token = documented.customer()  # a list of orders has what the example has placed

        def before_call(self, case: schemathesis.Case[Any]) -> None:
            _sensible(case)

        def get_call_kwargs(self, case: schemathesis.Case[Any]) -> dict[str, Any]:
            return {"headers": documented.authorization(case.operation, sales=self.token)}

        def after_call(self, response: schemathesis.Response, case: schemathesis.Case[Any]) -> None:
            answered.add((case.operation.label, response.status_code < 300))

        def validate_response(self, response: schemathesis.Response, case: schemathesis.Case[Any], **_: Any) -> None:
            case.validate_response(response, excluded_checks=UNSUITABLE)

    Customers.run(settings=settings(BOUNDED, max_examples=25, stateful_step_count=8))

    assert ("POST /api/v1/orders", True) in answered
    assert any(good and "{order_id}" in operation for operation, good in answered), "no link from an order was followed"


def _machine(documented: Documented) -> type[APIStateMachine]:
    """What follows links, but for streams, which have no end."""
    machine: type[APIStateMachine] = (
        documented.document("positive").include(path_regex=PATHS).exclude(path_regex=f"{STREAMS}$").as_state_machine()
    )
    return machine


def _sensible(case: schemathesis.Case[Any]) -> None:
    """Have an order be about something that is sold, and at the price that it has, so that it is placed."""
    body: Any = case.body
    if case.operation.label == "POST /api/v1/orders":
        for line in body["lines"]:
            line |= {"sku": "TEA", "quantity": int(line["quantity"]) % 10 + 1}
        for member in ("expected_total", "currency"):
            body.pop(member, None)
