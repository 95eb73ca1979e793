"""The audit log: what is noted of who did what."""

import pytest
from structlog.contextvars import bound_contextvars

from devices.audit import record
from devices.models import AuditEntry, Project
from iotsphere.models import User


def test_an_entry_says_who_did_what_to_what(alice: User, acme: Project) -> None:
    entry = record(alice, "credential.issued", "boiler.1", project=acme, kind="api_key")
    assert (entry.actor, entry.action, entry.subject, entry.detail) == (
        alice,
        "credential.issued",
        "boiler.1",
        {"kind": "api_key"},
    )


def test_it_says_from_where_and_where_the_logs_go_on(alice: User, acme: Project) -> None:
    with bound_contextvars(ip="203.0.113.7", request_id="abc"):
        entry = record(alice, "credential.issued", "boiler.1", project=acme)
    assert (entry.address, entry.trace_id) == ("203.0.113.7", "abc")


def test_the_portal_does_things_by_itself(acme: Project) -> None:
    assert record(None, "device.registered", "boiler.1", project=acme).actor_name == "the portal"


def test_an_entry_is_never_changed(acme: Project) -> None:
    entry = record(None, "device.registered", "boiler.1", project=acme)
    with pytest.raises(TypeError, match="never changed"):
        entry.save()


def test_an_entry_is_never_deleted(acme: Project) -> None:
    with pytest.raises(TypeError, match="never deleted"):
        record(None, "device.registered", "boiler.1", project=acme).delete()


def test_an_entry_outlives_the_account(alice: User, acme: Project) -> None:
    entry = record(alice, "credential.issued", "boiler.1", project=acme)
    alice.delete()
    assert AuditEntry.objects.get(pk=entry.pk).actor_name == "alice"


def test_others_see_nothing_of_it(acme: Project, charlie: User) -> None:
    record(None, "device.registered", "boiler.1", project=acme)
    assert not AuditEntry.objects.visible_to(charlie).exists()
