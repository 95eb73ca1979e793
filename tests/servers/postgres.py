import os
import shutil
import signal
import subprocess
from pathlib import Path

import psycopg

from tests.servers.child import Child
from tests.servers.programs import program
from tests.servers.server import Server

RELAXED = ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]
USER = "postgres" if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root


class Postgres(Server):
    """A new PostgreSQL cluster with one database; `durable` keeps it as careful as a real one."""

    ends_by = signal.SIGINT  # without waiting for its clients

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        super().__init__(folder)
        self.durable = durable
        self.url = f"postgres://iotsphere@/{folder}/iotsphere"

    def connect(self, database: str = "iotsphere") -> psycopg.Connection:
        return psycopg.connect(host=str(self.folder), user="iotsphere", dbname=database, autocommit=True)

    def prepare(self) -> None:
        if USER:
            shutil.chown(self.folder, USER, USER)
        as_user = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--init-groups", "--"] if USER else []
        subprocess.run(
            [*as_user, program("initdb"), "-D", self.folder / "data", "-U", "iotsphere", "--auth=trust",
             "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"],
            check=True, capture_output=True, cwd="/",
        )  # fmt: skip

    def _launch(self) -> Child:
        return Child(
            "PostgreSQL",
            [program("postgres"), "-D", self.folder / "data", "-k", self.folder, "-c", "listen_addresses=",
             "-c", "max_connections=200", *([] if self.durable else RELAXED)],
            self.folder.with_suffix(".log"),
            user=USER,
            signal_on_death="QUIT",  # the only quick end after which it leaves no shared memory behind
        )  # fmt: skip

    def _answers(self) -> bool:
        try:
            with self.connect("postgres") as connection:
                known = connection.execute("SELECT 1 FROM pg_database WHERE datname = 'iotsphere'").fetchone()
                if not known:
                    connection.execute("CREATE DATABASE iotsphere")
        except psycopg.OperationalError:
            return False
        return True
