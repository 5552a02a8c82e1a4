"""The service fulfils its ports, and each port method says how it may be repeated."""

from modules.auth.port import AuthOperatorPort, AuthPort
from modules.auth.service import AuthService
from modules.kernel.rpc import Repeat, policies


def fulfils(service: AuthService) -> tuple[AuthPort, AuthOperatorPort]:
    """Checked by mypy: the service is both ports as it stands."""
    return service, service


def test_reads_may_be_repeated_and_a_shown_secret_may_not() -> None:
    declared = {name: policy.repeat for port in (AuthPort, AuthOperatorPort) for name, policy in policies(port).items()}
    assert declared == {
        "keys": Repeat.READ,
        "revocations": Repeat.READ,
        "list_clients": Repeat.READ,
        "show_client": Repeat.READ,
        "list_signing_keys": Repeat.READ,
        "list_changes": Repeat.READ,
        "list_failures": Repeat.READ,
        "update_client": Repeat.IDEMPOTENT,
        "delete_client": Repeat.IDEMPOTENT,
        "add_key": Repeat.IDEMPOTENT,
        "retire_key": Repeat.IDEMPOTENT,
        "rotate_signing_key": Repeat.ONCE,
        "disable_client": Repeat.IDEMPOTENT,
        "enable_client": Repeat.IDEMPOTENT,
        "retire_secret": Repeat.IDEMPOTENT,
        "create_client": Repeat.ONCE,
        "rotate_secret": Repeat.ONCE,
    }
