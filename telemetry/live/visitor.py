"""Who is on a live socket, and for how long that is believed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib import import_module
from typing import Any, Self

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, load_backend
from django.contrib.auth.base_user import AbstractBaseUser
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from rest_framework.exceptions import AuthenticationFailed
from rest_framework_simplejwt.authentication import JWTAuthentication

from telemetry.live.stream import session_fingerprint

# Sign-outs reach sockets at once; what no signal tells (a change made in SQL) is found out after this long.
SESSION_LOOKED_AT_EVERY = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who has proved who they are. `again()` asks for the proof anew; None when it no longer holds."""

    user: AbstractBaseUser
    valid_until: datetime
    again: Callable[[], Self | None]
    session: str = ""  # fingerprint; empty when they came with a token

    @property
    def by_token(self) -> bool:
        return not self.session


def visitor_with_session(session_key: str) -> Visitor | None:
    session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    user = _user_of(session)
    if user is None:
        return None
    return Visitor(
        user,
        timezone.now() + SESSION_LOOKED_AT_EVERY,
        partial(visitor_with_session, session_key),
        session_fingerprint(session_key),
    )


def visitor_with_token(raw_token: str) -> Visitor | None:
    backend = JWTAuthentication()
    try:
        token = backend.get_validated_token(raw_token.encode())
        user = backend.get_user(token)
    except AuthenticationFailed:  # InvalidToken is one of them
        return None
    return Visitor(user, datetime.fromtimestamp(token["exp"], UTC), partial(visitor_with_token, raw_token))


def _user_of(session: Any) -> AbstractBaseUser | None:
    # django.contrib.auth.get_user() would end a session that does not hold and renew the key of one that does;
    # a socket cannot hand out cookies.
    try:
        user_pk, backend, proof = session[SESSION_KEY], session[BACKEND_SESSION_KEY], session[HASH_SESSION_KEY]
    except KeyError:
        return None
    if backend not in settings.AUTHENTICATION_BACKENDS:
        return None
    user = load_backend(backend).get_user(user_pk)
    if user is None:
        return None
    hashes = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    return user if any(constant_time_compare(proof, known) for known in hashes) else None
