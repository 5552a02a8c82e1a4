"""Assertions that were sent before."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import httpx

from modules.auth.model.assertion import ASSERTION_TYPE
from tests.adversarial.forge import Oath
from tests.adversarial.signing import by_ed25519
from tests.adversarial.tokens import Fresh


@dataclass(frozen=True, slots=True)
class Swearer:
    """Makes assertions by the names under which rows ask for them."""

    http: httpx.AsyncClient
    oath: Callable[[str], Oath]

    def makers(self) -> Mapping[str, Fresh]:
        """What makes each, by its name."""
        return {
            "used assertion": partial(self._sent, 200),
            "spent assertion": partial(self._sent, 400, scope="nothing"),
            "repeated assertion": self._repeated,
            "shared assertion": self._shared,
        }

    async def _sent(self, status: int, **form: str) -> str:
        return await self._send(self.oath("signer").good(), status, **form)

    async def _repeated(self) -> str:
        oath = self.oath("signer")
        await self._send(oath.good(), 200)
        return oath.saying(exp=oath.now + 61)

    async def _shared(self) -> str:
        first = self.oath("signer")
        await self._send(by_ed25519(replace(self.oath("signer by edwards"), family=first.family)), 200)
        return first.good()

    async def _send(self, assertion: str, status: int, **form: str) -> str:
        said = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
        answer = await self.http.post("/auth/token", data={"grant_type": "client_credentials"} | said | form)
        assert answer.status_code == status, answer.text
        return assertion
