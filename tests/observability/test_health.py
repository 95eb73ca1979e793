from collections.abc import Iterator
from unittest.mock import Mock
from uuid import uuid4

import pytest
import redis
from django.db import OperationalError, connection
from django.test import Client
from paho.mqtt import publish
from pytest_django import Settings

from telemetry import heartbeat
from telemetry.listener import Listener
from tests.servers.brokers import Broker
from tests.servers.ports import ReservedPort
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db


def test_the_process_says_that_it_lives(client: Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}


def test_it_is_ready_when_all_parts_answer(client: Client) -> None:
    heartbeat.beat()
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (
        200,
        {"status": "ready", "parts": {"database": "ok", "redis": "ok", "listener": "ok"}},
    )


def test_without_a_listener_it_serves_and_says_so(client: Client) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["status"], answer.json()["parts"]["listener"]) == (
        200,
        "degraded",
        "failing",
    )


def test_without_redis_it_is_not_ready(client: Client, settings: Settings) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{ReservedPort().release()}/0"
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["parts"]["redis"]) == (503, "failing")


def test_without_the_tables_it_is_not_ready(client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE devices_project RENAME TO elsewhere")
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["parts"]["database"]) == (503, "failing")


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_probes_come_by_address_and_without_https(client: Client, settings: Settings, path: str) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert Client(headers={"host": "10.1.2.3"}).get(path).status_code == 200


def test_a_heartbeat_that_stops_is_missed(redis_client: redis.Redis) -> None:
    heartbeat.beat()
    assert 0 < redis_client.ttl(heartbeat.KEY) <= heartbeat.MISSED_AFTER.seconds


def test_a_listener_that_cannot_store_is_told_from_one_that_can(client: Client) -> None:
    heartbeat.beat(is_well=False)
    assert client.get("/readyz").json()["parts"]["listener"] == "failing"


def test_while_one_of_several_can_store_all_is_well() -> None:
    heartbeat.beat()
    heartbeat.beat(is_well=False)
    assert heartbeat.is_heard()


@pytest.fixture
def listener(
    transactional_db: None, broker: Broker, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Listener]:
    settings.INGEST_GROUP = f"listener-{uuid4().hex}"
    monkeypatch.setattr(heartbeat, "EVERY", 0.05)
    listener = Listener()
    listener.start()
    yield listener
    listener.stop()


def test_a_listener_at_its_broker_is_heard(listener: Listener) -> None:
    assert wait_until(heartbeat.is_heard)


def test_one_that_cannot_store_what_comes_is_not_well(
    listener: Listener, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest = Mock(side_effect=OperationalError)
    monkeypatch.setattr("telemetry.listener.ingest", ingest)
    wait_until(lambda: listener.is_well)
    publish.single("app/device/x/telemetry", "{}", qos=1, hostname="127.0.0.1", port=broker.port)
    wait_until(lambda: not listener.is_well)
    ingest.side_effect = None
    assert wait_until(lambda: listener.is_well)
