"""The MQTT door: takes messages from the broker, hands them to ingest, and acknowledges what is committed.

The session at the broker is persistent and messages are acknowledged only after the commit of their batch, so the
broker is the queue: what a crash leaves unacknowledged is delivered again, and readings know their own key.
While the database does not answer, the batch is tried again and again. Meanwhile a broker that speaks MQTT 5 sends
no more than the inbox holds, for it knows how many messages may be unacknowledged; another one is held up by a
full inbox, and may hang up and deliver again later. Either way memory stays bounded.

Everything comes in one session, which one worker holds; another that listens too stands by and takes its place.

With INGEST_SHARED several workers share what devices send by a shared subscription of MQTT 5, each with a session of
its own. (Not by default: Mosquitto forgets shared subscriptions when it is started again, and lets go what comes
before the first worker is back.) What devices say of their connection must not overtake itself: it comes in a session
that one of the workers holds. A session whose worker stays away goes on collecting its share, and the broker would
throw that away in the end: another worker takes the share back from it and empties it.

Retained telemetry (a copy that a broker hands to every new subscriber) is not news: it is acknowledged and dropped.
"""

import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import redis
import structlog
from django.conf import settings
from django.db import connection

from devices import broker_log, topics, uplink
from devices.arrivals import note_arrivals
from devices.presence import Status, Word, note_statuses
from telemetry import heartbeat, live
from telemetry.inbox import Inbox
from telemetry.ingest import Envelope, ingest
from telemetry.line import Delivery, Line, Purpose
from telemetry.models import Door
from telemetry.sessions import Sessions

log = structlog.get_logger(__name__)

MAX_INBOX_BYTES = 32 * 1024 * 1024
# Of the sessions beside the worker's own, which bring little.
MOST_BESIDE = 500
LEFT_AFTER = 30.0  # seconds without a holder; a worker that is started again takes less
DRAINED_AFTER = 30.0  # seconds in which nothing more comes from a session that was left
SHORTEST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
WORDS: dict[bytes, Word] = {b"online": "online", b"offline": "offline"}


class Listener:
    """Threads: each line takes messages in, one processes them, one sees to the lines and tells that all is well.

    `start()` once, `stop()` once. Listeners that run at the same time have different names; one that is started again
    has the name it had.
    """

    def __init__(self, name: str = "1") -> None:
        group = f"iotsphere-{settings.INGEST_GROUP}"
        self.listening = threading.Event()  # connected and subscribed
        self._inbox: Inbox[Delivery] = Inbox(2 * (settings.INGEST_BATCH_SIZE + MOST_BESIDE), MAX_INBOX_BYTES)
        self._stopping = threading.Event()
        self._due = threading.Event()
        self._can_store = True
        own, everything, statuses = f"{group}-{name}", f"{group}/everything", f"{group}/statuses"
        self._sessions = Sessions(own)
        # Of sessions that are handed on.
        self._filters = {
            everything: (topics.ALL, broker_log.TOPIC),
            statuses: (topics.ALL_STATUSES, broker_log.TOPIC),
        }
        self._shared = (topics.shared(settings.INGEST_GROUP),)
        self._own = self._line(own, Purpose(subscribe=self._shared, unshared=topics.ALL))
        self._handed_on = statuses if settings.INGEST_SHARED else everything
        self._held: Line | None = None  # the line to the session that is handed on, while it is here
        self._orphan: Line | None = None
        self._left_since: dict[str, float] = {}
        self._worker = threading.Thread(target=self._work, name="ingest", daemon=True)
        self._pulse = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def start(self) -> None:
        self._see_to_sessions()  # before another worker thinks that the own one was left
        if settings.INGEST_SHARED:
            self._own.open()
        self._worker.start()
        self._pulse.start()

    @property
    def is_well(self) -> bool:
        """Whether a message that a device sends now would be stored."""
        return self._can_store and self._worker.is_alive() and self.listening.is_set()

    def stop(self, timeout: float = 30.0) -> None:
        """Take nothing more in, finish what waits, acknowledge it, and leave the broker."""
        self._stopping.set()
        self._due.set()
        self._pulse.join(timeout)
        self._inbox.close()
        self._worker.join(timeout)
        for line in filter(None, (self._own, self._held, self._orphan)):
            line.close()
        for line in filter(None, (self._held, self._orphan)):
            try:
                self._sessions.release(line.client_id)
            except redis.RedisError as error:
                log.warning("another worker can take the session later only", session=line.client_id, error=str(error))
        log.info("listener stopped", left=len(self._inbox))

    # --- The sessions at the broker ---

    def _line(self, client_id: str, purpose: Purpose) -> Line:
        brings_much = topics.ALL in purpose.subscribe or purpose.subscribe == self._shared
        return Line(
            client_id,
            purpose,
            most_unacknowledged=2 * settings.INGEST_BATCH_SIZE if brings_much else MOST_BESIDE,
            take=self._inbox.put,
            changed=self._line_changed,
        )

    def _line_changed(self) -> None:
        if not self._is_up():
            self.listening.clear()
        self._due.set()

    def _is_up(self) -> bool:
        """Whether messages come in, here or by whoever holds what is not here."""
        if settings.INGEST_SHARED:
            return self._own.is_up and (self._held is None or self._held.is_up)
        return self._held is not None and self._held.is_up

    def _beat(self) -> None:
        while not self._stopping.is_set():
            self._due.wait(heartbeat.EVERY)
            self._due.clear()
            self._see_to_sessions()
            if self._is_up():
                if not self.listening.is_set():
                    log.info("listening", shared=self._own.is_shared)
                self.listening.set()
            heartbeat.beat(is_well=self.is_well)

    def _see_to_sessions(self) -> None:
        try:
            if settings.INGEST_SHARED:
                self._sessions.keep(self._own.client_id)
            if self._own.is_shared or not settings.INGEST_SHARED:
                self._see_to_held()
                self._see_to_orphans()
        except redis.RedisError as error:
            # What others left waits at the broker meanwhile.
            log.warning("the sessions of other workers cannot be looked after", error=str(error))

    def _see_to_held(self) -> None:
        try:
            is_mine = self._sessions.claim(self._handed_on)
        except redis.RedisError:
            is_mine = True  # one worker too many takes messages in, rather than none
        if not is_mine or (self._held and self._held.is_over):
            if self._held:
                self._held.close()
            self._held = None
        if is_mine and self._held is None:
            purpose = Purpose(subscribe=self._filters[self._handed_on], is_own=False)
            self._held = self._line(self._handed_on, purpose)
            self._held.open()

    def _see_to_orphans(self) -> None:
        """Take one at a time over: nothing new comes to it any more, and when it is empty it is ended."""
        if self._orphan is None:
            session = self._orphaned()
            if session and self._sessions.claim(session):
                log.warning("a worker stays away, taking over what waits for it", session=session)
                subscribed = self._filters.get(session, self._shared)
                self._orphan = self._line(session, Purpose(unsubscribe=subscribed, is_own=False))
                self._orphan.open()
        elif not self._sessions.claim(self._orphan.client_id) or self._orphan.is_over:
            self._orphan.close()
            self._orphan = None
        elif self._orphan.is_drained(DRAINED_AFTER):
            log.info("nothing waits for the worker that stays away any more", session=self._orphan.client_id)
            self._orphan.close(for_ever=True)
            self._sessions.forget(self._orphan.client_id)
            self._orphan = None

    def _orphaned(self) -> str | None:
        """A session that has had no holder for long enough. Redis itself may have been away, so it is watched."""
        now = time.monotonic()
        left = self._sessions.left() - {self._handed_on}
        self._left_since = {session: self._left_since.get(session, now) for session in left}
        return next((session for session, since in self._left_since.items() if now - since > LEFT_AFTER), None)

    # --- What comes ---

    def _work(self) -> None:
        while deliveries := self._inbox.take(settings.INGEST_BATCH_SIZE):
            telemetry, statuses, letters, arrivals = sort_out(deliveries)
            if telemetry and not self._persist(partial(ingest, telemetry)):
                break
            if statuses and not self._persist(partial(take_statuses, statuses)):
                break
            if letters and not self._persist(partial(uplink.take, letters)):
                break
            if arrivals and not self._persist(partial(note_arrivals, arrivals)):
                break
            acknowledge(deliveries)
        connection.close()

    def _persist(self, write: Callable[[], object]) -> bool:
        """Call it until it succeeds; False if the listener is stopped before that."""
        pause = SHORTEST_PAUSE
        while True:
            try:
                write()
            except Exception:
                self._can_store = False
                log.exception("nothing can be stored, trying again", retry_in=pause, waiting=len(self._inbox))
                connection.close()
            else:
                self._can_store = True
                return True
            if self._stopping.wait(pause):
                return False
            pause = min(2 * pause, LONGEST_PAUSE)


def acknowledge(deliveries: Sequence[Delivery]) -> None:
    for line in {delivery.line for delivery in deliveries}:
        line.acknowledge([delivery for delivery in deliveries if delivery.line is line])


class Sorted(NamedTuple):
    telemetry: list[Envelope]  # wrong topics too, for they are counted
    statuses: list[Status]
    letters: list[uplink.Letter]
    arrivals: list[broker_log.Arrival]


def sort_out(deliveries: Sequence[Delivery]) -> Sorted:
    """What is for ingest, what is said about connections, what else devices say, and who came in."""
    telemetry: list[Envelope] = []
    statuses: list[Status] = []
    letters: list[uplink.Letter] = []
    arrivals: list[broker_log.Arrival] = []
    for delivery in deliveries:
        if delivery.topic == broker_log.TOPIC:
            if arrival := broker_log.read(delivery.body, delivery.received_at):
                arrivals.append(arrival)
            continue
        topic = topics.parse(delivery.topic) or topics.Topic("", "")
        device_id, kind, _ = topic
        if kind in topics.TO_DEVICES:
            continue  # the portal's own
        if kind in {topics.REPLY, topics.REPORTED, topics.PROVISION}:
            if not delivery.is_retained:
                letters.append(uplink.Letter(topic, delivery.body, delivery.received_at))
        elif kind == topics.STATUS:
            if delivery.line.is_shared:
                continue  # it comes in its order by the line for statuses
            word = WORDS.get(delivery.body.strip().lower())
            if word:
                statuses.append(Status(device_id, word, delivery.received_at, delivery.is_retained))
            else:
                log.warning("a status is neither online nor offline", topic=delivery.topic)
        elif not delivery.is_retained:
            telemetry.append(Envelope(device_id, delivery.body, Door.MQTT, delivery.received_at, delivery.topic))
    return Sorted(telemetry, statuses, letters, arrivals)


def take_statuses(statuses: Sequence[Status]) -> None:
    live.push(live.presence_changes(note_statuses(statuses)))
