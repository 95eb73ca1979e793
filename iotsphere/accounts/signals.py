"""What happens to accounts, told to their open sockets."""

from functools import partial
from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.http import HttpRequest

from devices.models import Membership
from iotsphere.accounts.sign_ins import note
from iotsphere.models import SignIn, User
from telemetry.live.stream import push_account_change, push_session_end


@receiver([post_save, post_delete], sender=Membership)
def membership_changed(instance: Membership, **_: Any) -> None:
    _tell_sockets_of(instance.user_id)


@receiver([post_save, post_delete], sender=User)
def account_changed(instance: User, update_fields: frozenset[str] | None = None, **_: Any) -> None:
    if update_fields != frozenset({"last_login"}):
        _tell_sockets_of(instance.pk)


@receiver(user_logged_in)
def signed_in(request: HttpRequest, user: User, **_: Any) -> None:
    if request.session.session_key:  # what signs in by a token has none
        note(request, user)


@receiver(user_logged_out)
def signed_out(request: HttpRequest, **_: Any) -> None:
    if session_key := request.session.session_key:
        SignIn.objects.filter(session_key=session_key).delete()
        transaction.on_commit(partial(push_session_end, session_key))


@receiver(post_delete, sender=SignIn)
def sign_in_ended(instance: SignIn, **_: Any) -> None:
    """Its pages are told, and have to sign in with the next thing they ask."""
    Session.objects.filter(session_key=instance.session_key).delete()
    transaction.on_commit(partial(push_session_end, instance.session_key))


def _tell_sockets_of(user_pk: int) -> None:
    transaction.on_commit(partial(push_account_change, user_pk))
