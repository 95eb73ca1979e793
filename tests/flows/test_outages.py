"""What happens when a part of the portal dies or goes away: nothing is lost, nothing doubled, and everybody is told
the truth; it goes on by itself.

Each server is away here until all have noticed; `make torture` leaves it away for a minute, and kills more often.
"""

import json
import os
import random
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any, Self

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from tests.flows.alarm import Alarm
from tests.flows.owed import Owed
from tests.flows.senders import Senders
from tests.flows.sinks import MailServer, Receiver
from tests.servers.child import Child
from tests.servers.installation import ACCOUNT, Installation
from tests.waiting import wait_until

MEGABYTE = 1024 * 1024
MOST_MEMORY = 250 * MEGABYTE
PATIENCE = 90.0
READY: tuple[int, set[str]] = (200, set())
# Small, so that there is a middle to be killed in.
BATCHES = {"INGEST_BATCH_SIZE": "200"}
SHARING = ("ingest-1", "ingest-2")


@pytest.fixture(scope="module")
def mail_server() -> Iterator[MailServer]:
    server = MailServer()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.stop()


@pytest.fixture(scope="module")
def installation(request: pytest.FixtureRequest, mail_server: MailServer, receiver: Receiver) -> Iterator[Installation]:
    if request.config.getoption("on") != "servers":
        pytest.skip("a promise of PostgreSQL, Redis and Mosquitto: run with --on=servers")
    folder = Path(os.environ["TEST_FOLDER"], "installation")
    installation = Installation(folder, EMAIL_URL=mail_server.url, WEBHOOK_PRIVATE_NETWORKS="127.0.0.0/8")
    try:
        installation.start_servers()
        installation.start_web()
        installation.start_ingest_worker(**BATCHES)
        installation.start_worker()
        installation.start_beat()
        wait_until(lambda: readiness(installation) == READY, PATIENCE)
        yield installation
    finally:
        installation.stop()


@pytest.fixture(autouse=True)
def _told(installation: Installation) -> Iterator[None]:
    """What the processes say during a test is among the output of one that fails."""
    logs = {process.log: process.log.stat().st_size for process in installation.processes.values()}
    yield
    for log, size in logs.items():
        print(f"--- {log.stem}\n{log.read_bytes()[size:].decode()}")


@pytest.fixture
def senders(installation: Installation, request: pytest.FixtureRequest) -> Iterator[Senders]:
    name = re.sub(r"\W+", "-", request.node.name.removeprefix("test_"))[:24]
    with Senders(installation, name).sending() as senders:
        yield senders


class Person:
    """Somebody who has signed in, with a page open."""

    def __init__(self, installation: Installation) -> None:
        self.browser = installation.client(follow_redirects=True)
        self.browser.get("/login/")
        form = {**ACCOUNT, "csrfmiddlewaretoken": self.browser.cookies["csrftoken"]}
        assert self.browser.post("/login/", data=form).url.path == "/"
        self.frames: list[dict[str, Any]] = []
        self._socket: ClientConnection = connect(
            f"ws://{installation.host}/ws/live/",
            origin=Origin(f"http://{installation.host}"),
            additional_headers={"Cookie": f"sessionid={self.browser.cookies['sessionid']}"},
        )
        self._reader = Thread(target=self._read)
        self._reader.start()

    def watch(self, project: str) -> Self:
        self._socket.send(json.dumps({"type": "subscribe", "id": "x", "project": project}))
        wait_until(lambda: self.has_been_told("change"), PATIENCE, what="the first change")
        return self

    def has_been_told(self, kind: str) -> bool:
        return any(frame["type"] == kind for frame in self.frames)

    def sees_changes_again(self) -> bool:
        kinds = [frame["type"] for frame in self.frames]
        return "resumed" in kinds and "change" in kinds[kinds.index("resumed") :]

    def look(self, path: str = "/") -> tuple[int, str]:
        answer = self.browser.get(path)
        return answer.status_code, answer.text

    def leave(self) -> None:
        self._socket.close()
        self._reader.join(PATIENCE)
        self.browser.close()

    def _read(self) -> None:
        with suppress(ConnectionClosed):
            while True:
                frame = json.loads(self._socket.recv())
                self.frames.append(frame)
                if frame["type"] == "ping":  # or the portal believes that nobody reads
                    self._socket.send(json.dumps({**frame, "type": "pong"}))


@pytest.fixture
def person(installation: Installation, senders: Senders) -> Iterator[Person]:
    person = Person(installation)
    try:
        yield person.watch(senders.project)
    finally:
        person.leave()


@pytest.fixture
def stay_away(request: pytest.FixtureRequest) -> Callable[[], object]:
    """How long a server is away after everybody has noticed."""
    seconds = 60 if request.config.getoption("torture") else 0
    return lambda: Event().wait(seconds)


@pytest.fixture
def kills(request: pytest.FixtureRequest) -> int:
    return 20 if request.config.getoption("torture") else 3


def readiness(installation: Installation) -> tuple[int, set[str]]:
    """The status of /readyz, and the parts that fail."""
    with installation.client() as client:
        answer = client.get("/readyz")
    return answer.status_code, {name for name, state in answer.json()["parts"].items() if state != "ok"}


def stored(installation: Installation, senders: Senders) -> dict[str, list[int]]:
    """The numbers that are there of each sender."""
    return dict(
        installation.query(
            """
            SELECT device.device_id, array_agg(value::int ORDER BY value) FROM telemetry_reading
            JOIN telemetry_metric metric ON metric.id = metric_id
            JOIN devices_device device ON device.id = metric.device_id
            WHERE device.device_id = ANY(%s) GROUP BY 1
            """,
            list(senders.sent),
        )
    )


def stored_so_far(installation: Installation, senders: Senders) -> int:
    return sum(map(len, stored(installation, senders).values()))


def check_books(installation: Installation, senders: Senders) -> None:
    """Each number that was sent is there once, and the ledger says so."""
    senders.stop()
    total = sum(senders.sent.values())
    wait_until(lambda: stored_so_far(installation, senders) >= total, PATIENCE, what=f"{total} readings")
    for device_id, numbers in stored(installation, senders).items():
        assert numbers == list(range(senders.sent[device_id])), device_id
    [(received, stored_, duplicate, other)] = installation.query(
        """
        SELECT sum(received), sum(stored), sum(duplicate), sum(rejected + quarantined) FROM telemetry_ledgerhour
        WHERE sender = ANY(%s)
        """,
        list(senders.sent),
    )
    assert (stored_, other) == (total, 0)
    assert received == stored_ + duplicate
    print(f"{total} sent and stored; {duplicate} came twice")


def peak_memory(process: Child) -> int:
    [line] = re.findall(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
    return int(line) * 1024


def check_recovery(installation: Installation, senders: Senders) -> None:
    """All goes on, in the processes there were; what was sent meanwhile is stored, and summed up by the workers."""
    wait_until(lambda: readiness(installation) == READY, PATIENCE)
    check_books(installation, senders)
    wait_until(lambda: installation.query("SELECT count(*) FROM telemetry_dirtybucket") == [(0,)], PATIENCE)
    assert all(process.is_running for process in installation.processes.values())
    peaks = {name: peak_memory(process) // MEGABYTE for name, process in installation.processes.items()}
    print(f"peak memory in MB: {peaks}")
    assert max(peaks.values()) * MEGABYTE < MOST_MEMORY


def test_the_ingest_worker_may_be_killed_at_any_moment(
    installation: Installation, senders: Senders, kills: int
) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    moments = random.Random(seed)
    for _ in range(kills):
        seen = stored_so_far(installation, senders)
        more = moments.randint(1, 600)
        wait_until(lambda: stored_so_far(installation, senders) >= seen + more, PATIENCE)  # noqa: B023
        installation.processes["ingest"].stop(signal.SIGKILL)
        installation.start_ingest_worker(**BATCHES)
    check_recovery(installation, senders)


def test_the_broker_may_be_killed(
    installation: Installation, senders: Senders, person: Person, stay_away: Callable[[], object]
) -> None:
    installation.broker.kill()
    # The portal can be used, but for what comes by MQTT.
    wait_until(lambda: readiness(installation) == (200, {"listener"}), PATIENCE)
    wait_until(lambda: person.has_been_told("paused"), PATIENCE)
    assert person.look()[0] == 200
    stay_away()
    installation.broker.start()
    wait_until(person.sees_changes_again, PATIENCE)
    check_recovery(installation, senders)


def test_postgresql_may_be_away(
    installation: Installation, senders: Senders, person: Person, stay_away: Callable[[], object]
) -> None:
    installation.postgres.stop()
    wait_until(lambda: readiness(installation) == (503, {"database", "listener"}), PATIENCE)
    wait_until(lambda: person.has_been_told("paused"), PATIENCE)
    for path in ("/", "/admin/", "/api/v1/devices/"):
        status, text = person.look(path)
        assert status == 503
        assert "cannot reach its database" in text
    wait_until(lambda: httpx.codes.SERVICE_UNAVAILABLE in senders.http_answers, PATIENCE)
    stay_away()
    installation.postgres.start()
    wait_until(person.sees_changes_again, PATIENCE)
    for path in ("/", "/admin/", "/api/v1/devices/"):
        assert person.look(path)[0] == 200
    check_recovery(installation, senders)
    assert senders.http_answers == {httpx.codes.ACCEPTED, httpx.codes.SERVICE_UNAVAILABLE}


def test_redis_may_be_away(
    installation: Installation, senders: Senders, person: Person, stay_away: Callable[[], object]
) -> None:
    installation.redis.stop()
    wait_until(lambda: readiness(installation) == (503, {"redis", "listener"}), PATIENCE)
    wait_until(lambda: person.has_been_told("paused"), PATIENCE)
    seen = stored_so_far(installation, senders)
    wait_until(lambda: stored_so_far(installation, senders) > seen, PATIENCE, what="readings stored all the same")
    assert [person.look(path)[0] for path in ("/", "/admin/", "/api/v1/devices/")] == [200, 200, 200]
    stay_away()
    installation.redis.start()
    wait_until(person.sees_changes_again, PATIENCE)
    check_recovery(installation, senders)
    assert senders.http_answers == {httpx.codes.ACCEPTED}


@pytest.fixture
def two_that_share(installation: Installation) -> Iterator[None]:
    """Instead of the one ingest worker, as long as the test takes."""
    installation.processes.pop("ingest").stop()
    for name in SHARING:
        installation.start_ingest_worker(name, **BATCHES, INGEST_SHARED="1")
    yield
    for name in SHARING:
        if name in installation.processes:
            installation.processes.pop(name).stop()
    installation.start_ingest_worker(**BATCHES)


def test_one_of_two_ingest_workers_that_share_may_be_killed(
    installation: Installation, senders: Senders, two_that_share: None, request: pytest.FixtureRequest
) -> None:
    seen = stored_so_far(installation, senders)
    wait_until(lambda: stored_so_far(installation, senders) >= seen + 600, PATIENCE)
    installation.processes.pop("ingest-1").stop(signal.SIGKILL)
    seen = stored_so_far(installation, senders)
    wait_until(lambda: stored_so_far(installation, senders) >= seen + 300, PATIENCE, what="the other to go on")
    if not request.config.getoption("torture"):  # else the other takes over what waits for it, later
        installation.start_ingest_worker("ingest-1", **BATCHES, INGEST_SHARED="1")
    check_recovery(installation, senders)


def test_each_alert_is_raised_and_told_once_whoever_is_killed(
    installation: Installation, mail_server: MailServer, receiver: Receiver
) -> None:
    alarm = Alarm(installation, mail_server, receiver)
    noticed, timed = alarm.devices
    for device in alarm.devices:
        alarm.send(device, 85)
    # Pending: one fires with its next reading, the other when its time has come.
    wait_until(lambda: alarm.states("status = 'pending'") == 2, PATIENCE)
    alarm.kill("ingest", "worker", "beat")
    wait_until(lambda: alarm.states("due_at < now()") == 2, PATIENCE)
    installation.start_ingest_worker(**BATCHES)
    alarm.send(noticed, 86)
    wait_until(lambda: alarm.alerts("status = 'firing'") == 1, PATIENCE)
    # Firing, and nobody has been told.
    alarm.kill("ingest")
    receiver.answering.clear()
    alarm.start()
    wait_until(lambda: receiver.deliveries, PATIENCE)
    # Told, and nobody has noted it.
    alarm.kill("worker", "beat")
    receiver.answering.set()
    alarm.expire_claims()
    installation.start_ingest_worker(**BATCHES)
    alarm.start()
    wait_until(lambda: alarm.all_told(2 * 3), PATIENCE, what="mail, webhook and portal, of both")
    opened = [(device.device_id, "opened") for device in (noticed, timed)]
    assert (alarm.timelines(), alarm.delivered(), alarm.mailed()) == ([["opened"], ["opened"]], opened, opened)
    for device in alarm.devices:
        alarm.send(device, 60)
    wait_until(lambda: alarm.all_told(4 * 3), PATIENCE, what="that it is over, too")
    both = sorted([*opened, *((device_id, "resolved") for device_id, _ in opened)])
    assert (alarm.timelines(), alarm.delivered()) == (2 * [["opened", "resolved"]], both)


def test_each_report_that_is_owed_is_sent_once_whoever_is_killed(
    installation: Installation, mail_server: MailServer, kills: int
) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    moments = random.Random(seed)
    with Owed(installation, mail_server, reports=6) as owed:
        for _ in range(kills):
            owed.make_due()
            owed.wait_for_one_more(what=moments.choice(["run", "done", "mail"]))
            name = moments.choice(["worker", "beat"])
            installation.processes[name].stop(signal.SIGKILL)
            owed.expire_leases()
            getattr(installation, f"start_{name}")()
        wait_until(owed.all_sent, PATIENCE, what="every report of every slot")
        assert owed.delivered() == owed.slots()
