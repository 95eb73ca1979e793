from pathlib import Path

import redis

from tests.servers.child import Child
from tests.servers.ports import ReservedPort
from tests.servers.server import Server

DATABASES = 64


class Redis(Server):
    """A Redis that keeps nothing on disk."""

    def __init__(self, folder: Path, binary: Path) -> None:
        super().__init__(folder)
        self.binary = binary
        self._reserved = ReservedPort()
        self.url = f"redis://127.0.0.1:{self._reserved.number}"  # without a database's number

    def _launch(self) -> Child:
        port = self._reserved.release()
        return Child(
            "Redis",
            [self.binary, "--port", str(port), "--bind", "127.0.0.1", "--dir", self.folder, "--save", "",
             "--appendonly", "no", "--databases", str(DATABASES)],
            self.folder / "redis.log",
        )  # fmt: skip

    def _answers(self) -> bool:
        with redis.Redis.from_url(self.url) as client:
            try:
                return bool(client.ping())
            except redis.ConnectionError:
                return False
