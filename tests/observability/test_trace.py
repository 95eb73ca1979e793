"""One ID leads from a request to its log lines and to those of the tasks it started."""

import json

import pytest
import redis
import structlog
from django.test import Client

from iotsphere.celery import app
from telemetry.tasks import sweep_presence
from tests.fixtures.live import StartProcess
from tests.waiting import wait_until

pytestmark = pytest.mark.once


def test_the_answer_bears_an_id(client: Client) -> None:
    assert len(client.get("/login/")["X-Request-ID"]) == 32


def test_the_id_of_a_request_is_kept(client: Client) -> None:
    assert client.get("/login/", headers={"x-request-id": "proxy-1.2_3"})["X-Request-ID"] == "proxy-1.2_3"


@pytest.mark.parametrize("given", ["", "x" * 65, "two words", 'quote"', "new\nline", "ü"])
def test_one_that_may_not_be_logged_is_replaced(client: Client, given: str) -> None:
    answer = client.get("/login/", HTTP_X_REQUEST_ID=given)
    assert len(answer["X-Request-ID"]) == 32


def test_it_is_in_the_log(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", logger="django_structlog.middlewares.request"):
        client.get("/login/", headers={"x-request-id": "look-for-me"})
    lines = [record.msg for record in caplog.records if record.name == "django_structlog.middlewares.request"]
    assert lines
    assert all(isinstance(line, dict) and line["request_id"] == "look-for-me" for line in lines)


def test_tasks_take_it_along(redis_client: redis.Redis) -> None:
    with structlog.contextvars.bound_contextvars(request_id="look-for-me"):
        sweep_presence.delay()
    message = json.loads(redis_client.lindex("celery", 0) or "{}")
    assert message["headers"]["__django_structlog__"]["request_id"] == "look-for-me"


def test_and_log_with_it(start_process: StartProcess) -> None:
    worker = start_process(
        "-m", "celery", "-A", "iotsphere", "worker", "--pool", "solo", "--without-gossip", "--without-mingle",
        env={"LOG_FORMAT": "json"},
    )  # fmt: skip
    with structlog.contextvars.bound_contextvars(request_id="look-for-me"):
        app.send_task("telemetry.tasks.sweep_presence", args=["an argument that makes it fail"])
    wait_until(lambda: '"request_id": "look-for-me"' in worker.output, timeout=30, what="the log line of the task")
