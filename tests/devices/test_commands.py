"""What happens to a command, as the verbs tell it."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from devices.command_states import CommandStatus
from devices.commands import MOST_OPEN, Reply, SkipReason, cancel, hand_over, message, plan, read_reply, reply, send
from devices.models import AuditEntry, Command, CommandType, Device, DeviceType, Lifecycle, Project, Way
from iotsphere.models import User
from tests.factories import CommandTypeFactory, DeviceFactory

pytestmark = pytest.mark.django_db
SCHEMA = {"type": "object", "properties": {"times": {"type": "integer"}}, "additionalProperties": False}


@pytest.fixture
def lamp_type() -> DeviceType:
    return CommandTypeFactory.create(name="blink", params_schema=SCHEMA).device_type


@pytest.fixture
def lamp(acme: Project, lamp_type: DeviceType) -> Device:
    return DeviceFactory.create(device_id="lamp", project=acme, device_type=lamp_type)


@pytest.fixture
def blink(lamp: Device, oscar: User) -> Command:
    [command], _ = send(oscar, "blink", {"times": 3}, [lamp])
    return command


def says(device: Device, command: Command, status: str, **more: Any) -> str:
    """What the command is after the device has said so."""
    noted = reply(device, str(command.pk), Reply(CommandStatus(status), **more))
    assert noted is not None
    return noted.status


def steps(command: Command) -> list[tuple[str, str, bool]]:
    return list(command.steps.order_by("pk").values_list("status", "witness", "moved"))


def test_it_is_queued_first(blink: Command, oscar: User) -> None:
    blink.refresh_from_db()
    assert (blink.status, blink.params, blink.created_by) == ("queued", {"times": 3}, oscar)
    assert steps(blink) == [("queued", "person", True)]


def test_who_sent_it_is_in_the_audit_log(blink: Command, oscar: User) -> None:
    entry = AuditEntry.objects.get(action="command.sent")
    assert (entry.actor, entry.detail["command"]) == (oscar, str(blink.pk))


def test_a_device_that_fetches_it_has_been_sent_it(blink: Command, lamp: Device) -> None:
    assert hand_over(lamp, Way.HTTP) == [blink]
    blink.refresh_from_db()
    assert (blink.status, blink.attempts) == ("sent", 1)


def test_it_is_handed_over_until_the_device_says_that_it_has_it(blink: Command, lamp: Device) -> None:
    assert hand_over(lamp, Way.HTTP) == hand_over(lamp, Way.HTTP) == [blink]
    says(lamp, blink, "delivered")
    assert hand_over(lamp, Way.HTTP) == []
    assert [status for status, *_ in steps(blink)] == ["queued", "sent", "delivered"]


def test_how_it_ended_is_kept(blink: Command, lamp: Device) -> None:
    says(lamp, blink, "delivered")
    assert says(lamp, blink, "succeeded", result={"blinked": 3}) == "succeeded"
    blink.refresh_from_db()
    assert (blink.result, blink.due_at) == ({"blinked": 3}, None)


def test_a_refusal_says_why(blink: Command, lamp: Device) -> None:
    says(lamp, blink, "rejected", reason="The lamp is broken")
    blink.refresh_from_db()
    assert (blink.status, blink.reason) == ("rejected", "The lamp is broken")
    assert [status for status, *_ in steps(blink)] == ["queued", "delivered", "rejected"]


def test_a_reply_that_is_repeated_leaves_no_trace(blink: Command, lamp: Device) -> None:
    for _ in range(2):
        says(lamp, blink, "succeeded")
    assert len(steps(blink)) == 3


def test_a_reply_that_comes_too_late_is_noted_and_moves_nothing(blink: Command, lamp: Device, oscar: User) -> None:
    assert cancel(blink, oscar)
    assert says(lamp, blink, "succeeded") == "cancelled"
    assert steps(blink)[-1] == ("succeeded", "device", False)


def test_the_reply_of_another_device_is_none(blink: Command) -> None:
    other = DeviceFactory.create()
    assert reply(other, str(blink.pk), Reply(CommandStatus.SUCCEEDED)) is None
    blink.refresh_from_db()
    assert blink.status == "queued"


@pytest.mark.parametrize("command_id", ["", "17", "x" * 64, "00000000-0000-4000-8000-000000000000"])
def test_a_reply_to_nothing_is_none(lamp: Device, command_id: str) -> None:
    assert reply(lamp, command_id, Reply(CommandStatus.SUCCEEDED)) is None


def test_what_is_queued_can_be_taken_back(blink: Command, oscar: User) -> None:
    assert cancel(blink, oscar)
    blink.refresh_from_db()
    assert (blink.status, blink.due_at) == ("cancelled", None)


def test_what_was_sent_cannot_be_taken_back(blink: Command, lamp: Device, oscar: User) -> None:
    hand_over(lamp, Way.HTTP)
    assert cancel(blink, oscar) is None


def test_what_is_being_sent_cannot_be_taken_back(blink: Command, oscar: User) -> None:
    Command.objects.update(claimed_until=timezone.now() + timedelta(seconds=5))
    assert cancel(blink, oscar) is None


def test_a_device_is_told_until_when_it_may_begin(blink: Command) -> None:
    now = timezone.now()
    told = message(blink, now)
    assert told["expires"] == (now + blink.timeout).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert told["params"] == {"times": 3}


def test_what_has_expired_is_not_handed_over(blink: Command, lamp: Device) -> None:
    Command.objects.update(expires_at=timezone.now())
    assert hand_over(lamp, Way.HTTP) == []


# --- Who is sent it ---


def reasons(by: User | None, device: Device, **params: Any) -> list[SkipReason]:
    return [skipped.reason for skipped in plan(by, "blink", params, [device]).skipped]


def test_an_operator_may_send_it_and_a_viewer_may_not(lamp: Device, oscar: User, vera: User) -> None:
    assert reasons(oscar, lamp) == []
    assert reasons(vera, lamp) == [SkipReason.NOT_ALLOWED]


def test_the_portal_may_send_everything(lamp: Device) -> None:
    assert reasons(None, lamp) == []


@pytest.mark.parametrize("lifecycle", [Lifecycle.DISABLED, Lifecycle.ARCHIVED])
def test_a_device_out_of_service_is_skipped(lamp: Device, oscar: User, lifecycle: str) -> None:
    lamp.lifecycle = lifecycle
    assert reasons(oscar, lamp) == [SkipReason.OUT_OF_SERVICE]


def test_a_device_whose_type_knows_no_such_command_is_skipped(acme: Project, oscar: User) -> None:
    assert reasons(oscar, DeviceFactory.create(project=acme)) == [SkipReason.NO_SUCH_COMMAND]


def test_parameters_that_do_not_fit_are_told(lamp: Device, oscar: User) -> None:
    [skipped] = plan(oscar, "blink", {"times": "often"}, [lamp]).skipped
    assert (skipped.reason, skipped.details) == (
        SkipReason.BAD_PARAMS,
        ("times: 'often' is not of type 'integer'.",),
    )


def test_not_too_many_wait_for_one_device(lamp: Device, oscar: User) -> None:
    command_type = CommandType.objects.get()
    now = timezone.now()
    Command.objects.bulk_create(
        Command(device=lamp, name="blink", label="Blink", timeout=command_type.timeout, expires_at=now)
        for _ in range(MOST_OPEN)
    )
    assert reasons(oscar, lamp) == [SkipReason.TOO_MANY]


# --- What a device may say ---


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff", b"[]", b"1", b"{}", b'{"status": "sent"}', b'{"status": ["failed"]}', b'{"status": null}',
     b'{"status": "failed", "reason": 5}', b'{"status": "failed", "reason": "\\u0000"}'],
)  # fmt: skip
def test_what_is_no_reply_is_refused(body: bytes) -> None:
    with pytest.raises(ValidationError):
        read_reply(body)


def test_a_reply_is_worth_more_than_its_result() -> None:
    said = read_reply({"status": "succeeded", "result": "x" * 10_000})
    assert (said.status, said.result) == ("succeeded", None)
    assert "not kept" in said.reason


def test_a_long_reason_is_cut() -> None:
    assert len(read_reply({"status": "failed", "reason": "x" * 10_000}).reason) == 500
