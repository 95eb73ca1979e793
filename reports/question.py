"""What may be said of a report that is wanted, by whatever way: an address, a form, a template, a schedule."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NoReturn, TypeVar
from zoneinfo import ZoneInfo

from django.conf import settings
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

T = TypeVar("T")
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
    projects = NamesField(required=False, help_text="Slugs of several; else, without `project`, all that you may see.")
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
        fields = {
            **super().get_fields(),
            "from": TimeField(required=False, help_text="The beginning, in place of `range`."),
        }
        if len(settings.LANGUAGES) > 1:
            fields["language"] = serializers.ChoiceField(
                choices=settings.LANGUAGES, required=False, help_text="Else that of the project's letterhead, or yours."
            )
        return fields

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
    projects = _projects([said.get("project"), *said.get("projects", ())], user)
    devices = _devices(said.get("devices", ()), user, projects)
    models = _models(said.get("models", ()), user, projects)
    zone = said.get("time_zone") or _zone(user, projects, devices)
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
        projects=tuple(projects),
        device_ids=tuple(device.device_id for device in devices),
        model_keys=tuple(model.key for model in models),
        sections=tuple(name for name in kind.sections if name in (said.get("sections") or kind.sections)),
        resolution=resolution,
        title=said.get("title", ""),
        language=language_of(said, user, projects),
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


def _projects(slugs: Sequence[str | None], user: AnyUser) -> list[Project]:
    """Each once, in the order in which they are named."""
    names = list(dict.fromkeys(filter(None, slugs)))
    found = {project.slug: project for project in Project.objects.visible_to(user).filter(slug__in=names)}
    return _named(names, found)


def _devices(names: Sequence[str], user: AnyUser, projects: list[Project]) -> list[Device]:
    visible = Device.objects.visible_to(user).select_related("project").filter(device_id__in=names)
    found = visible.filter(project__in=projects) if projects else visible
    return _named(names, {device.device_id: device for device in found})


def _models(keys: Sequence[str], user: AnyUser, projects: list[Project]) -> list[MonitoredModel]:
    visible = MonitoredModel.objects.visible_to(user).filter(key__in=keys)
    found = visible.filter(project__in=projects) if projects else visible
    return _named(keys, {model.key: model for model in found})


def _named(names: Sequence[str], found: Mapping[str, T]) -> list[T]:
    """All of them, or NotFound."""
    if missing := sorted({*names} - {*found}):
        raise NotFound(f"Nothing here, or in a project you are not a member of: {', '.join(missing)}.")
    return [found[name] for name in names]


def _zone(user: AnyUser, projects: list[Project], devices: list[Device]) -> ZoneInfo:
    """That of the projects, else of the devices' projects, if they have the same; else the person's own, or UTC."""
    zones = {str(project.time_zone) for project in projects or [device.project for device in devices]}
    return ZoneInfo(zones.pop() if len(zones) == 1 else str(getattr(user, "time_zone", "") or "UTC"))


def language_of(said: Mapping[str, Any], user: AnyUser, projects: Sequence[Project]) -> str:
    """The one that is said; that of the project's letterhead; the person's own; the portal's."""
    if len(settings.LANGUAGES) < 2:
        return settings.LANGUAGE_CODE
    letterhead = getattr(projects[0], "letterhead", None) if len(projects) == 1 else None
    wishes = said.get("language"), letterhead and letterhead.language, getattr(user, "language", "")
    return next((wish for wish in wishes if wish in dict(settings.LANGUAGES)), settings.LANGUAGE_CODE)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, ZoneInfo) else value


def _refuse(field: str, sentence: str) -> NoReturn:
    raise serializers.ValidationError({field: [sentence]})
