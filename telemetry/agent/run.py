"""Measure and send, as long as nobody says stop."""

import json
import logging
import random
import signal
import threading
import time
from datetime import UTC, datetime

from telemetry.agent.links import Later, Link
from telemetry.agent.outbox import Outbox
from telemetry.agent.sampler import Sampler
from telemetry.device_link import as_message

logger = logging.getLogger(__name__)

DEFAULT_INTERVAL = 60.0
MAX_MESSAGES = 100
MAX_BYTES = 128 * 1024  # half of what the portal takes at once
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
LAST_WORDS = 5.0


def run(link: Link, outbox: Outbox, *, interval: float = DEFAULT_INTERVAL, stop: threading.Event) -> None:
    """Measure every `interval` seconds and send what waits until `stop` is set; the first reading comes after one
    second. What could not be sent stays in the outbox.
    """
    sampler, news = Sampler(), threading.Event()
    sender = threading.Thread(target=_send_all, args=(link, outbox, news, stop), name="sender", daemon=True)
    link.open()
    sender.start()
    try:
        due = time.monotonic() + min(interval, 1.0)
        while not stop.wait(max(0.0, due - time.monotonic())):
            measure(sampler, outbox)
            news.set()
            due = max(due + interval, time.monotonic())
    finally:
        stop.set()
        news.set()
        sender.join(LAST_WORDS)
        link.close()


def measure(sampler: Sampler, outbox: Outbox) -> None:
    """Put a reading of now into the outbox, with the number of those it had to drop."""
    dropped = outbox.dropped
    reading = {**sampler.read(), "agent.dropped": dropped}
    outbox.put(json.dumps(as_message(reading, datetime.now(UTC)), separators=(",", ":")))
    if outbox.dropped > dropped:
        logger.warning("%d readings wait and no more are kept: the oldest is dropped", len(outbox))


def send(link: Link, outbox: Outbox, stop: threading.Event) -> None:
    """Send what waits, oldest first, until nothing does or `stop` is set. Raises Later."""
    while (batch := outbox.first(MAX_MESSAGES, MAX_BYTES)) and not stop.is_set():
        settled = link.deliver([message.body for message in batch], stop)
        if settled:
            outbox.remove(up_to=batch[settled - 1].number)


def _send_all(link: Link, outbox: Outbox, news: threading.Event, stop: threading.Event) -> None:
    pause, complaint = FIRST_PAUSE, ""
    try:
        while not stop.is_set():
            news.clear()
            try:
                send(link, outbox, stop)
            except Later as later:
                if str(later) != complaint:
                    complaint = str(later)
                    logger.warning("%s; trying again, %d readings wait", complaint, len(outbox))
                # Not all agents at once: they lost the portal at the same moment.
                stop.wait(later.wait or pause * random.uniform(0.5, 1.5))  # noqa: S311
                pause = min(2 * pause, LONGEST_PAUSE)
            else:
                if complaint:
                    logger.info("the portal takes readings again")
                pause, complaint = FIRST_PAUSE, ""
                news.wait()
    finally:
        stop.set()  # an agent that cannot send any more must end, so that it is started again


def stop_on_signals() -> threading.Event:
    """An event that SIGTERM and Ctrl-C set. To be called in the main thread."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop
