"""The portal's own processes, as commands."""

import sys

from iotsphere.supervisor.options import PROJECT_FOLDER
from iotsphere.supervisor.ports import loopback_addresses
from iotsphere.supervisor.process import Program

# What only matters between several workers of one kind, and slows the start of one.
ALONE = ("--without-gossip", "--without-mingle", "--without-heartbeat")


def manage(command: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, str(PROJECT_FOLDER / "manage.py"), command, *arguments)


def celery(*arguments: str) -> tuple[str, ...]:
    # It warns of running as root, at length: in a container everything does.
    return (sys.executable, "-W", "ignore:You're running", "-m", "celery", "-q", "-A", "iotsphere", *arguments)


def web(port: int) -> Program:
    # Static files are served from where they lie; WhiteNoise would rather have them collected.
    daphne = [sys.executable, "-m", "daphne", "-v", "0", "--no-server-name"]
    for address in loopback_addresses():
        daphne += ["-e", f"tcp:port={port}:interface=" + address.replace(":", "\\:")]
    return Program("web", (*daphne, "iotsphere.asgi:application"))


def ingest(workers: int) -> list[Program]:
    names = ["ingest", *(f"ingest-{number}" for number in range(2, workers + 1))]
    options = ("-Q", "ingest", "--listen", "--pool", "threads", "-c", "1", *ALONE)
    return [Program(name, celery("worker", "-n", f"{name}@%h", *options)) for name in names]


WORKER = Program("worker", celery("worker", "-n", "worker@%h", "--pool", "threads", "-c", "2", *ALONE))
BEAT = Program("beat", celery("beat", "--pidfile="))
SIMULATOR = Program("simulator", manage("simulate"))
PREPARE = Program("prepare", manage("prepare"))
