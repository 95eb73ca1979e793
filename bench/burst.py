"""A burst while nobody takes it in: all that the broker has acknowledged must come to be stored."""

from collections.abc import Iterator
from time import perf_counter

import redis
from django.conf import settings

from bench.fleet import forget_sessions, messages, register, values_stored
from bench.options import options
from bench.publisher import Publisher
from bench.report import at_most
from telemetry.models import Reading
from tests.servers.installation import Installation
from tests.waiting import wait_until

DEVICES = 100


def measure(installation: Installation) -> Iterator[str]:
    count = options.size(40_000, 4_000)
    forget_sessions(installation)
    register(DEVICES)
    installation.start_ingest_worker().stop()  # from now on the broker keeps what comes
    stored_before = Reading.objects.count()
    with Publisher(installation.broker.port) as publisher:
        packets = publisher.packets(messages(count, DEVICES))
        began = perf_counter()
        publisher.send(packets)
        publisher.wait()
        yield f"{count:,} messages taken by the broker in {perf_counter() - began:.1f} s, without an ingest worker"
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.flushdb()
        installation.start_ingest_worker()
        began = perf_counter()
        wait_until(lambda: values_stored(client) >= 3 * count, 300, what=f"{3 * count:,} values")
    yield f"stored by an ingest worker that was then started, in {perf_counter() - began:.1f} s"
    lost = 3 * count - (Reading.objects.count() - stored_before)
    yield at_most("values lost of the burst", lost, 0, "values")
    installation.processes.pop("ingest").stop()
