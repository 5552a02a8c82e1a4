import socket
from dataclasses import dataclass

import pytest

from app.embedded.loopback import free_port
from app.launcher import CannotStart
from app.supervisor import planned
from app.supervisor.ports import apart, check_ports


@dataclass
class Server:
    port: int


def test_servers_are_put_on_ports_that_nobody_is_about_to_use() -> None:
    chosen, taken = iter([3004, 3001, 20_000, 20_000, 3002, 20_001]), {3004, 3001, 3002}

    servers = [apart(lambda: Server(next(chosen)), taken) for _ in range(2)]

    assert [server.port for server in servers] == [20_000, 20_001]


def test_a_port_on_which_nobody_listens_is_ours() -> None:
    check_ports(planned(None, None, free_port()))


def test_a_port_that_was_just_given_up_is_ours() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port))
        listener.accept()[0].close()  # which leaves the port in TIME_WAIT
        client.close()

    check_ports(planned(None, None, port))


@pytest.mark.parametrize(
    ("split", "ports", "option"),
    [(None, None, "--port"), ("auth+product,sales,delivery", "auth={}", "--ports auth=…")],
)
def test_a_taken_port_is_named_with_the_option_that_changes_it(
    split: str | None, ports: str | None, option: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        specs = planned(split, ports and ports.format(port), port)

        with pytest.raises(CannotStart, match=rf"Port {port} is in use; .* with {option}\.$"):
            check_ports([spec for spec in specs if spec.port == port])
