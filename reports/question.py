"""What may be said of a report that is wanted, by whatever way: an address, a form, a template, a schedule."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import NotFound

from devices.api.fields import TimeZoneField
from devices.api.query import QuerySerializer
from devices.models import Device, Project
from devices.permissions import AnyUser
from mlmonitor.models import MonitoredModel
from reports import ranges
from reports.asked import RAW, Asked
from reports.kinds import KINDS, Kind
from telemetry.api.fields import TimeField
from telemetry.buckets import INTERVALS
from telemetry.history import zone_of

MOST_NAMES = 500
PAGE_SIZES = ("A4", "Letter")
RAW_BY_ITSELF = timedelta(days=31)
LONGEST_RAW = timedelta(days=366)


@extend_schema_field({"type": "array", "items": {"type": "string"}})
class NamesField(serializers.Field):
    """Names: a list, or one text with commas between them."""

    def to_internal_value(self, data: Any) -> list[str]:
        words = data.split(",") if isinstance(data, str) else data
        if not isinstance(words, list | tuple) or not all(isinstance(word, str) for word in words):
            raise serializers.ValidationError("Names, separated by commas.")
        names = list(dict.fromkeys(name for word in words if (name := word.replace("\0", "").strip())))
        if len(names) > MOST_NAMES:
            raise serializers.ValidationError(f"At most {MOST_NAMES}.")
        return [name[:200] for name in names]

    def to_representation(self, value: Any) -> Any:
        return list(value)


class ReportQuery(QuerySerializer):
    """Which report is wanted, of what, over which time, and how it should look."""

    kind = serializers.ChoiceField(choices=[(name, kind.label) for name, kind in KINDS.items()])
    range = serializers.RegexField(
        ranges.PATTERN, required=False, error_messages={"invalid": ranges.SENTENCE}, help_text=ranges.SENTENCE
    )
    to = TimeField(required=False, help_text="The end, itself not in it; now if it is not given.")
    time_zone = TimeZoneField(
        required=False, help_text="Whose days are counted and whose clocks are shown. Else the project's, or yours."
    )
    project = serializers.CharField(required=False, max_length=64, help_text="The project's slug.")
    devices = NamesField(required=False, help_text="Device IDs; else all that you may see.")
    models = NamesField(required=False, help_text="Keys of models; else all that you may see.")
    sections = NamesField(required=False, help_text="Which parts, by their names; else all of them.")
    resolution = serializers.ChoiceField(
        choices=[RAW, *INTERVALS],
        required=False,
        help_text="Of rows of readings: `raw`, or one for each interval. Else raw for up to 31 days, then hours.",
    )
    title = serializers.CharField(required=False, max_length=200, help_text="Stands in place of the kind's name.")
    page_size = serializers.ChoiceField(choices=PAGE_SIZES, default=PAGE_SIZES[0])
    bom = serializers.BooleanField(
        default=False, help_text="CSV begins with a byte order mark, as old spreadsheet programs want it."
    )

    def get_fields(self) -> dict[str, serializers.Field]:
        # `from` cannot be the name of an attribute.
        start = TimeField(required=False, help_text="The beginning, in place of `range`.")
        return {**super().get_fields(), "from": start}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "range" in attrs and ("from" in attrs or "to" in attrs):
            _refuse("range", "Either `range`, or `from` and `to`.")
        if "to" in attrs and "from" not in attrs:
            _refuse("from", "Say where it begins, too.")
        kind = KINDS[attrs["kind"]]
        if unknown := [name for name in attrs.get("sections", ()) if name not in kind.sections]:
            _refuse("sections", f"{kind.label} has no {', '.join(unknown)}. It has: {', '.join(kind.sections)}.")
        return attrs


def read(data: Mapping[str, Any], user: AnyUser, now: datetime | None = None) -> Asked:
    """The report that `data` asks for (ReportQuery says how), as of `now`.

    ValidationError has a sentence for each field that is wrong; NotFound names what does not exist for `user`.
    """
    query = ReportQuery(data=dict(data))
    query.is_valid(raise_exception=True)
    said = query.validated_data
    kind = KINDS[said["kind"]]
    now = now or timezone.now()
    project = _project(said.get("project"), user)
    devices = _devices(said.get("devices", ()), user, project)
    models = _models(said.get("models", ()), user, project)
    zone = said.get("time_zone") or _zone(user, project, devices)
    start, end = _stretch(said, kind, now, zone)
    resolution = said.get("resolution") or (RAW if end - start <= RAW_BY_ITSELF else "1h")
    if resolution == RAW and end - start > LONGEST_RAW:
        _refuse("resolution", f"Single readings of at most {LONGEST_RAW.days} days; choose 1h or 1d for more.")
    asked = Asked(
        kind=kind.name,
        user=user,
        said={name: _plain(value) for name, value in said.items()},
        start=start,
        end=end,
        now=now,
        zone=zone,
        project=project,
        device_ids=tuple(device.device_id for device in devices),
        model_keys=tuple(model.key for model in models),
        sections=tuple(name for name in kind.sections if name in (said.get("sections") or kind.sections)),
        resolution=resolution,
        title=said.get("title", ""),
        page_size=said["page_size"],
        bom=said["bom"],
    )
    if kind.is_about_devices and asked.devices.count() > MOST_NAMES:
        _refuse("devices", f"At most {MOST_NAMES} devices in one report. Name some of them, or a project.")
    return asked


def _stretch(said: Mapping[str, Any], kind: type[Kind], now: datetime, zone: ZoneInfo) -> ranges.Stretch:
    if "from" in said:
        stretch, field = ranges.Stretch(said["from"], said.get("to", now)), "from"
    else:
        stretch, field = ranges.resolve(said.get("range", kind.usual_range), now, zone), "range"
    if stretch.start >= stretch.end:
        _refuse(field, "It must be before `to`.")
    if stretch.start >= now:
        _refuse(field, "It has not begun yet.")
    if stretch.end - stretch.start > kind.longest:
        _refuse(field, f"{kind.label} covers at most {kind.longest.days:,} days.")
    return ranges.Stretch(stretch.start, min(stretch.end, now))


def _project(slug: str | None, user: AnyUser) -> Project | None:
    if not slug:
        return None
    found = Project.objects.visible_to(user).filter(slug=slug).first()
    return found or _not_found([slug])


def _devices(names: list[str], user: AnyUser, project: Project | None) -> list[Device]:
    if not names:
        return []
    visible = Device.objects.visible_to(user).select_related("project").filter(device_id__in=names)
    found = {device.device_id: device for device in (visible.filter(project=project) if project else visible)}
    return [found[name] for name in names] if len(found) == len(names) else _not_found({*names} - {*found})


def _models(keys: list[str], user: AnyUser, project: Project | None) -> list[MonitoredModel]:
    if not keys:
        return []
    visible = MonitoredModel.objects.visible_to(user).filter(key__in=keys)
    found = {model.key: model for model in (visible.filter(project=project) if project else visible)}
    return [found[key] for key in keys] if len(found) == len(keys) else _not_found({*keys} - {*found})


def _zone(user: AnyUser, project: Project | None, devices: list[Device]) -> ZoneInfo:
    """The project's; that of the devices' projects; the person's own; UTC."""
    if project is not None:
        return ZoneInfo(str(project.time_zone))
    own = "" if devices else str(getattr(user, "time_zone", "") or "")
    return ZoneInfo(own or str(zone_of(devices)))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, ZoneInfo) else value


def _refuse(field: str, sentence: str) -> NoReturn:
    raise serializers.ValidationError({field: [sentence]})


def _not_found(names: Any) -> NoReturn:
    raise NotFound(f"Nothing here, or in a project you are not a member of: {', '.join(sorted(names))}.")
