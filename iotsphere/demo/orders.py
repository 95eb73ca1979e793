"""What people told the demo's devices in its past, and what became of it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction

from devices.command_states import DELIVERED, QUEUED, SENT, CommandStatus
from devices.models import Command, CommandStep, CommandType, Device, Twin, TwinChange, TwinSide, Witness
from devices.twin_states import changes

OPERATOR = "operator"
WITNESSES = {QUEUED: Witness.PERSON, SENT: Witness.BROKER, CommandStatus.CANCELLED: Witness.PERSON}
OF_THE_PORTAL = (CommandStatus.TIMED_OUT, CommandStatus.EXPIRED)


@dataclass(frozen=True, slots=True)
class Order:
    device_id: str
    name: str
    days_ago: float
    steps: dict[CommandStatus, float]
    """Seconds after it was given, by what it was then."""
    params: dict[str, Any] = field(default_factory=dict)
    reason: str = ""


ORDERS = (
    Order("WH_DEMO_01", "reboot", 5.2, {SENT: 0.2, DELIVERED: 0.4, CommandStatus.SUCCEEDED: 0.9}),
    Order(
        "WH_DEMO_02", "boost", 5.19, {SENT: 0.2, DELIVERED: 0.3, CommandStatus.REJECTED: 4.3}, params={"minutes": 90},
        reason="The element is scaled: its cut-out would trip.",
    ),
    Order("WH_DEMO_02", "reboot", 8.9, {SENT: 0.1, DELIVERED: 0.3, CommandStatus.SUCCEEDED: 4.4}),
    Order(
        "ESP32_SIM_03", "identify", 3.3, {SENT: 0.2, CommandStatus.TIMED_OUT: 15.2},
        reason="The device did not say that it received it.",
    ),
    Order(
        "ESP32_SIM_02", "identify", 5.6, {CommandStatus.EXPIRED: 600.0},
        reason="The device could not be reached in time.",
    ),
    Order(
        "ESP32_SIM_01", "set_interval", 2.4, {SENT: 0.1, DELIVERED: 0.3, CommandStatus.SUCCEEDED: 0.8},
        params={"seconds": 5},
    ),
    Order("WH_DEMO_01", "identify", 1.1, {SENT: 0.2, DELIVERED: 0.4, CommandStatus.SUCCEEDED: 0.9}),
)  # fmt: skip

# A light that was switched off by hand for two days: days ago, and what was wanted from then on.
SET_BY_HAND = "ESP32_SIM_01"
WANTED: tuple[tuple[float, dict[str, Any]], ...] = ((6.9, {"led": False}), (4.8, {}))


@transaction.atomic
def write_orders(devices: Iterable[Device], now: datetime) -> None:
    """Once: a device that has been told something, by whomever, needs nothing invented."""
    by_id = {device.device_id: device for device in devices if not device.commands.exists()}
    operator = get_user_model()._default_manager.filter(username=OPERATOR).first()
    for order in ORDERS:
        if order.device_id in by_id:
            _write(order, by_id[order.device_id], operator, now)
    if SET_BY_HAND in by_id:
        _write_twin(by_id[SET_BY_HAND], WANTED, operator, now)


def _write(order: Order, device: Device, operator: Any, now: datetime) -> None:
    command_type = CommandType.objects.filter(device_type=device.device_type_id, name=order.name).first()
    if command_type is None:
        return  # somebody has changed the type
    given_at = now - timedelta(days=order.days_ago)
    *_, (status, after) = order.steps.items()
    command = Command.objects.create(
        device=device,
        name=order.name,
        label=command_type.label,
        params=order.params,
        status=status,
        created_at=given_at,
        created_by=operator,
        changed_at=given_at + timedelta(seconds=after),
        timeout=command_type.timeout,
        expires_at=given_at + command_type.expires_after,
        attempts=int(SENT in order.steps),
        result={} if status == CommandStatus.SUCCEEDED else None,
        reason=order.reason,
    )
    for said, seconds in {QUEUED: 0.0, **order.steps}.items():
        witness = Witness.PORTAL if said in OF_THE_PORTAL else WITNESSES.get(said, Witness.DEVICE)
        detail = OPERATOR if witness == Witness.PERSON else order.reason if said == status else ""
        at = given_at + timedelta(seconds=seconds)
        CommandStep.objects.create(command=command, status=said, at=at, witness=witness, detail=detail)


def _write_twin(device: Device, states: Iterable[tuple[float, dict[str, Any]]], operator: Any, now: datetime) -> None:
    twin, is_new = Twin.objects.get_or_create(device=device)
    if not is_new:
        return
    before: dict[str, Any] = {}
    for version, (days_ago, desired) in enumerate(states, 1):
        at = now - timedelta(days=days_ago)
        diff = changes(before, desired)
        seen_at = at + timedelta(seconds=0.7)
        TwinChange.objects.create(twin=twin, side=TwinSide.DESIRED, version=version, at=at, by=operator, diff=diff)
        if desired:
            TwinChange.objects.create(twin=twin, side=TwinSide.REPORTED, version=version, at=seen_at, diff=diff)
        before = desired
        twin.version = twin.reported_version = version
        twin.desired, twin.desired_at, twin.reported_at = desired, at, seen_at
    twin.save()
