"""Whether a client is who it says it is."""

from modules.auth.model.secret import Peppers, StoredSecret
from modules.auth.model.token import KnownClient
from modules.auth.service.request import TokenRequest


def authenticated(peppers: Peppers, request: TokenRequest, client: KnownClient | None) -> StoredSecret | None:
    """The secret by which a request is its client's; none for a wrong one, an unknown client, or one that is disabled.

    It costs the same whatever is wrong.
    """
    secret = peppers.recognise(request.client_secret, client.secrets if client else ())
    return None if client is None or client.disabled else secret
