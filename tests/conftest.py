"""Starts what the suite stands on before the settings are read, then loads the fixtures (tests/fixtures/).

`pytest --on=embedded` (the default) runs on SQLite and the parts that the first-run command embeds,
`pytest --on=servers` on PostgreSQL, Redis and Mosquitto.
"""

import gc
import os
import signal
from contextlib import ExitStack
from pathlib import Path

import django
import hypothesis
import pytest
from django.conf import settings

from tests.servers import BROKER, ON, make_broker, start_servers

pytest.register_assert_rewrite("tests.fixtures")
FIXTURES = sorted(path.stem for path in Path(__file__).with_name("fixtures").glob("[!_]*.py"))


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("portal")
    group.addoption("--on", choices=ON, default=ON[0], help="the database, Redis and broker that the tests run on")
    group.addoption("--durable", action="store_true", help="let PostgreSQL wait for the disk, as in production")
    group.addoption(
        "--torture", action="store_true", help="kill more often, leave servers away for longer, try more examples"
    )
    group.addoption("--record-query-counts", action="store_true", help="write tests/query_counts.json anew")


# A property that holds slowly holds: on a busy machine every one of them is slow now and then.
hypothesis.settings.register_profile("portal", deadline=None, max_examples=40)
hypothesis.settings.register_profile("torture", deadline=None, max_examples=1000)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if config.option.help:
        return
    if settings.configured:
        raise pytest.UsageError("Unset DJANGO_SETTINGS_MODULE: the tests choose their settings themselves.")
    hypothesis.settings.load_profile("torture" if config.getoption("torture") else "portal")
    on = config.getoption("on")
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    stack = ExitStack()
    config.add_cleanup(stack.close)
    if not worker:
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends in order, as on Ctrl-C
        start_servers(on, stack, durable=config.getoption("durable"))
    if config.getoption("numprocesses", None):
        return  # this process only hands out the tests
    number = int(worker.removeprefix("gw") or 0)
    broker = make_broker(on, worker)
    stack.callback(broker.stop)
    os.environ["REDIS_URL"] = f"{os.environ['REDIS_SERVER']}/{number}"
    os.environ["MQTT_URL"] = broker.url
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    config.stash[BROKER] = broker
    for name in FIXTURES:
        config.pluginmanager.import_plugin(f"tests.fixtures.{name}")
    gc.disable()


def pytest_collection_finish() -> None:
    """What is loaded by now stays: to look through it for garbage again and again took a tenth of a run."""
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)
    gc.enable()
