"""The OpenAPI documents in `docs` are those that four services serve, but for where they are."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.foreign.place import TIMEOUT_S, Place
from tests.system.partitions import MODULES

DOCS = Path(__file__).parents[2] / "docs" / "openapi"


@pytest.mark.parametrize("module", MODULES)
def test_a_service_serves_the_document_that_is_in_the_docs(module: str, four_processes: Place) -> None:
    url = four_processes.system.run.url(module)
    served = httpx.get(f"{url}/openapi.json", timeout=TIMEOUT_S).raise_for_status().json()
    kept = json.loads((DOCS / f"{module}.json").read_text(encoding="utf-8"))
    assert _token_url(served) == f"{four_processes.issuer}/auth/token"
    assert _token_url(kept) == "http://127.0.0.1:3004/auth/token"
    assert served == kept


def _token_url(document: Any) -> str:
    """Where a token is had; it is taken out of the document."""
    (flow,) = (
        scheme["flows"]["clientCredentials"]
        for scheme in document["components"]["securitySchemes"].values()
        if "flows" in scheme
    )
    url: str = flow.pop("tokenUrl")
    return url
