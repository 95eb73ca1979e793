from datetime import timedelta

import pytest
import redis
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from devices.models import Lifecycle, Presence
from iotsphere.models import User
from telemetry import throughput
from telemetry.live import push
from tests.factories import DeviceFactory
from tests.fixtures.clients import PageClient
from tests.fixtures.sockets import Live
from tests.servers.ports import ReservedPort

pytestmark = pytest.mark.django_db
TOKEN = {"authorization": "Bearer let me read"}


@pytest.fixture(autouse=True)
def _token(settings: Settings) -> None:
    settings.METRICS_TOKEN = "let me read"
    settings.DEMO = False


def read(client: Client) -> dict[tuple[str, str], float]:
    """The samples by name and label."""
    text = client.get("/metrics", headers=TOKEN).content.decode()
    return {
        (sample.name, next(iter(sample.labels.values()), "")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_devices_are_counted_by_presence(client: Client) -> None:
    DeviceFactory.create_batch(2, presence=Presence.OFFLINE)
    samples = read(client)
    assert {presence: samples["iotsphere_devices", presence] for presence in Presence.values} == {
        "unknown": 0,
        "online": 0,
        "stale": 0,
        "offline": 2,
    }


def test_archived_devices_are_not(client: Client) -> None:
    DeviceFactory.create(lifecycle=Lifecycle.ARCHIVED)
    assert read(client)["iotsphere_devices", "unknown"] == 0


def test_ingest_is_counted_by_outcome(client: Client) -> None:
    now = timezone.now()
    commit = throughput.Commit(at=now, stored=7, duplicate=3, rejected=2, quarantined=1, lag=timedelta(seconds=1.5))
    push({}, throughput.record(commit))
    samples = read(client)
    outcomes = ("stored", "duplicate", "rejected", "quarantined")
    assert [samples["iotsphere_ingest_items_total", outcome] for outcome in outcomes] == [7, 3, 2, 1]
    assert samples["iotsphere_ingest_lag_seconds", ""] == 1.5
    assert samples["iotsphere_ingest_last_commit_timestamp_seconds", ""] == pytest.approx(now.timestamp())


def test_tasks_that_wait_are_counted(client: Client, redis_client: redis.Redis) -> None:
    redis_client.rpush("celery", "one", "two")
    assert read(client)["iotsphere_queue_length", "celery"] == 2


def test_requests_of_the_web_process_are_there(client: Client) -> None:
    assert ("django_http_requests_before_middlewares_total", "") in read(client)


def test_live_sockets_are_counted(client: Client, live: Live, vera: User) -> None:
    live(vera)
    assert read(client)["iotsphere_live_sockets", ""] == 1


def test_without_redis_the_rest_is_told(client: Client, settings: Settings) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{ReservedPort().release()}/0"
    samples = read(client)
    assert samples["iotsphere_part_answers", "database"] == 1
    assert samples["iotsphere_part_answers", "queues"] == 0
    assert ("iotsphere_devices", "online") in samples


@pytest.mark.parametrize("given", [{}, {"authorization": "Bearer wrong"}, {"authorization": "Basic bGV0"}])
def test_strangers_are_told_what_to_send(client: Client, given: dict[str, str]) -> None:
    answer = client.get("/metrics", headers=given)
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Bearer realm="metrics"')
    assert b"METRICS_TOKEN" in answer.content


def test_an_empty_token_opens_nothing(client: Client, settings: Settings) -> None:
    settings.METRICS_TOKEN = ""
    assert client.get("/metrics", headers={"authorization": "Bearer "}).status_code == 401


def test_a_superuser_may_read_them(pages: PageClient, root: User) -> None:
    assert pages(root).get("/metrics").status_code == 200


def test_an_administrator_of_a_project_may_not(pages: PageClient, alice: User) -> None:
    assert pages(alice).get("/metrics").status_code == 401


def test_in_the_demo_this_machine_may(client: Client, settings: Settings) -> None:
    settings.DEMO = True
    assert client.get("/metrics").status_code == 200


def test_but_not_others_nor_who_comes_through_a_proxy(client: Client, settings: Settings) -> None:
    settings.DEMO = True
    assert client.get("/metrics", REMOTE_ADDR="192.0.2.1").status_code == 401
    assert client.get("/metrics", headers={"x-forwarded-for": "192.0.2.1"}).status_code == 401
