"""A request for tokens, read strictly: whatever is malformed or said twice is refused in the words of OAuth."""

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import parse_qsl, unquote_plus
from uuid import UUID

from modules.auth.model.assertion import ASSERTION_TYPE
from modules.auth.model.ids import canonical_id
from modules.auth.model.secret import refresh_digest
from modules.auth.model.token import Drawn
from modules.kernel.jws import Unusable, read_unproven

MAX_PARAMETERS = 50
BASIC = "basic"
NOBODY = ""

_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")

Refusal = Literal[
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "invalid_target",
]
"""Source: RFC 6749, 5.2; RFC 8707, 2."""


class TokenRefused(Exception):
    """No token, and the error that says why. The description is ASCII and repeats nothing that was sent."""

    def __init__(self, error: Refusal, description: str) -> None:
        super().__init__(error, description)
        self.error = error
        self.description = description


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A well-formed request. `client_id` is none where what was sent can't be the id of any client.

    A client that signs in with a key sends an assertion instead of a secret. `address` is where it comes from. The
    request holds all that is chance in its answer, so it may be answered twice.
    """

    parameters: Mapping[str, str] = field(repr=False)
    client_id: UUID | None
    client_secret: str = field(repr=False)
    assertion: str | None = field(default=None, repr=False)
    address: str = ""
    drawn: Drawn = field(default_factory=Drawn)

    @property
    def presented(self) -> bytes | None:
        """The digest of the refresh token that it presents, if it does."""
        token = self.parameters.get("refresh_token")
        return None if token is None else refresh_digest(token)


def read_request(body: bytes, authorization: Sequence[str], address: str = "") -> TokenRequest:
    """The request that a form and the values of the `Authorization` header make.

    Credentials that can't be anyone's make a request of nobody: it is refused like any other that does not prove itself.

    Raises:
        TokenRefused: the form is malformed or repeats a parameter, or the client authenticates by more than one method.
            Source: RFC 6749, 2.3 and 3.2.
    """
    form = _form(body)
    client_id, secret, assertion = _credentials(form, authorization)
    return TokenRequest(form, canonical_id(client_id), secret, assertion, address)


def _form(body: bytes) -> dict[str, str]:
    try:
        pairs = _pairs(body.decode("ascii"))
    except ValueError:
        raise TokenRefused("invalid_request", "The body is no well-formed form in UTF-8.") from None
    form = dict(pairs)
    if sum(name == "resource" for name, _ in pairs) > 1:
        raise TokenRefused("invalid_target", "A token is for one resource.")
    if len(form) < len(pairs):
        raise TokenRefused("invalid_request", "A parameter is given more than once.")
    # A parameter without a value counts as not sent. Source: RFC 6749, 3.2.
    return {name: value for name, value in form.items() if value}


def _pairs(text: str) -> list[tuple[str, str]]:
    if not text:
        return []
    _whole_escapes(text)
    return parse_qsl(text, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=MAX_PARAMETERS)


def _whole_escapes(text: str) -> None:
    if _BROKEN_ESCAPE.search(text):
        raise ValueError("a percent sign without two hexadecimal digits")


def _credentials(form: Mapping[str, str], authorization: Sequence[str]) -> tuple[str, str, str | None]:
    """Id, secret and assertion as they are claimed; nothing where there is nothing to make sense of."""
    asserted = "client_assertion" in form or "client_assertion_type" in form
    methods = len(authorization) + ("client_secret" in form) + asserted
    if methods > 1:
        raise TokenRefused("invalid_request", "The client authenticates by more than one method.")
    if authorization:
        client_id, secret = _basic(authorization[0])
        if client_id and form.get("client_id", client_id) != client_id:
            raise TokenRefused("invalid_request", "The header and the form name different clients.")
        return client_id, secret, None
    if asserted:
        return _asserted(form)
    return form.get("client_id", ""), form.get("client_secret", ""), None


def _asserted(form: Mapping[str, str]) -> tuple[str, str, str | None]:
    """Whose assertion it claims to be. Source: RFC 7521, 4.2; RFC 7523, 2.2 and 3."""
    if "client_assertion" not in form or "client_assertion_type" not in form:
        raise TokenRefused("invalid_request", "An assertion comes with its type.")
    assertion = form["client_assertion"]
    if form["client_assertion_type"] != ASSERTION_TYPE:
        return NOBODY, "", assertion
    try:
        subject = read_unproven(assertion).get("sub")
    except Unusable:
        return NOBODY, "", assertion
    same = isinstance(subject, str) and form.get("client_id", subject) == subject
    return str(subject) if same else NOBODY, "", assertion


def _basic(header: str) -> tuple[str, str]:
    """Id and secret, each form-encoded before they were joined. Source: RFC 6749, 2.3.1."""
    scheme, _, encoded = header.strip().partition(" ")
    if scheme.lower() != BASIC:
        return NOBODY, ""
    try:
        joined = base64.b64decode(encoded.strip(), validate=True).decode("ascii")
        _whole_escapes(joined)
        client_id, secret = joined.split(":", 1)
        return unquote_plus(client_id, errors="strict"), unquote_plus(secret, errors="strict")
    except ValueError:
        return NOBODY, ""


def unknown_client() -> TokenRefused:
    """The refusal of whoever does not authenticate: the same for an unknown client and a wrong secret."""
    return TokenRefused("invalid_client", "Client authentication failed.")
