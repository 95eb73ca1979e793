"""Nothing acknowledged is lost: the ingest worker is killed in the middle of a stream."""

import signal
import time
from collections.abc import Iterator

import paho.mqtt.client as mqtt
import pytest
from django.db import connection
from paho.mqtt.enums import CallbackAPIVersion

from telemetry.models import LedgerHour, Metric, Reading
from tests.factories import DeviceFactory
from tests.fixtures.live import StartProcess
from tests.servers.brokers import Broker, DevelopmentBroker
from tests.servers.child import Child
from tests.waiting import wait_until

MESSAGES = 5000
DEVICES = 10


@pytest.fixture
def devices() -> list[str]:
    return [DeviceFactory.create(device_id=f"sensor-{n}").device_id for n in range(DEVICES)]


@pytest.fixture
def publisher(broker: Broker) -> Iterator[mqtt.Client]:
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.max_inflight_messages_set(100)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    yield client
    client.disconnect()
    client.loop_stop()


def ingest_worker(start_process: StartProcess) -> Child:
    process = start_process(
        "-m", "celery", "-A", "iotsphere", "worker", "--listen", "--pool=threads", "--concurrency=1",
        # Small batches, so that there is a middle to be killed in.
        env={"INGEST_GROUP": "killed", "INGEST_BATCH_SIZE": "200"},
    )  # fmt: skip
    return process.wait_until(lambda: "listening" in process.output)


def test_each_reading_of_a_stream_is_there_exactly_once(
    start_process: StartProcess, broker: Broker, publisher: mqtt.Client, devices: list[str]
) -> None:
    if isinstance(broker, DevelopmentBroker) or connection.vendor != "postgresql":
        pytest.skip("a promise of Mosquitto and PostgreSQL: run with --on=servers")
    begin = int(time.time()) - MESSAGES
    worker = ingest_worker(start_process)

    sent = [
        publisher.publish(
            f"app/device/{devices[n % DEVICES]}/telemetry",
            f'{{"telemetry": {{"number": {n}}}, "timestamp": {begin + n}}}',
            qos=1,
        )
        for n in range(MESSAGES)
    ]
    for killed_after in (MESSAGES // 5, MESSAGES // 2):
        wait_until(lambda: Reading.objects.count() >= killed_after, timeout=60)  # noqa: B023
        worker.stop(signal.SIGKILL)
        assert Reading.objects.count() < MESSAGES
        worker = ingest_worker(start_process)
    for message in sent:
        message.wait_for_publish(60)

    wait_until(lambda: Reading.objects.count() >= MESSAGES, timeout=60)
    assert worker.stop(signal.SIGTERM) == 0
    assert list(Reading.objects.order_by("value").values_list("value", flat=True)) == list(range(MESSAGES))
    latest = Metric.objects.order_by("last_value").values_list("last_value", flat=True)
    assert list(latest) == list(range(MESSAGES - DEVICES, MESSAGES))
    pages = LedgerHour.objects.all()
    assert sum(page.stored for page in pages) == MESSAGES
    assert sum(page.received for page in pages) == MESSAGES + sum(page.duplicate for page in pages)
    assert not any(page.rejected or page.quarantined for page in pages)
