from asyncio import Future
from collections import deque
from functools import partial
from typing import Any

import structlog
from channels.db import database_sync_to_async
from django.conf import settings
from django.db import Error
from django.utils import timezone
from prometheus_client import Gauge

from telemetry.device_socket import frames, orders
from telemetry.device_socket.intake import intake
from telemetry.device_socket.link import Link, link_again, link_with
from telemetry.envelope import Envelope, Receipt, as_json
from telemetry.live.frames import BadRequest, Frame, Refused
from telemetry.live.socket import AUTHENTICATE_WITHIN, UNAUTHENTICATED, OrderlySocket
from telemetry.models import Door

log = structlog.get_logger(__name__)

MOST_UNANSWERED = 256  # telemetry frames
MOST_LISTED = 100  # rejected items in one answer
FORBIDDEN = 4403
WORDS = {"reply": orders.take_reply, "reported": orders.take_report}
TRY_AGAIN_LATER = 1013
AFTER_TROUBLE = 5.0  # seconds

DEVICE_SOCKETS = Gauge("iotsphere_device_sockets", "Open sockets of devices of this web process.")

in_thread = partial(database_sync_to_async, thread_sensitive=False)


class DeviceConsumer(OrderlySocket):
    """/ws/device/: a device sends telemetry and is told what became of it once it is committed.

    Frames are always read, for the web server keeps without bound what is not; what comes while MOST_UNANSWERED
    wait to be stored is refused, and the device sends it again.
    """

    device_pk = 0

    def __init__(self) -> None:
        super().__init__()
        self._intake = intake()
        self._link: Link | None = None
        self._unanswered: deque[tuple[Any, Future[Receipt | Refused]]] = deque()  # in the order in which they came
        self._content = b""
        self._told_version = 0  # of the twin

    async def __call__(self, *asgi: Any) -> None:
        with DEVICE_SOCKETS.track_inprogress():
            await super().__call__(*asgi)

    # --- Who is there --------------------------------------------------------------------------------------------

    async def connect(self) -> None:
        await self.accept()
        # Within the hub's reach before anything is looked up: a key that is revoked meanwhile is not overlooked.
        await self._hub.enter(self)
        headers = dict(self.scope["headers"])
        scheme, _, key = headers.get(b"authorization", b"").decode("latin1").partition(" ")
        if scheme.lower() == "bearer":
            await self._sign_in(key.strip())
        else:
            await self.say({"type": "authenticate", "within": AUTHENTICATE_WITHIN})
            self._note_in(AUTHENTICATE_WITHIN, "late")

    async def _sign_in(self, key: str) -> None:
        address, *_ = self.scope.get("client") or [""]
        try:
            link = await in_thread(link_with)(key, address)
            if self._link is not None and self._link.device_pk != link.device_pk:
                raise BadRequest("This socket is another device's: open a new one.")
            self._believe(link)
            await in_thread(link.note)("online")
        except Refused as refused:
            if isinstance(refused, BadRequest):
                raise
            await self._turn_away(refused)
        except Error as error:
            log.warning("a device cannot be signed in: the database does not answer", error=str(error))
            await self.hang_up(TRY_AGAIN_LATER, Refused("unavailable", "Come again later.", AFTER_TROUBLE))
        else:
            await self.say({"type": "ready", "device": link.device_id, "most_unanswered": MOST_UNANSWERED})
            await self._tell_what_waits(link)

    def _believe(self, link: Link) -> None:
        self._link = link
        self.device_pk = link.device_pk
        left = (link.valid_until - timezone.now()).total_seconds()
        self._note_in(max(0.0, left) + 0.1, "recheck")  # not before: then it would still be valid

    async def _turn_away(self, refused: Refused) -> None:
        await self.hang_up(FORBIDDEN if refused.code == "disabled" else UNAUTHENTICATED, refused)

    async def heed(self, notes: set[str]) -> None:
        if self._link is None:
            if "late" in notes:
                detail = f"No key came within {AUTHENTICATE_WITHIN} seconds."
                await self._turn_away(Refused("unauthenticated", detail))
            return
        if notes & {"recheck", "resync"}:
            try:
                self._believe(await in_thread(link_again)(self._link))
                await self._tell_what_waits(self._link)
            except Refused as refused:
                await self._turn_away(refused)
            except Error as error:
                log.warning("a device cannot be looked up: the database does not answer", error=str(error))
                self._note_in(AFTER_TROUBLE, "recheck")

    async def let_go(self) -> None:
        link, self._link = self._link, None
        self._unanswered.clear()
        if link is None:
            return
        try:
            await in_thread(link.note)("offline")
        except Error as error:
            log.warning("a device is gone, which cannot be noted", device=link.device_id, error=str(error))

    # --- What the device sends -----------------------------------------------------------------------------------

    def read(self, text: str | None, data: bytes | None) -> Frame:
        self._content = data or b"" if text is None else text.encode("utf-8", "surrogatepass")
        most = frames.MOST_BYTES_BEFORE_KEY if self._link is None else settings.INGEST_MAX_BODY_BYTES
        try:
            return frames.read(self._content, most)
        except Refused as refused:
            if self._link is not None and (isinstance(refused, frames.Unreadable) or refused.code == "too_large"):
                self._put(self._link, self._content[: settings.INGEST_MAX_BODY_BYTES + 1])  # to be counted
            raise

    async def obey(self, frame: Frame) -> None:
        kind, link = frame["type"], self._link
        if kind == "authenticate":
            await self._sign_in(frames.key_of(frame))
        elif link is None:
            await self._turn_away(
                Refused("unauthenticated", 'Sign in first: {"type": "authenticate", "key": "iot_…"}.')
            )
        elif kind == "telemetry":
            self._take(link, frame)
        elif kind in WORDS:
            await self._hear(link, frame)
        elif kind == "ping":
            await self.say({"type": "pong"})
        else:
            raise BadRequest("Unknown type: send authenticate, telemetry, reply, reported or ping.")

    async def _hear(self, link: Link, frame: Frame) -> None:
        try:
            await self.say(await in_thread(WORDS[frame["type"]])(link, frame))
        except Error as error:
            log.warning("a device is not heard: the database does not answer", error=str(error))
            raise Refused("unavailable", "Nothing was noted: send it again.", AFTER_TROUBLE) from error

    def _take(self, link: Link, frame: Frame) -> None:
        if len(self._unanswered) >= MOST_UNANSWERED:
            detail = f"{MOST_UNANSWERED} frames wait to be stored: wait for answers, then send it again."
            raise Refused("limit", detail, 1.0)
        done = self._put(link, frames.body_of(frame, self._content))
        self._unanswered.append((frame.get("id"), done))
        done.add_done_callback(lambda _: self._news.set())

    def _put(self, link: Link, body: bytes) -> "Future[Receipt | Refused]":
        link.heard_at = timezone.now()
        return self._intake.put(Envelope(link.device_id, body, Door.WEBSOCKET, link.heard_at), link.credential)

    # --- What it is told -----------------------------------------------------------------------------------------

    async def _tell_what_waits(self, link: Link) -> None:
        """Commands count as sent from here on; those that the device does not reply to are told again next time."""
        try:
            waiting, self._told_version = await in_thread(orders.what_waits)(link, self._told_version)
        except Error as error:
            log.warning("what waits for a device is not known: the database does not answer", error=str(error))
            self._note_in(AFTER_TROUBLE, "recheck")
            return
        for frame in waiting:
            await self.say(frame)

    async def tell_news(self) -> None:
        while self._unanswered and self._unanswered[0][1].done():
            name, done = self._unanswered.popleft()
            outcome = done.result()
            if isinstance(outcome, Refused):
                await self.say_error(outcome, name)
            else:
                await self.say({"type": "ack", "id": name, "receipt": as_json(outcome, MOST_LISTED)})
