"""How auth says no to the operator."""

from modules.kernel.errors import Conflict, Invalid, NotFound


class ClientRefused(Invalid, code="auth.client_refused"):
    """A client like that makes no sense or may not be. `details["errors"]` says why, for each name at fault."""


class NoSuchClient(NotFound, code="auth.client_not_found"):
    """There is no client of that id."""


class NoSuchSecret(NotFound, code="auth.secret_not_found"):
    """The client has no live secret of that id."""


class TwoSecrets(Conflict, code="auth.two_live_secrets"):
    """The client has two live secrets, the most there can be. `details["secrets"]` names them: retire one first."""


class LastCredential(Conflict, code="auth.last_credential"):
    """Without it the client could not sign in: it has no other live secret or key. Give it one, or disable it."""


class KeyRefused(Invalid, code="auth.key_refused"):
    """A key like that can't be a client's. `details["errors"]` says why."""


class NoSuchKey(NotFound, code="auth.key_not_found"):
    """The client has no key of that id."""


class TwoKeys(Conflict, code="auth.two_live_keys"):
    """The client has two live keys, the most there can be. `details["keys"]` names them: retire one first."""


class ServiceClient(Conflict, code="auth.service_client"):
    """It is a service of ours: its release says what it may do, its settings how it signs in; it comes back if deleted."""


class SecretShown(Conflict, code="auth.secret_shown"):
    """This request was done before, and its secret shown then: it is shown once. `details` name the client and the secret.

    Where that answer was lost, retire the secret and ask for another, under a new key.
    """
