import os
import shutil
import subprocess
from pathlib import Path

import psycopg

from tests.servers.child import Child
from tests.servers.programs import program

RELAXED = ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]


def start_postgres(folder: Path, *, durable: bool = False) -> tuple[Child, str]:
    """A new PostgreSQL cluster in `folder` and the URL of its database; `durable` keeps it as careful as a real one."""
    user = "postgres" if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
    data = folder / "data"
    folder.mkdir()
    if user:
        shutil.chown(folder, user, user)
    as_user = ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", "--"] if user else []
    subprocess.run(
        [*as_user, program("initdb"), "-D", data, "-U", "iotsphere", "--auth=trust", "--encoding=UTF8",
         "--locale=C.UTF-8", "--no-sync"],
        check=True, capture_output=True, cwd="/",
    )  # fmt: skip
    server = Child(
        "PostgreSQL",
        [program("postgres"), "-D", data, "-k", folder, "-c", "listen_addresses=", "-c", "max_connections=200",
         *([] if durable else RELAXED)],
        folder.parent / "postgres.log",
        user=user,
        signal_on_death="QUIT",  # the only quick end after which it leaves no shared memory behind
    )  # fmt: skip
    server.wait_until(lambda: _create_database(folder))
    return server, f"postgres://iotsphere@/{folder}/iotsphere"


def _create_database(socket: Path) -> bool:
    try:
        with psycopg.connect(host=str(socket), user="iotsphere", dbname="postgres", autocommit=True) as connection:
            connection.execute("create database iotsphere")
    except psycopg.OperationalError:
        return False
    return True
