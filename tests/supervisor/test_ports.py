import socket
from collections.abc import Iterator

import pytest

from iotsphere.supervisor.ports import free_port, loopback_addresses, refuse_taken_port
from iotsphere.supervisor.refusal import Refusal

pytestmark = pytest.mark.once


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_free_port_is_fine() -> None:
    refuse_taken_port(free_port(), "PORT")


def test_a_taken_port_is_refused_in_one_sentence_that_names_another(taken: int) -> None:
    with pytest.raises(Refusal, match=rf"^Port {taken} is taken .* MQTT_PORT=\d+\.$") as refused:
        refuse_taken_port(taken, "MQTT_PORT")
    refuse_taken_port(int(str(refused.value).rpartition("=")[2].rstrip(".")), "MQTT_PORT")


def test_a_program_on_all_addresses_takes_the_port() -> None:
    with socket.create_server(("", 0)) as server, pytest.raises(Refusal, match="is taken"):
        refuse_taken_port(server.getsockname()[1], "PORT")


@pytest.mark.skipif("::1" not in loopback_addresses(), reason="this machine has no IPv6")
def test_a_program_on_the_other_localhost_takes_the_port() -> None:
    server = socket.create_server(("::1", 0), family=socket.AF_INET6)
    with server, pytest.raises(Refusal, match="is taken"):
        refuse_taken_port(server.getsockname()[1], "PORT")
