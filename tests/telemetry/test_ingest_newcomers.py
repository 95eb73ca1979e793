"""Messages of devices nobody registered."""

from typing import Any

import pytest

from devices.models import Device, DeviceType, Project, Provisioning
from devices.shipped_types import ensure_shipped_types
from telemetry import newcomers
from telemetry.ingest import ingest
from telemetry.models import QuarantinedMessage, Reading
from telemetry.reasons import Reason
from tests.factories import DeviceFactory, ProjectFactory
from tests.telemetry.letters import NOW, SECOND, envelope, take, telemetry

pytestmark = pytest.mark.django_db


@pytest.fixture
def open_project() -> Project:
    return ProjectFactory.create(provisioning=Provisioning.OPEN)


def test_without_an_open_project_the_message_is_kept_whole() -> None:
    letter = telemetry("newcomer", {"a": 1, "b": 2})
    receipt = take(letter)
    assert (receipt.received, receipt.quarantined) == (1, 1)
    kept = QuarantinedMessage.objects.get()
    assert (kept.sender, bytes(kept.body), kept.door, kept.received_at) == ("newcomer", letter.body, "mqtt", NOW)


def test_what_cannot_be_read_is_not_kept() -> None:
    receipt = take(envelope("newcomer", b"?"))
    assert [item.reason for item in receipt.rejected] == [Reason.MALFORMED]
    assert not QuarantinedMessage.objects.exists()


def test_a_sender_has_so_much_room_in_quarantine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(newcomers, "MAX_QUARANTINED_PER_SENDER", 2)
    take(telemetry("newcomer", {"a": 1}))
    receipts = ingest([telemetry("newcomer", {"a": 1}), telemetry("newcomer", {"a": 1}), telemetry("other", {"a": 1})])
    assert [receipt.quarantined for receipt in receipts] == [1, 0, 1]
    assert [item.reason for item in receipts[1].rejected] == [Reason.QUARANTINE_FULL]


def test_all_senders_together_have_so_much_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(newcomers, "MAX_QUARANTINED", 2)
    receipts = ingest([telemetry(f"newcomer-{n}", {"a": 1}) for n in range(3)])
    assert [receipt.quarantined for receipt in receipts] == [1, 1, 0]


def test_an_accepted_device_is_known_at_once() -> None:
    take(telemetry("newcomer", {"a": 1}))
    DeviceFactory.create(device_id="newcomer")
    assert take(telemetry("newcomer", {"a": 1})).stored == 1


def test_an_open_project_takes_newcomers_in(open_project: Project) -> None:
    receipt = take(telemetry("newcomer", {"a": 1}))
    assert receipt.stored == 1
    device = Device.objects.get(device_id="newcomer")
    assert (device.project, device.name, device.device_type) == (open_project, "newcomer", None)


def test_an_open_project_takes_in_what_comes_in_one_batch(open_project: Project) -> None:
    batch = [telemetry("newcomer", {"a": n}, at=NOW + n * SECOND) for n in range(3)]
    assert [receipt.stored for receipt in ingest(batch)] == [1, 1, 1]
    assert Reading.objects.count() == 3


def test_an_open_project_does_not_take_in_who_sends_only_nonsense(open_project: Project) -> None:
    take(envelope("newcomer", b'{"telemetry": {"a": null}}'))
    assert not Device.objects.exists()


def test_an_open_project_has_so_much_room(open_project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(newcomers, "MAX_REGISTERED", 1)
    receipts = ingest([telemetry("first", {"a": 1}), telemetry("second", {"a": 1})])
    assert [(receipt.stored, receipt.quarantined) for receipt in receipts] == [(1, 0), (0, 1)]


@pytest.mark.parametrize(
    ("values", "slug"),
    [
        ({"temperature": 25.5, "humidity": 60.2, "battery": 3.8}, "environment-sensor"),
        ({"temperature": 55, "target_temperature": 60, "pressure": 2, "flow_rate": 0, "mode": "eco"}, "water-heater"),
        ({"cpu": 1, "memory": 2, "disk": 3, "load": 1}, "server"),
    ],
)
def test_a_newcomers_type_is_guessed_from_its_keys(open_project: Project, values: dict[str, Any], slug: str) -> None:
    ensure_shipped_types()
    take(telemetry("newcomer", values))
    assert Device.objects.get().device_type == DeviceType.objects.get(slug=slug)


@pytest.mark.parametrize("values", [{"temperature": 1}, {"voltage": 230, "current": 1}])
def test_a_newcomer_like_no_type_has_none(open_project: Project, values: dict[str, Any]) -> None:
    ensure_shipped_types()
    take(telemetry("newcomer", values))
    assert Device.objects.get().device_type is None
