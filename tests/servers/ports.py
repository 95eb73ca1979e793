import socket


class ReservedPort:
    """A free port of the loopback that nobody else is given until `release()`.

    It is bound but not listened on: who connects too early is refused at once.
    """

    def __init__(self) -> None:
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.number: int = self._socket.getsockname()[1]

    def release(self) -> int:
        self._socket.close()
        return self.number


def is_listening(port: int) -> bool:
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0
