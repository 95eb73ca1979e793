"""What every socket of a person does: prove who is there, and stop when that no longer holds."""

from channels.db import database_sync_to_async
from django.conf import settings
from django.utils import timezone

from telemetry.live.frames import BadRequest, Frame, Refused, token_of
from telemetry.live.socket import AUTHENTICATE_WITHIN, UNAUTHENTICATED, OrderlySocket
from telemetry.live.stream import session_fingerprint
from telemetry.live.visitor import Visitor, visitor_with_session, visitor_with_token

HINT_BEFORE_EXPIRY = 60  # seconds
TOO_MANY = 4429


class PersonSocket(OrderlySocket):
    """A socket of somebody who signs in by session or access token (docs/developer/live.md), told by the hub when to
    ask again who that is.
    """

    user_pk = 0

    def __init__(self) -> None:
        super().__init__()
        self._visitor: Visitor | None = None

    async def welcome(self, visitor: Visitor) -> None:
        """Somebody has signed in, perhaps once more."""
        await self.say({"type": "ready", "user": visitor.user.get_username()})

    async def do(self, visitor: Visitor, frame: Frame) -> None:
        """Do what the client asks for. Raises Refused."""
        raise NotImplementedError

    async def review(self, visitor: Visitor, *, resync: bool) -> None:
        """What the visitor may do may have changed; with `resync` news may be lost besides."""

    async def heed(self, notes: set[str]) -> None:
        if "end" in notes:
            await self._turn_away("You have signed out.")
        if "late" in notes and self._visitor is None:
            await self._turn_away(f"Nobody signed in within {AUTHENTICATE_WITHIN} seconds.")
        if "expiring" in notes and self._visitor is not None:
            await self._hint_at_expiry(self._visitor)
        if notes & {"recheck", "resync"} and self._visitor is not None:
            await self._check_again(self._visitor, resync="resync" in notes)

    # --- Who is there --------------------------------------------------------------------------------------------

    async def connect(self) -> None:
        await self.accept()
        session_key = self.scope["cookies"].get(settings.SESSION_COOKIE_NAME)
        # Within the hub's reach before anything is looked up: a session that ends meanwhile is not overlooked.
        self.session = session_fingerprint(session_key) if session_key else ""
        await self._hub.enter(self)
        if not session_key:
            await self.say({"type": "authenticate", "within": AUTHENTICATE_WITHIN})
            self._note_in(AUTHENTICATE_WITHIN, "late")
        elif (visitor := await database_sync_to_async(visitor_with_session)(session_key)) is None:
            await self._turn_away("Your session is over: sign in again.")
        else:
            await self._let_in(visitor)

    async def _authenticate(self, token: str) -> None:
        visitor = await database_sync_to_async(visitor_with_token)(token)
        if visitor is None:
            await self._turn_away("The access token is not valid: get another from /api/v1/token/refresh/.")
        elif self._visitor is not None and visitor.user.pk != self._visitor.user.pk:
            raise BadRequest("This socket is another user's: open a new one.")
        else:
            await self._let_in(visitor)

    async def _let_in(self, visitor: Visitor) -> None:
        most = settings.LIVE_SOCKETS_PER_USER
        if self._visitor is None and self._hub.sockets_of(visitor.user.pk) >= most:
            await self.hang_up(TOO_MANY, Refused("limit", f"You have {most} live sockets open: close some of them."))
        else:
            self._believe(visitor)
            await self.welcome(visitor)

    def _believe(self, visitor: Visitor) -> None:
        self._visitor = visitor
        self.user_pk, self.session = visitor.user.pk, visitor.session
        if visitor.by_token:
            self._note_in(max(0, _seconds_left(visitor) - HINT_BEFORE_EXPIRY), "expiring")
        else:
            self._note_in(_seconds_left(visitor), "recheck")

    async def _hint_at_expiry(self, visitor: Visitor) -> None:
        left = _seconds_left(visitor)
        self._note_in(left + 0.1, "recheck")  # not before: then it would still be valid
        await self.say({"type": "expiring", "seconds": round(left)})

    async def _check_again(self, visitor: Visitor, *, resync: bool) -> None:
        again = await database_sync_to_async(visitor.again)()
        if again is None or again.user.pk != visitor.user.pk:
            await self._turn_away("You are no longer signed in: sign in again.")
            return
        self._believe(again)
        await self.review(again, resync=resync)

    async def _turn_away(self, detail: str) -> None:
        await self.hang_up(UNAUTHENTICATED, Refused("unauthenticated", detail))

    async def hang_up(self, code: int, reason: Refused | None = None) -> None:
        self._visitor = None
        await super().hang_up(code, reason)

    async def obey(self, frame: Frame) -> None:
        if frame["type"] == "authenticate":
            await self._authenticate(token_of(frame))
        elif self._visitor is None:
            await self._turn_away('Sign in first: {"type": "authenticate", "token": "…"}.')
        elif frame["type"] == "ping":
            await self.say({"type": "pong"})
        else:
            await self.do(self._visitor, frame)


def _seconds_left(visitor: Visitor) -> float:
    return max(0, (visitor.valid_until - timezone.now()).total_seconds())
