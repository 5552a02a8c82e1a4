"""How many tokens were asked for, and what became of it."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from app.telemetry.metrics import TOKEN_REQUESTS

GRANT_TYPES = frozenset({"client_credentials", "refresh_token"})

Issue = Callable[[Sequence[Any]], Awaitable[Sequence[Any]]]


def counted(issue: Issue) -> Issue:
    """The same work, each of its outcomes counted. What is no grant type of ours is `other`: labels are few."""

    async def issuing(requests: Sequence[Any]) -> Sequence[Any]:
        outcomes = await issue(requests)
        for request, outcome in zip(requests, outcomes, strict=True):
            named = request.parameters.get("grant_type")
            grant_type = named if named in GRANT_TYPES else "other"
            TOKEN_REQUESTS.labels(grant_type, getattr(outcome, "error", "granted")).inc()
        return outcomes

    return issuing
