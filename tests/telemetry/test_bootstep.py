"""The listener inside a Celery worker."""

import signal
import time

import pytest

from telemetry.models import Reading
from tests.factories import DeviceFactory
from tests.fixtures.live import StartProcess
from tests.servers.brokers import Broker
from tests.servers.child import Child
from tests.telemetry.publishing import publish, telemetry
from tests.waiting import wait_until

THREADS = "--pool=threads"
PREFORK = "--pool=prefork"


def worker(start_process: StartProcess, group: str, *options: str) -> Child:
    return start_process(
        "-m", "celery", "-A", "iotsphere", "worker", "--concurrency=1", *options, env={"INGEST_GROUP": group}
    )


@pytest.mark.parametrize(
    ("pool", "how"), [(THREADS, signal.SIGTERM), pytest.param(PREFORK, signal.SIGINT, marks=pytest.mark.once)]
)
def test_a_worker_that_is_told_to_listens_and_ends_in_order(
    start_process: StartProcess, broker: Broker, pool: str, how: signal.Signals
) -> None:
    DeviceFactory.create(device_id="sensor")
    process = worker(start_process, f"bootstep{pool}{how}", "--listen", pool)
    process.wait_until(lambda: "listening" in process.output)
    now = int(time.time())
    publish(broker, *telemetry("sensor", (now - n for n in range(100)), temperature=1))
    wait_until(lambda: Reading.objects.count() == 100)
    process.stop(how)
    assert "listener stopped" in process.output
    assert "[error" not in process.output


@pytest.mark.once
def test_another_worker_does_not_listen(start_process: StartProcess, broker: Broker) -> None:
    process = worker(start_process, "bootstep-none", THREADS)
    process.wait_until(lambda: "ready" in process.output)
    assert "listening" not in process.output
