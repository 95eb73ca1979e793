from pathlib import Path

import redis

from tests.servers.child import Child
from tests.servers.ports import ReservedPort

DATABASES = 64


def start_redis(folder: Path, binary: Path) -> tuple[Child, str]:
    """A Redis that keeps nothing on disk, and its URL without a database number."""
    port = ReservedPort().release()
    server = Child(
        "Redis",
        [binary, "--port", str(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "no",
         "--databases", str(DATABASES)],
        folder / "redis.log",
    )  # fmt: skip
    client = redis.Redis(port=port)
    server.wait_until(lambda: _answers(client))
    client.close()
    return server, f"redis://127.0.0.1:{port}"


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False
