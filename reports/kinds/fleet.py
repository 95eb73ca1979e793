from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from django.db.models import Count
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from alerts.models import Alert
from alerts.models.alert import AlertQuerySet, Severity
from alerts.patterns import Patterns, patterns
from alerts.worst import worst_of
from devices.availability import availability, spans_in
from devices.models import Device, Presence
from reports.documents import Bars, Block, Chart, Column, Drawn, Figure, Figures, Form, Row, Series, Table, Text, Tone
from reports.kinds.alerts import TONES as SEVERITY_TONES
from reports.kinds.alerts import noise, noise_of
from reports.kinds.availability import TONES
from reports.kinds.days import midnight
from reports.kinds.items import items_by_day, totals
from reports.kinds.kind import Kind
from reports.words import by_word, in_words, word
from telemetry.values import Shown, headlines, with_metrics

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

DAY = timedelta(days=1)
NOISIEST = 10
URGENCY = [Presence.OFFLINE, Presence.STALE, Presence.UNKNOWN, Presence.ONLINE]


class Fleet(Kind):
    """How all devices are, and how their time went."""

    name = "fleet"
    label = gettext_lazy("Fleet summary")
    description = gettext_lazy(
        "How many devices there are and how they do, what came in, what was wrong; each device in a line."
    )
    icon = "layout-dashboard"
    sections: ClassVar[Mapping[str, "_StrPromise"]] = {
        "summary": gettext_lazy("Summary"),
        "broken": gettext_lazy("What is broken"),
        "alerts": gettext_lazy("Alerts"),
        "data": gettext_lazy("What came in"),
        "devices": gettext_lazy("Devices"),
    }

    def seconds(self) -> float:
        return 0.3 + 0.02 * self.asked.devices.count()

    def summary(self) -> list[Block]:
        counts = Counter(device.presence for device, _ in self._found)
        shares = [share for share in self._shares.values() if share is not None]
        came = totals(self.asked)
        fires = self._pattern.fires
        figures = [
            Figure("devices", _("Devices"), len(self._found)),
            *(
                Figure(presence.value, word(presence.label), counts[presence], tone=_tone(presence, counts))
                for presence in reversed(URGENCY)
            ),
            Figure("availability", _("Available, mean"), sum(shares) / len(shares) if shares else None, "%", 2),
            Figure("alerts", _("Alerts"), fires, tone=Tone.WARN if fires else Tone.GOOD),
            Figure("stored", _("Values stored"), came["stored"]),
        ]
        return [Figures(figures), *self._by_type(counts)]

    def _by_type(self, counts: Counter[str]) -> list[Block]:
        if not self._found:
            return []
        pairs = Counter((_type_of(device), device.presence) for device, _ in self._found)
        names = [name for name, _ in Counter(_type_of(device) for device, _ in self._found).most_common()]
        shown = [presence for presence in reversed(URGENCY) if counts[presence]]
        groups = [(word(presence.label), [float(pairs[name, presence]) for name in names]) for presence in shown]
        return [Bars(_("Devices by type, now"), "", names, groups, [TONES[presence] for presence in shown])]

    def broken(self) -> list[Block]:
        columns = [
            Column("device", _("Device"), share=1.5),
            Column("presence", _("Presence"), Form.STATE),
            Column("last_message", _("Last message"), Form.TIME),
            Column("severity", _("Worst alert"), Form.STATE),
            Column("alerts", _("Open alerts"), Form.NUMBER, precision=0),
        ]
        open_alerts = dict(
            self._every.open().order_by().values_list("device").annotate(count=Count("pk")).filter(device__isnull=False)
        )
        worst = worst_of(device.pk for device, _ in self._found)
        rows: list[Row] = [
            (
                str(device),
                word(Presence(device.presence).label),
                device.last_message,
                word(Severity(worst[device.pk]).label) if device.pk in worst else "",
                open_alerts.get(device.pk, 0),
            )
            for device, _ in sorted(self._found, key=lambda pair: URGENCY.index(Presence(pair[0].presence)))
            if device.presence in {Presence.OFFLINE, Presence.STALE} or device.pk in worst
        ]
        tones = by_word(TONES) | by_word(SEVERITY_TONES)
        return [Table("broken", "", columns, rows, tones, empty=_("All devices are there, and no alert is open."))]

    def alerts(self) -> list[Block]:
        if not self._pattern.fires:
            return [Text(_("No device raised an alert in this time."), Tone.GOOD)]
        zone = self.asked.zone
        points = [(midnight(day, zone), float(count), None, None) for day, count in self._pattern.per_day]
        columns = [Column("device_id", _("Device ID")), *noise(_("Device"))]
        rows: list[Row] = [(share.key, *noise_of(share)) for share in self._pattern.devices[:NOISIEST]]
        start, end = min(self.asked.start, points[0][0]), max(self.asked.end, points[-1][0] + DAY)
        by_day = Series("fires", _("Alerts"), points, Drawn.BARS)
        return [
            Chart(_("Alerts a day"), "", start, end, [by_day], step=DAY, precision=0, from_zero=True),
            Table("noisiest", _("Devices with most alerts"), columns, rows),
        ]

    def data(self) -> list[Block]:
        return items_by_day(self.asked)

    def devices(self) -> list[Block]:
        columns = [
            Column("device", _("Device"), share=1.5),
            Column("type", _("Type"), share=1.1),
            Column("presence", _("Presence"), Form.STATE),
            Column("percent", _("Available"), Form.NUMBER, "%", 2),
            Column("alerts", _("Alerts"), Form.NUMBER, precision=0),
            Column("values", _("Newest values"), share=2.2),
        ]
        fires = {share.key: share.fires for share in self._pattern.devices}
        rows: list[Row] = [
            (
                str(device),
                str(device.device_type or ""),
                word(Presence(device.presence).label),
                self._shares[device.pk],
                fires.get(device.device_id, 0),
                ", ".join(f"{metric.label} {_words(metric)}" for metric in headlines(metrics) if metric.time),
            )
            for device, metrics in self._found
        ]
        return [Table("devices", "", columns, rows, by_word(TONES), empty=_("There are no devices here."))]

    def table(self) -> Table:
        columns = [
            Column("device_id", _("Device ID")),
            Column("device", _("Name")),
            Column("type", _("Type")),
            Column("project", _("Project")),
            Column("location", _("Location")),
            Column("presence", _("Presence"), Form.STATE),
            Column("last_message", _("Last message"), Form.TIME),
            Column("percent", _("Available"), Form.NUMBER, "%"),
            Column("alerts", _("Alerts"), Form.NUMBER),
        ]
        return Table("every_device", _("Devices"), columns, self._rows)

    def _rows(self) -> Iterator[Row]:
        fires = dict(
            self._raised.order_by().values_list("device").annotate(count=Count("pk")).filter(device__isnull=False)
        )
        for device, _metrics in self._found:
            yield (
                device.device_id,
                device.name,
                device.device_type.slug if device.device_type else "",
                device.project.slug,
                device.location,
                device.presence,
                device.last_message,
                self._shares[device.pk],
                fires.get(device.pk, 0),
            )

    @cached_property
    def _found(self) -> list[tuple[Device, list[Shown]]]:
        return with_metrics(self.asked.devices.order_by("name", "device_id"))

    @cached_property
    def _shares(self) -> dict[int, float | None]:
        start, end = self.asked.start, self.asked.end
        return {device.pk: availability(spans_in(device, start, end), start).percent for device, _ in self._found}

    @property
    def _every(self) -> AlertQuerySet:
        return Alert.objects.visible_to(self.asked.user).filter(device__in=[device for device, _ in self._found])

    @property
    def _raised(self) -> AlertQuerySet:
        return self._every.filter(event_time__gte=self.asked.start, event_time__lt=self.asked.end)

    @cached_property
    def _pattern(self) -> Patterns:
        return patterns(self._every, self.asked.start, self.asked.end, self.asked.zone)


def _tone(presence: Presence, counts: Counter[str]) -> Tone:
    return TONES[presence] if counts[presence] else Tone.NONE


def _type_of(device: Device) -> str:
    return str(device.device_type or _("No type"))


def _words(metric: Shown) -> str:
    return f"{in_words(metric.latest, UTC, metric.precision)} {metric.unit}".rstrip()
