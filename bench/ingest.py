"""How many messages a second are taken in, from the broker to the last commit: the portal against simpler programs."""

import os
from collections.abc import Callable, Iterator
from statistics import median
from time import perf_counter

import redis
from django.conf import settings

from bench.fleet import forget_sessions, messages, register, values_stored
from bench.options import options
from bench.publisher import Publisher
from bench.report import at_least
from tests.servers.installation import Installation
from tests.waiting import wait_until

DEVICES = 100
SHARING = {"INGEST_SHARED": "1"}


def measure(installation: Installation) -> Iterator[str]:
    register(DEVICES)
    register(DEVICES, "peer")
    bench = Bench(installation)
    many, some, few = options.size(40_000, 4_000), options.size(8_000, 800), options.size(1_500, 150)
    rates: dict[str, list[float]] = {"portal": [], "staging-copy": [], "insert-each": [], "orm-each": []}
    installation.start_ingest_worker()
    bench.portal(few)  # looks everything up for the first time
    for _ in range(3):
        for peer, count in (("staging-copy", many), ("insert-each", some), ("orm-each", few)):
            rates[peer].append(bench.peer(peer, count))
        rates["portal"].append(bench.portal(many))
    for name, figures in rates.items():
        yield f"{name}: {median(figures):,.0f} messages/s of 3 values ({', '.join(f'{f:,.0f}' for f in figures)})"
    for peer, budget in (("staging-copy", 0.6), ("insert-each", 3.0), ("orm-each", 30.0)):
        ratio = median(mine / theirs for mine, theirs in zip(rates["portal"], rates[peer], strict=True))
        yield at_least(f"portal v. {peer}", ratio, budget)
    installation.processes.pop("ingest").stop()
    yield from _two_workers(installation, bench, many)


def _two_workers(installation: Installation, bench: "Bench", count: int) -> Iterator[str]:
    forget_sessions(installation)
    installation.start_ingest_worker("ingest-1", **SHARING)
    bench.portal(count)
    alone = [bench.portal(count) for _ in range(3)]
    installation.start_ingest_worker("ingest-2", **SHARING)
    bench.portal(count)
    both = [bench.portal(count) for _ in range(3)]
    yield f"shared by one worker: {median(alone):,.0f} messages/s; by two: {median(both):,.0f}"
    yield at_least(f"two workers v. one ({os.cpu_count()} cores)", median(both) / median(alone), 1.5)
    for name in ("ingest-1", "ingest-2"):
        installation.processes.pop(name).stop()
    forget_sessions(installation)


class Bench:
    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._redis = redis.Redis.from_url(settings.REDIS_URL)

    def portal(self, count: int) -> float:
        """Messages a second, by the ingest workers that run."""
        goal = values_stored(self._redis) + 3 * count
        return self._per_second(count, "bench", "app", lambda: values_stored(self._redis) >= goal)

    def peer(self, name: str, count: int) -> float:
        port = self._installation.broker.port
        peer = self._installation.start(name, "-m", "bench.peers", name, str(port), str(count))
        peer.wait_until(lambda: "listening" in peer.output)
        rate = self._per_second(count, "peer", "peer", lambda: "all stored" in peer.output)
        self._installation.processes.pop(name).stop()
        return rate

    def _per_second(self, count: int, name: str, root: str, is_done: Callable[[], bool]) -> float:
        with Publisher(self._installation.broker.port) as publisher:
            packets = publisher.packets(messages(count, DEVICES, name, root))
            began = perf_counter()
            publisher.send(packets)
            wait_until(is_done, 300, what=f"{count} messages of {name}")
            return count / (perf_counter() - began)
