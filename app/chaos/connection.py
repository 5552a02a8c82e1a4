"""Asking a service that may be away, as a decent client does."""

import asyncio
from collections import Counter
from typing import Any

import httpx

FIRST_PAUSE_S, LONGEST_PAUSE_S, IMPATIENT_PAUSE_S = 0.02, 2.0, 0.25
ANSWERS_WITHIN_S = 5.0
AGAIN = frozenset({429, 500, 502, 503, 504})
"""What is worth asking again. A 500 is counted, and asked again all the same: whether it had an effect is unknown."""
PROBLEM = "application/problem+json"


class Connection:
    """One client's connection to one service: asks again, with the same key, until there is an answer.

    `refusals` counts the answers that were worth asking again by status and media type, `unanswered` requests that got none.
    """

    def __init__(self, http: httpx.AsyncClient, token: str, *, longest_pause_s: float = LONGEST_PAUSE_S) -> None:
        self._longest_pause_s = longest_pause_s
        self._http = http
        self._token = token
        self.refusals: Counter[tuple[int, str]] = Counter()
        self.unanswered = 0

    @property
    def faults(self) -> int:
        """How many answers were such as no client should ever get: a `500`, or a refusal that is no problem document."""
        fine = {(httpx.codes.SERVICE_UNAVAILABLE, PROBLEM), (httpx.codes.TOO_MANY_REQUESTS, PROBLEM)}
        return sum(times for refusal, times in self.refusals.items() if refusal not in fine)

    async def ask(self, method: str, path: str, key: str | None = None, body: Any = None) -> httpx.Response:
        """The answer, whatever it takes."""
        pause_s = FIRST_PAUSE_S
        while True:
            answer = await self.once(method, path, key, body)
            if answer is not None and answer.status_code not in AGAIN:
                return answer
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, self._longest_pause_s)

    async def once(self, method: str, path: str, key: str | None = None, body: Any = None) -> httpx.Response | None:
        """The answer, or none."""
        headers = {"Authorization": f"Bearer {self._token}"}
        if key is not None:
            headers["Idempotency-Key"] = key
        try:
            answer = await self._http.request(method, path, headers=headers, json=body, timeout=ANSWERS_WITHIN_S)
        except httpx.TransportError:
            self.unanswered += 1
            return None
        if answer.status_code in AGAIN:
            self.refusals[answer.status_code, answer.headers.get("content-type", "").partition(";")[0]] += 1
        return answer
