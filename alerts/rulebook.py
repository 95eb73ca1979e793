"""Which rules are about which devices, remembered for a few seconds in each process."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from alerts.evaluator import CompiledRule
from alerts.models import AlertRule
from devices.models import Device, DeviceType, Lifecycle, Project
from devices.models.device import DEFAULT_EXPECTED_INTERVAL
from devices.presence import offline_after
from telemetry.remembered import Remembered

MAX_SUBJECTS = 50_000


class Described(NamedTuple):
    """A device in service, as it was read. Models of a thousand would keep what the next of them send waiting."""

    pk: int
    device_id: str
    name: str
    parent_id: int | None
    project_id: int
    project_name: str
    time_zone: ZoneInfo
    device_type_id: int | None
    expected_interval: timedelta | None
    labels: list[str]


COLUMNS = (
    "pk",
    "device_id",
    "name",
    "parent_id",
    "project_id",
    "project__name",
    "project__time_zone",
    "device_type_id",
    "device_type__expected_interval",
    "labels",
)


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """A device in service, as rules see it."""

    pk: int
    device_id: str
    name: str
    project_id: int
    project_name: str
    time_zone: str
    parent_id: int | None
    fresh_for: float  # seconds after which a value of it says nothing about now
    rules: tuple[CompiledRule, ...]


@dataclass(slots=True)
class _Rules:
    """The enabled rules as they were read, compiled once for each time zone they are asked in."""

    rules: list[AlertRule]
    compiled: dict[tuple[int, str], CompiledRule] = field(default_factory=dict)
    keys: frozenset[str] = field(init=False)
    of_devices: dict[int | None, list[AlertRule]] = field(init=False)  # None: of more than one
    of_kinds: dict[tuple[object, ...], tuple[CompiledRule, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.of_devices = defaultdict(list)
        for rule in self.rules:
            self.of_devices[rule.device_id].append(rule)
        self.keys = frozenset().union(*(rule.compiled().keys for rule in self.rules))

    def about(self, device: Described) -> tuple[CompiledRule, ...]:
        kind = (device.project_id, device.device_type_id, device.time_zone, *device.labels)
        if kind not in self.of_kinds:
            self.of_kinds[kind] = self._fitting(None, device)
        # A thousand rules about one device each are not all asked about a thousand devices.
        return self.of_kinds[kind] + self._fitting(device.pk, device)

    def _fitting(self, named: int | None, device: Described) -> tuple[CompiledRule, ...]:
        rules = self.of_devices.get(named, ())
        return tuple(self._compile(rule, str(device.time_zone)) for rule in rules if fits(rule, device))

    def _compile(self, rule: AlertRule, zone: str) -> CompiledRule:
        if (rule.pk, zone) not in self.compiled:
            self.compiled[rule.pk, zone] = rule.compiled(zone)
        return self.compiled[rule.pk, zone]


@receiver([post_save, post_delete], sender=AlertRule)
@receiver([post_save, post_delete], sender=Device)
@receiver([post_save, post_delete], sender=DeviceType)
@receiver([post_save, post_delete], sender=Project)
def forget(**_: object) -> None:
    """Look everything up anew."""
    _rules.forget()
    _subjects.forget()


def subjects(device_pks: Collection[int]) -> Mapping[int, Subject]:
    """Those of the devices that are in service, with the enabled rules that are about them; none without any rule."""
    return _subjects.find(device_pks) if _enabled().rules else {}


def fits(rule: AlertRule, device: Device | Described) -> bool:
    """Whether the device is what the rule is about."""
    return (
        rule.project_id in {None, device.project_id}
        and rule.device_type_id in {None, device.device_type_id}
        and rule.device_id in {None, device.pk}
        and (not rule.label or rule.label in device.labels)
    )


def is_asked_about(key: str) -> bool:
    """Whether any enabled rule is."""
    return key in _enabled().keys


def _enabled() -> _Rules:
    return _rules.find([None])[None]


def _read_rules(_: Collection[None]) -> dict[None, _Rules]:
    return {None: _Rules(list(AlertRule.objects.filter(is_enabled=True).select_related("project").order_by("pk")))}


def _read_subjects(device_pks: Collection[int]) -> dict[int, Subject]:
    rules = _enabled()
    devices = Device.objects.filter(pk__in=device_pks, lifecycle=Lifecycle.ACTIVE).order_by()
    read = map(Described._make, devices.values_list(*COLUMNS))
    return {device.pk: _subject(device, rules.about(device)) for device in read}


def _subject(device: Described, rules: tuple[CompiledRule, ...]) -> Subject:
    return Subject(
        device.pk,
        device.device_id,
        device.name or device.device_id,
        device.project_id,
        device.project_name,
        str(device.time_zone),
        device.parent_id,
        offline_after(device.expected_interval or DEFAULT_EXPECTED_INTERVAL).total_seconds(),
        rules,
    )


_rules = Remembered(_read_rules, 1)
_subjects = Remembered(_read_subjects, MAX_SUBJECTS)
