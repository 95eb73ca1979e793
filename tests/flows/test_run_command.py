"""`manage.py run` as a newcomer meets it: real processes on free ports, in folders of their own."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg
import pytest
from django.db import connection

from iotsphere.supervisor.ports import free_port
from tests.servers.brokers import Broker
from tests.servers.child import Child
from tests.servers.programs import program
from tests.servers.template import copy_template
from tests.waiting import wait_until

pytestmark = pytest.mark.live

READY = "IoTSphere is ready"
PATIENCE = 180
# What the suite itself runs on is none of the run command's business.
OURS = ("DATABASE_URL", "REDIS_URL", "MQTT_URL", "SECRET_KEY", "DJANGO_SETTINGS_MODULE", "DEMO", "DEMO_PASSWORD")


class Run:
    """The run command at work."""

    def __init__(self, data_dir: Path, **environment: str) -> None:
        self.port, self.mqtt_port = free_port(), free_port()
        self.url = f"http://localhost:{self.port}"
        names = {"PORT": str(self.port), "MQTT_PORT": str(self.mqtt_port), "DATA_DIR": str(data_dir)}
        log = data_dir.with_suffix(".log")
        log.unlink(missing_ok=True)
        command = [sys.executable, "manage.py", "run"]
        self.child = Child("run", command, log, env={**dict.fromkeys(OURS, ""), **names, **environment})

    def until_ready(self) -> "Run":
        self.child.wait_until(lambda: READY in self.said, PATIENCE)
        return self

    @property
    def said(self) -> str:
        return self.child.output

    @property
    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.child.pid).children(recursive=True)

    def password_of(self, username: str) -> str:
        found = re.search(rf"^ +{username} +(\S+)$", self.said, re.MULTILINE)
        assert found, f"no password of {username} in\n{self.said}"
        return found[1]

    def sign_in(self, username: str, password: str) -> httpx.Client:
        """A client of the API that requests come from as `username`."""
        account = {"username": username, "password": password}
        answer = httpx.post(f"{self.url}/api/v1/token/", json=account, timeout=30)
        assert answer.status_code == 200, answer.text
        headers = {"Authorization": f"Bearer {answer.json()['access']}"}
        return httpx.Client(base_url=f"{self.url}/api/v1/", headers=headers, timeout=30)

    def publish(self, topic: str, body: str) -> "subprocess.CompletedProcess[bytes]":
        command: list[str | Path] = [
            program("mosquitto_pub"),
            "-h",
            "localhost",
            "-p",
            str(self.mqtt_port),
            "-t",
            topic,
            "-q",
            "1",
        ]
        return subprocess.run([*command, "-m", body], capture_output=True, check=False, timeout=30)


@contextmanager
def running(data_dir: Path, **environment: str) -> Iterator[Run]:
    """A run of the command, which ends in order when told to and leaves nobody behind."""
    run = Run(data_dir, **environment)
    try:
        yield run
        if run.child.is_running:
            family = run.family
            run.child.process.terminate()
            assert run.child.process.wait(40) == 0
            assert not any(map(is_alive, family))
    finally:
        run.child.stop(timeout=40)
        print(run.said)


@pytest.fixture(scope="module")
def embedded_parts(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("on") != "embedded":
        pytest.skip("the embedded parts are tested on the embedded parts")


@pytest.fixture(scope="module")
def demo(embedded_parts: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    with running(tmp_path_factory.mktemp("demo") / "var") as run:
        yield run.until_ready()


@pytest.fixture(scope="module")
def empty(embedded_parts: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """An empty portal with its tables, on a machine on which neither Redis nor Mosquitto is installed."""
    data_dir = tmp_path_factory.mktemp("empty") / "var"
    data_dir.mkdir()
    copy_template(str(data_dir / "iotsphere.sqlite3"))
    with running(data_dir, DEMO="0", BUNDLED="1") as run:
        yield run.until_ready()


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A new database beside the one of the tests."""
    if request.config.getoption("on") != "servers":
        pytest.skip("PostgreSQL, Redis and Mosquitto are given with --on=servers")
    server = connection.settings_dict
    with psycopg.connect(host=server["HOST"], user=server["USER"], dbname="postgres", autocommit=True) as postgres:
        copy_template("run_command")
        yield f"postgres://{server['USER']}@/{server['HOST']}/run_command"
        postgres.execute("drop database run_command with (force)")


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def words_of(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


# --- With the demo ---


@pytest.mark.parametrize(("username", "role"), [("admin", "admin"), ("operator", "operator"), ("viewer", "viewer")])
def test_each_account_of_the_banner_has_its_role_in_the_demo(demo: Run, username: str, role: str) -> None:
    with demo.sign_in(username, demo.password_of(username)) as client:
        me = client.get("me/").json()
    assert [(membership["project"], membership["role"]) for membership in me["memberships"]] == [("demo", role)]


def test_a_reading_sent_as_the_banner_says_is_stored(demo: Run) -> None:
    body = '{"telemetry": {"temperature": 25.5, "humidity": 60.2, "battery": 3.8}, "timestamp": "2025-12-19T12:21:20"}'
    assert demo.publish("app/device/ESP32_SIM_01/telemetry", body).returncode == 0
    query = {"metrics": "temperature", "from": "2025-12-19T12:21:00Z", "to": "2025-12-19T12:22:00Z"}
    with demo.sign_in("viewer", demo.password_of("viewer")) as client:

        def points() -> list[list[float]]:
            series = client.get("devices/ESP32_SIM_01/history/", params=query).json()["series"]
            return series.get("temperature", {}).get("points", [])

        assert wait_until(points, what="the reading")[0][1] == 25.5


def test_the_simulated_fleet_reports(demo: Run) -> None:
    with demo.sign_in("viewer", demo.password_of("viewer")) as client:

        def online() -> bool:
            devices = client.get("devices/", params={"page_size": 50}).json()["results"]
            return len(devices) >= 6 and all(device["presence"] == "online" for device in devices)

        wait_until(online, 60, "all devices to be online")


def test_one_of_its_models_has_drifted_after_day_20_and_the_other_is_quiet(demo: Run) -> None:
    with demo.sign_in("viewer", demo.password_of("viewer")) as client:
        quiet, raised = (
            client.get(f"models/{key}/alerts/").json()["results"] for key in ("heating-soon", "greenhouse-forecast")
        )
    assert quiet == []
    assert {"Data drift", "Concept drift"} <= {alert["rule_name"] for alert in raised if not alert["resolved_at"]}
    day_20 = datetime.now(UTC) - timedelta(days=10, hours=1)
    assert min(datetime.fromisoformat(alert["event_time"]) for alert in raised) > day_20


def test_a_second_portal_on_the_same_folder_is_refused_in_one_sentence(demo: Run, tmp_path: Path) -> None:
    data_dir = Path(str(demo.child.log)).with_suffix("")
    second = Run(tmp_path / "second", DATA_DIR=str(data_dir))
    assert second.child.process.wait(30) == 1
    assert second.said == (
        f"A portal is already running on {data_dir} (process {demo.child.pid}): "
        "stop it first, or give this one another DATA_DIR.\n"
    )


@pytest.mark.parametrize("variable", ["PORT", "MQTT_PORT"])
def test_a_taken_port_is_refused_before_anything_starts(demo: Run, tmp_path: Path, variable: str) -> None:
    second = Run(tmp_path / "second", **{variable: str(demo.port)})
    assert second.child.process.wait(30) == 1
    assert re.fullmatch(rf"Port {demo.port} is taken by another program: .*, such as {variable}=\d+\.\n", second.said)
    assert not (tmp_path / "second" / "redis").exists()


def test_all_processes_together_stay_within_their_memory(demo: Run) -> None:
    processes = [psutil.Process(demo.child.pid), *demo.family]
    assert sum(process.memory_info().rss for process in processes) < 1.2e9


def test_a_process_that_dies_comes_back(demo: Run) -> None:
    def workers() -> list[psutil.Process]:
        return [process for process in demo.family if "worker@%h" in words_of(process)]

    (first,) = workers()
    first.kill()
    wait_until(lambda: [worker for worker in workers() if worker != first], 60, "a new worker")
    assert re.search(r"^worker +\| ended by SIGKILL; starting it again in 0.5 s$", demo.said, re.MULTILINE)


# --- Without it ---


def test_the_first_start_link_makes_one_administrator(empty: Run) -> None:
    found = re.search(r"http://localhost:\d+/first-start/\S+", empty.said)
    assert found, empty.said
    with httpx.Client(follow_redirects=True, timeout=30) as browser:
        browser.get(found[0])
        form = {"username": "ada", "email": "", "password1": "analytical engine", "password2": "analytical engine"}
        made = browser.post(found[0], data={**form, "csrfmiddlewaretoken": browser.cookies["csrftoken"]})
        assert made.url.path == "/admin/", made.text
    assert httpx.get(found[0], timeout=30).status_code == 403
    with empty.sign_in("ada", "analytical engine") as client:
        assert client.get("me/").json()["username"] == "ada"


def test_an_empty_portal_has_no_accounts_to_try(empty: Run) -> None:
    assert "Accounts" not in empty.said


def test_the_broker_of_an_empty_portal_takes_no_strangers(empty: Run) -> None:
    assert empty.publish("app/device/anything/telemetry", "{}").returncode != 0


# --- The end ---


@pytest.fixture
def watched() -> Iterator[Callable[[Run], list[psutil.Process]]]:
    """The processes of a run as they are now; those that outlive the test are killed after it."""
    families: list[psutil.Process] = []

    def watch(run: Run) -> list[psutil.Process]:
        families.extend(run.family)
        return run.family

    yield watch
    for process in filter(is_alive, families):
        process.kill()


def test_it_finds_its_data_again_and_killed_it_leaves_nobody_behind(
    embedded_parts: None, tmp_path: Path, watched: Callable[[Run], list[psutil.Process]], transactional_db: None
) -> None:
    data_dir = tmp_path / "var"
    data_dir.mkdir()
    shutil.copyfile(connection.settings_dict["NAME"], data_dir / "iotsphere.sqlite3")
    with running(data_dir, DEMO="0") as run:
        family = watched(run.until_ready())
        assert "Bringing the database up to date" not in run.said
        run.child.process.kill()
        wait_until(lambda: not any(map(is_alive, family)), 15, "the end of the whole family")


# --- With servers ---


def test_servers_that_are_given_are_used_and_none_is_embedded(
    tmp_path: Path, broker: Broker, database_url: str, settings: Any
) -> None:
    given = {"DATABASE_URL": database_url, "REDIS_URL": settings.REDIS_URL, "MQTT_URL": broker.url}
    with running(tmp_path / "var", DEMO="0", **given) as run:
        run.until_ready()
        names = {Path(process.exe()).name for process in run.family}
        assert all(name.startswith("python") for name in names), names
        assert not (tmp_path / "var" / "iotsphere.sqlite3").exists()
