import random
import socket

PORTS = range(10_000, 32_768)
"""Below those that Linux gives to clients: one of them could be given the port between its release and its use."""


class ReservedPort:
    """A free port of the loopback that nobody else is given until `release()`.

    It is bound but not listened on: who connects too early is refused at once.
    """

    def __init__(self) -> None:
        while True:
            self.number = random.SystemRandom().choice(PORTS)  # properties seed what is random beside it
            self._socket = socket.socket()
            try:
                self._socket.bind(("127.0.0.1", self.number))
            except OSError:
                self._socket.close()
            else:
                return

    def release(self) -> int:
        self._socket.close()
        return self.number


def is_listening(port: int) -> bool:
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0
