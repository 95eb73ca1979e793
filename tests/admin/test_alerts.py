"""Alerts in the admin: what can be done to them there."""

from typing import Any

import pytest

from alerts.models import Alert
from devices.models import Project
from iotsphere.models import User
from tests.admin.addresses import list_of
from tests.alerts.rules import alert_of
from tests.fixtures.clients import PageClient

pytestmark = [pytest.mark.django_db, pytest.mark.once]


@pytest.fixture
def alert(acme: Project) -> Alert:
    return alert_of(acme)


def asked(alert: Alert, action: str, **said: Any) -> dict[str, Any]:
    return {"action": f"{action}_selected", "_selected_action": [alert.pk], **said}


def test_they_are_assigned_snoozed_and_commented_on(alert: Alert, alice: User, oscar: User, pages: PageClient) -> None:
    client, place = pages(alice), list_of("alerts.Alert")
    assert "oscar" in client.post(place, asked(alert, "assign")).content.decode()
    client.post(place, asked(alert, "assign", confirmed="yes", user=oscar.pk))
    client.post(place, asked(alert, "snooze", confirmed="yes", minutes="60"))
    client.post(place, asked(alert, "comment", confirmed="yes", text="Ordered a new one."))
    alert.refresh_from_db()
    assert alert.assigned_to == oscar
    assert alert.snoozed_until is not None
    assert alert.events.filter(kind="commented", text="Ordered a new one.", by=alice).exists()


@pytest.mark.parametrize(
    ("action", "said"), [("assign", {"user": "4711"}), ("snooze", {"minutes": "7"}), ("comment", {"text": " "})]
)
def test_what_cannot_be_is_asked_again(
    action: str, said: dict[str, str], alert: Alert, alice: User, pages: PageClient
) -> None:
    before = alert.events.count()
    answer = pages(alice).post(list_of("alerts.Alert"), asked(alert, action, confirmed="yes", **said))
    assert (answer.status_code, "confirmed" in answer.content.decode()) == (200, True)
    assert alert.events.count() == before
