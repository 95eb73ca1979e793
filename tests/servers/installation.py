"""The portal as it runs in production, all of it its own: what happens to it happens to nobody else."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from tests.servers.brokers import ShippedMosquitto
from tests.servers.child import Child
from tests.servers.ports import ReservedPort, is_listening
from tests.servers.postgres import Postgres
from tests.servers.programs import program
from tests.servers.redis import Redis

ACCOUNT = {"username": "root", "password": "correct horse battery"}
PATIENCE = 180.0


class Installation:
    """PostgreSQL, Redis, Mosquitto by the shipped configuration, and the processes that docs/operator.md names.

    What it was told to start is started; `stop()` ends it all.
    """

    def __init__(self, folder: Path, *, durable: bool = False, **environment: str) -> None:
        folder.mkdir()
        self.folder = folder
        self.postgres = Postgres(folder / "postgres", durable=durable)
        self.redis = Redis(folder / "redis", program("redis-server"))
        self.broker = ShippedMosquitto(folder / "broker")
        self.host = f"127.0.0.1:{ReservedPort().release()}"
        self.processes: dict[str, Child] = {}
        self.environment = {
            "DJANGO_SETTINGS_MODULE": "iotsphere.settings",
            "SECRET_KEY": "for this installation alone, and long enough to sign with",
            "DATA_DIR": str(folder / "data"),
            "DATABASE_URL": self.postgres.url,
            "REDIS_URL": f"{self.redis.url}/0",
            "MQTT_URL": f"mqtt://portal:secret@127.0.0.1:{self.broker.port}",
            "BROKER_DIR": str(self.broker.folder),
            "PYTHONUNBUFFERED": "1",
            "LOG_LEVEL": "INFO",  # where it can be seen that they listen
            **environment,
        }

    def start_servers(self) -> None:
        """PostgreSQL with an empty portal and its administrator, Redis, and the broker."""
        self.postgres.start()
        self.redis.start()
        self.manage("prepare")
        self.manage("createsuperuser", "--noinput", "--username", ACCOUNT["username"], "--email", "root@example.org")
        self.broker.start()

    def manage(self, *arguments: str) -> None:
        password = {"DJANGO_SUPERUSER_PASSWORD": ACCOUNT["password"]}
        child = self._child(arguments[0], ["manage.py", *arguments], password)
        if child.process.wait(PATIENCE):
            raise AssertionError(f"manage.py {' '.join(arguments)} failed:\n{child.output}")

    def start_web(self) -> Child:
        port = self.host.partition(":")[2]
        web = self.start("web", "-m", "daphne", "-b", "127.0.0.1", "-p", port, "iotsphere.asgi:application")
        return web.wait_until(lambda: is_listening(int(port)), PATIENCE)

    def start_ingest_worker(self, name: str = "ingest", **environment: str) -> Child:
        options = ("-n", f"{name}@%h", "-Q", "ingest", "--listen", "--pool", "threads", "-c", "1")
        worker = self.start(name, "-m", "celery", "-A", "iotsphere", "worker", *options, **environment)
        return worker.wait_until(lambda: "listening" in worker.output, PATIENCE)

    def start_worker(self) -> Child:
        return self.start("worker", "-m", "celery", "-A", "iotsphere", "worker", "--pool", "threads", "-c", "1")

    def start_beat(self) -> Child:
        return self.start("beat", "-m", "celery", "-A", "iotsphere", "beat", "--pidfile=")

    def stop(self) -> None:
        for process in reversed(self.processes.values()):
            process.stop()
        for server in (self.broker, self.redis, self.postgres):
            server.stop()

    def query(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with self.postgres.connect() as connection:
            return connection.execute(statement.encode(), parameters).fetchall()

    def client(self, **options: Any) -> httpx.Client:
        return httpx.Client(base_url=f"http://{self.host}", timeout=PATIENCE, **options)

    def start(self, name: str, *arguments: str, **environment: str) -> Child:
        child = self.processes[name] = self._child(name, arguments, environment)
        return child

    def _child(self, name: str, arguments: Sequence[str], environment: dict[str, str]) -> Child:
        return Child(
            name,
            [sys.executable, *arguments],
            self.folder / f"{name}.log",
            env={**self.environment, **environment},
        )
