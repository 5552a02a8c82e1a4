"""What auth's OpenAPI document says is what is answered, whether a request fits it or not: the checks of schemathesis."""

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from app.operator import operating
from modules.auth.port import ClientKind
from tests.adversarial.conftest import NO_LIMITS
from tests.conftest import Postgres
from tests.system.partitions import MODULES
from tests.system.ports import free_port
from tests.system.running import started

FORMS = ("/auth/token", "/auth/revoke", "/auth/introspect")
PATHS = r"^/(auth|[.]well-known)/"
# A form that fits the document may still name a scope, a token or a client that there is not.
UNSUITABLE: list[Any] = [positive_data_acceptance]
# A parameter without a value counts as not sent, whatever the document says of its values. Source: RFC 6749, 3.2.
UNSUITABLE_OF_FORMS: list[Any] = [*UNSUITABLE, negative_data_rejection]


@dataclass(frozen=True)
class Described:
    """A running auth, its document, and what opens its doors."""

    document: Any
    basic: httpx.BasicAuth
    token: str

    def operations(self) -> Iterator[Any]:
        """All of auth's, those that are new as well."""
        for found in self.document.include(path_regex=PATHS).get_all_operations():
            yield found.ok()

    def authorization(self, path: str) -> Mapping[str, str]:
        """What opens a path."""
        if path in FORMS:
            return {"Authorization": self.basic._auth_header}
        return {"Authorization": f"Bearer {self.token}"}


@pytest.fixture(scope="module")
async def described(tmp_path_factory: pytest.TempPathFactory, postgres: Postgres) -> AsyncIterator[Described]:
    dsns = {module: postgres.create(module) for module in MODULES}
    given = NO_LIMITS | {f"WAYBILL_DATABASES__{module.upper()}": dsn for module, dsn in dsns.items()}
    with started(tmp_path_factory.mktemp("openapi") / "data", free_port(), **given) as system:
        async with operating(system.data) as operator:
            made = await operator.auth.create_client(
                "test", "openapi", ["auth:admin", "auth:introspect"], ["auth"], ClientKind.CUSTOMER
            )
        url = system.run.url("auth")
        basic = httpx.BasicAuth(str(made.client.id), made.client_secret)
        async with httpx.AsyncClient(base_url=url, auth=basic) as http:
            told = (await http.post("/auth/token", data={"grant_type": "client_credentials"})).json()
        yield Described(schemathesis.openapi.from_url(f"{url}/openapi.json"), basic, told["access_token"])
    for dsn in dsns.values():
        postgres.drop(dsn)


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize("known", [True, False], ids=["a client", "nobody"])
def test_nobody_gets_an_answer_that_is_not_documented(
    described: Described, mode: GenerationMode, *, known: bool
) -> None:
    tried = [
        _try(operation, mode, described.authorization(operation.path) if known else {})
        for operation in described.operations()
    ]

    assert sum(tried) >= 5


def _try(operation: Any, mode: GenerationMode, headers: Mapping[str, str]) -> bool:
    """Whether there are requests of this kind: where every text is good, none can be wrong."""

    @settings(max_examples=12, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def is_documented(case: schemathesis.Case[Any]) -> None:
        unsuitable = UNSUITABLE_OF_FORMS if operation.path in FORMS else UNSUITABLE
        case.call_and_validate(headers=dict(headers), excluded_checks=unsuitable)

    try:
        is_documented()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE
        return False
    return True
