"""/metrics for Prometheus: the requests of this web process, and how the whole portal is doing."""

from collections.abc import Callable, Iterable, Iterator
from ipaddress import ip_address

import redis
import structlog
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from devices.models import Device, Presence
from telemetry import heartbeat, partitions, throughput
from telemetry.redis_client import impatient_redis

log = structlog.get_logger(__name__)

QUEUES = ["celery", "ingest"]


def metrics(request: HttpRequest) -> HttpResponse:
    if not may_read(request):
        answer = "Send the METRICS_TOKEN of the portal's settings as a bearer token, or sign in as a superuser.\n"
        return HttpResponse(
            answer, status=401, content_type="text/plain", headers={"WWW-Authenticate": 'Bearer realm="metrics"'}
        )
    registry = CollectorRegistry()
    registry.register(PortalCollector())
    return HttpResponse(generate_latest(REGISTRY) + generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def may_read(request: HttpRequest) -> bool:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if settings.METRICS_TOKEN and scheme.lower() == "bearer":
        return constant_time_compare(token, settings.METRICS_TOKEN)
    if request.user.is_active and request.user.is_superuser:
        return True
    return (settings.DEMO or settings.DEBUG) and _is_from_here(request)


def _is_from_here(request: HttpRequest) -> bool:
    # Whoever comes through a proxy on this machine is from elsewhere.
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


class PortalCollector(Collector):
    """What is true of the portal, whichever process is asked. A part that does not answer is left out and told of."""

    def collect(self) -> Iterator[Metric]:
        answers = GaugeMetricFamily("iotsphere_part_answers", "Whether a part of the portal answers.", labels=["part"])
        for part, read in PARTS.items():
            try:
                yield from read()
            except (DatabaseError, redis.RedisError, OSError) as error:
                log.warning("no metrics from a part", part=part, error=str(error))
                answers.add_metric([part], 0)
            else:
                answers.add_metric([part], 1)
        yield answers


def read_devices() -> Iterable[Metric]:
    found = dict(Device.objects.in_service().order_by().values_list("presence").annotate(Count("pk")))
    devices = GaugeMetricFamily("iotsphere_devices", "Devices in service, by presence.", labels=["presence"])
    for presence in Presence.values:
        devices.add_metric([presence], found.get(presence, 0))
    return [devices]


def read_ingest() -> Iterable[Metric]:
    figures = throughput.read(timezone.now(), minutes=1)
    items = CounterMetricFamily("iotsphere_ingest_items", "Items received, by what became of them.", labels=["outcome"])
    for outcome in ("stored", "duplicate", "rejected", "quarantined"):
        items.add_metric([outcome], getattr(figures, outcome))
    listening = GaugeMetricFamily("iotsphere_listener_up", "Whether what devices send by MQTT is taken in.")
    listening.add_metric([], heartbeat.is_heard())
    families: list[Metric] = [items, listening]
    if figures.lag_seconds is not None and figures.last_commit is not None:
        lag = GaugeMetricFamily(
            "iotsphere_ingest_lag_seconds", "How long the oldest message of the last batch waited for its commit."
        )
        lag.add_metric([], figures.lag_seconds)
        last = GaugeMetricFamily("iotsphere_ingest_last_commit_timestamp_seconds", "When the last batch was committed.")
        last.add_metric([], figures.last_commit.timestamp())
        families += [lag, last]
    return families


def read_queues() -> Iterable[Metric]:
    lengths = GaugeMetricFamily("iotsphere_queue_length", "Tasks that wait for a worker.", labels=["queue"])
    with impatient_redis() as client:
        for queue in QUEUES:
            lengths.add_metric([queue], int(client.llen(queue)))
    return [lengths]


def read_partitions() -> Iterable[Metric]:
    if connection.vendor != "postgresql":
        return []
    rows = GaugeMetricFamily(
        "iotsphere_default_partition_rows",
        f"Rows that wait in a default partition for one of their own, counted to {partitions.ROWS_COUNTED}.",
        labels=["table"],
    )
    for table, count in partitions.waiting().items():
        rows.add_metric([table], count)
    missing = GaugeMetricFamily("iotsphere_missing_partitions", "Partitions that were not made ahead.")
    missing.add_metric([], len(partitions.missing(timezone.now())))
    return [rows, missing]


PARTS: dict[str, Callable[[], Iterable[Metric]]] = {
    "database": read_devices,
    "ingest": read_ingest,
    "queues": read_queues,
    "partitions": read_partitions,
}
