import asyncio
from collections import Counter
from contextlib import AbstractContextManager
from uuid import uuid4

import structlog
from channels.db import database_sync_to_async
from structlog.contextvars import bound_contextvars

from devices.addresses import AddressRefused
from devices.audit import record
from devices.console.brokers import ListedBroker, brokers_for
from devices.console.link import Link
from devices.console.publication import NotAllowed, authorise
from devices.console.sight import Sight
from devices.permissions import AnyUser
from iotsphere.console.frames import broker_of, filter_of, message_frame, publication_of, qos_of
from telemetry.live.frames import BadRequest, Frame, Refused
from telemetry.live.person_socket import PersonSocket
from telemetry.live.visitor import Visitor

log = structlog.get_logger(__name__)

FORBIDDEN = 4403
SILENT = 4408
SILENCE = 60.0  # seconds without a frame: nobody is there any more
LOOKED_UP_WITHIN = 10.0  # seconds
MOST_CONSOLES = 5  # of one person in this process
MOST_SUBSCRIPTIONS = 32
MOST_UNSEEN = 8  # frames with messages: then the page has to say that it has seen them

_consoles: Counter[int] = Counter()  # with a connection, by user


class ConsoleSocket(PersonSocket):
    """/ws/mqtt/: one person, one connection to a broker. docs/developer/console.md describes the frames."""

    def __init__(self) -> None:
        super().__init__()
        self._link: Link | None = None
        self._number = 0
        self._seen = 0
        self._heard_at = 0.0
        self._silence: asyncio.TimerHandle | None = None

    async def welcome(self, visitor: Visitor) -> None:
        self._listen()
        brokers = await self._brokers_of(visitor)
        if brokers:
            names = [{"name": listed.name, "tls": listed.broker.tls, "own": listed.is_own} for listed in brokers]
            await self.say({"type": "ready", "user": visitor.user.get_username(), "brokers": names})

    async def review(self, visitor: Visitor, *, resync: bool) -> None:
        brokers = await self._brokers_of(visitor)
        if self._link is None or self._closed:
            return
        if self._link.listed in brokers:
            self._link.sight = Sight(visitor.user, self._link.listed)
        else:
            await self._leave("You may no longer connect to this broker.")

    async def heed(self, notes: set[str]) -> None:
        if "silent" in notes:
            await self.hang_up(SILENT, Refused("silent", f"Nothing was heard of you for {SILENCE:g} seconds."))
        await super().heed(notes)

    async def let_go(self) -> None:
        if self._silence is not None:
            self._silence.cancel()
        self._drop_link()

    # --- What the page asks for ----------------------------------------------------------------------------------

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        self._heard_at = asyncio.get_running_loop().time()
        await super().receive(text_data, bytes_data)

    async def do(self, visitor: Visitor, frame: Frame) -> None:
        kind = frame["type"]
        if kind == "connect_mqtt":
            await self._connect_to(visitor, broker_of(frame))
        elif kind == "disconnect_mqtt":
            await self._leave("")
        elif kind == "subscribe_mqtt":
            await self._subscribe(self._linked(), filter_of(frame), qos_of(frame))
        elif kind == "unsubscribe_mqtt":
            self._unsubscribe(self._linked(), filter_of(frame))
        elif kind == "publish_mqtt":
            await self._publish(visitor, self._linked(), frame)
        elif kind == "seen_mqtt":
            self._note_seen(frame)
        else:
            raise BadRequest(
                "Unknown type: send connect_mqtt, disconnect_mqtt, subscribe_mqtt, unsubscribe_mqtt, publish_mqtt, "
                "seen_mqtt or ping."
            )

    async def _connect_to(self, visitor: Visitor, name: str) -> None:
        await self._leave("")
        user, brokers = visitor.user, await self._brokers_of(visitor)
        if not brokers:
            return
        listed = next((found for found in brokers if found.name == name), None)
        if listed is None:
            await self._note_refusal(user, name, "not listed")
            raise Refused("not_allowed", "You may not connect there: choose one of the brokers that are listed.")
        if _consoles[user.pk] >= MOST_CONSOLES:
            raise Refused("limit", f"You have {MOST_CONSOLES} consoles connected: close one of them.")
        try:
            address = await asyncio.wait_for(asyncio.to_thread(listed.look_up), LOOKED_UP_WITHIN)
        except TimeoutError:
            raise Refused("unreachable", f"{listed.broker.host} could not be looked up in time: try again.") from None
        except AddressRefused as refusal:
            await self._note_refusal(user, name, str(refusal))
            detail = f"The portal does not connect there: {refusal} The portal's operator can allow its network."
            raise Refused("not_allowed", detail) from None
        try:
            self._link = Link(listed, address, Sight(user, listed), self._news.set)
        except OSError as error:
            log.exception("the file of a broker's authority cannot be read", broker=name)
            raise Refused("unreachable", "The portal cannot read the file of this broker's authority.") from error
        _consoles[user.pk] += 1
        self._number = self._seen = 0

    def _linked(self) -> Link:
        if self._link is None:
            raise Refused("not_connected", "Connect to a broker first.")
        return self._link

    async def _subscribe(self, link: Link, topic: str, qos: int) -> None:
        if link.subscriptions >= MOST_SUBSCRIPTIONS and not link.is_subscribed(topic):
            raise Refused("limit", f"A console may have {MOST_SUBSCRIPTIONS} subscriptions: end one of them.")
        if not await database_sync_to_async(link.sight.can_bring)(topic):
            detail = (
                "On the portal's own broker you see app/device/<device ID>/… of the devices you operate, nothing else."
            )
            raise Refused("forbidden", detail)
        link.subscribe(topic, qos)

    def _unsubscribe(self, link: Link, topic: str) -> None:
        if not link.is_subscribed(topic):
            raise Refused("not_found", f"There is no subscription to {topic}.")
        link.unsubscribe(topic)

    async def _publish(self, visitor: Visitor, link: Link, frame: Frame) -> None:
        publication = publication_of(frame)
        if not link.is_connected:
            raise Refused(
                "not_connected", "There is no connection to the broker at the moment: try again when it is back."
            )
        try:
            with self._trace():
                await database_sync_to_async(authorise)(visitor.user, link.listed, publication)
        except NotAllowed as refusal:
            log.warning("publication refused", user=visitor.user.get_username(), topic=publication.topic)
            raise Refused("forbidden", str(refusal)) from None
        name = frame.get("id")
        if not link.publish(publication, name if isinstance(name, str) else None):
            raise Refused("limit", "The broker has not answered yet to what was published before: wait for that.")

    def _note_seen(self, frame: Frame) -> None:
        number = frame.get("number")
        if not isinstance(number, int) or not self._seen <= number <= self._number:
            raise BadRequest('"number" must be that of a frame with messages that came.')
        self._seen = number
        self._news.set()

    async def _leave(self, detail: str) -> None:
        if self._link is not None:
            name = self._link.listed.name
            self._drop_link()
            await self.say({"type": "mqtt_event", "event": "disconnected", "broker": name, "detail": detail})

    # --- What it is told ------------------------------------------------------------------------------------------

    async def tell_news(self) -> None:
        link = self._link
        if link is None:
            return
        while link.events:
            event = link.events.popleft()
            await self.say(event)
            if event.get("event") == "disconnected":
                self._drop_link()
                return
        # A page that reads too slowly makes the inbox drop, not the server's memory grow.
        if self._number - self._seen < MOST_UNSEEN:
            await self._tell_messages(link)

    async def _tell_messages(self, link: Link) -> None:
        messages, dropped = link.inbox.take()
        if unknown := [message.topic for message in messages if link.sight.verdict(message.topic) is None]:
            await database_sync_to_async(link.sight.look_up)(unknown)
        messages = [message for message in messages if link.sight.verdict(message.topic)]
        if messages or dropped:
            self._number += 1
            await self.say(message_frame(self._number, messages, dropped))

    # --- Who is there ---------------------------------------------------------------------------------------------

    async def _brokers_of(self, visitor: Visitor) -> list[ListedBroker]:
        """Whom the console is not for is sent away."""
        brokers = await database_sync_to_async(brokers_for)(visitor.user)
        if not brokers:
            await self._note_refusal(visitor.user, "MQTT console", "no operator")
            await self.hang_up(FORBIDDEN, Refused("forbidden", "The MQTT console is for operators of a project."))
        return brokers

    async def _note_refusal(self, user: AnyUser, subject: str, reason: str) -> None:
        log.warning("console refused", user=user.get_username(), subject=subject, reason=reason)
        with self._trace():
            await database_sync_to_async(record)(user, "console.refused", subject, project=None, reason=reason)

    def _trace(self) -> AbstractContextManager[None]:
        """What the audit log says of where it came from."""
        client = self.scope.get("client") or [None]
        return bound_contextvars(ip=client[0], request_id=uuid4().hex)

    def _drop_link(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            _consoles[self.user_pk] -= 1
            link.close()

    def _listen(self) -> None:
        """See to it that a page that is gone without a word is found out."""
        loop = asyncio.get_running_loop()
        self._heard_at = loop.time()
        self._look_again(loop)

    def _look_again(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._silence is not None:
            self._silence.cancel()
        silent_at = self._heard_at + SILENCE
        if loop.time() >= silent_at:
            self._note("silent")
        else:
            self._silence = loop.call_at(silent_at, self._look_again, loop)
