"""What happens while a part of the portal is away: nothing is lost, nothing doubled, and everybody is told the truth.

Short here; `make torture` kills more often and leaves the servers away for longer.
"""

import os
import random
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import httpx
import psutil
import pytest

from tests.flows.senders import Senders
from tests.servers.child import Child
from tests.servers.installation import ACCOUNT, Installation
from tests.servers.server import Server
from tests.waiting import wait_until

MOST_MEMORY = 250 * 1024 * 1024
PATIENCE = 60.0

CheckBooks = Callable[[Senders], None]


@pytest.fixture(scope="module")
def installation(request: pytest.FixtureRequest) -> Iterator[Installation]:
    if request.config.getoption("on") != "servers":
        pytest.skip("a promise of PostgreSQL, Redis and Mosquitto: run with --on=servers")
    installation = Installation(Path(os.environ["TEST_FOLDER"], "installation"))
    try:
        installation.start_servers()
        installation.start_web()
        installation.start_ingest_worker(INGEST_BATCH_SIZE="200")  # small, so that there is a middle to be killed in
        installation.start_worker()
        installation.start_beat()
        wait_until(lambda: readiness(installation) == (200, set()), PATIENCE)
        yield installation
    finally:
        installation.stop()


@pytest.fixture(autouse=True)
def said(installation: Installation) -> Iterator[None]:
    """What the processes say during a test is among the output of one that fails."""
    before = {name: len(process.output) for name, process in installation.processes.items()}
    yield
    for name, process in installation.processes.items():
        print(f"--- {name}\n{process.output[before.get(name, 0):]}")


@pytest.fixture
def senders(installation: Installation, request: pytest.FixtureRequest) -> Senders:
    return Senders(installation, re.sub(r"\W+", "-", request.node.name.removeprefix("test_"))[:24]).start()


@pytest.fixture
def person(installation: Installation) -> Iterator[httpx.Client]:
    """Somebody with a browser who has signed in."""
    with installation.client(follow_redirects=True) as client:
        client.get("/login/")
        form = {**ACCOUNT, "csrfmiddlewaretoken": client.cookies["csrftoken"]}
        assert client.post("/login/", data=form).url.path == "/"
        yield client


@pytest.fixture
def pause(request: pytest.FixtureRequest) -> Callable[[], object]:
    """However long a server is away, once everybody has noticed."""
    return lambda: Event().wait(60 if request.config.getoption("torture") else 1)


def stored(installation: Installation, senders: Senders) -> int:
    [(count,)] = installation.query(
        """
        SELECT count(*) FROM telemetry_reading JOIN telemetry_metric metric ON metric.id = metric_id
        JOIN devices_device device ON device.id = device_id WHERE device.device_id = ANY(%s)
        """,
        list(senders.sent),
    )
    return count


def readiness(installation: Installation) -> tuple[int, set[str]]:
    """The status of /readyz, and the parts that fail."""
    with installation.client() as client:
        answer = client.get("/readyz")
    return answer.status_code, {name for name, state in answer.json()["parts"].items() if state != "ok"}


def check_books(installation: Installation, senders: Senders) -> None:
    """Each number that was sent is there once, and the ledger says so."""
    senders.stop()
    wait_until(lambda: stored(installation, senders) >= senders.total, PATIENCE, what=f"{senders.sent} to be stored")
    found = installation.query(
        """
        SELECT device.device_id, array_agg(value ORDER BY value) FROM telemetry_reading
        JOIN telemetry_metric metric ON metric.id = metric_id JOIN devices_device device ON device.id = device_id
        WHERE device.device_id = ANY(%s) GROUP BY 1
        """,
        list(senders.sent),
    )
    assert {device_id: numbers == list(range(senders.sent[device_id])) for device_id, numbers in found} == dict.fromkeys(
        senders.sent, True
    )
    [(received, stored_, duplicate, rest)] = installation.query(
        """
        SELECT sum(received), sum(stored), sum(duplicate), sum(rejected + quarantined) FROM telemetry_ledgerhour
        WHERE sender = ANY(%s)
        """,
        list(senders.sent),
    )
    assert (stored_, rest) == (senders.total, 0)
    assert received == stored_ + duplicate


def peak_memory(process: Child) -> int:
    [line] = [line for line in Path(f"/proc/{process.pid}/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024
