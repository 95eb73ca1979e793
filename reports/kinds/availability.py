from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from devices.availability import KEPT, Span, availability, spans_in
from devices.availability import Availability as Share
from devices.models import Device, Presence
from reports.documents import Block, Column, Figure, Figures, Form, Missing, Row, Stretch, Strips, Table, Tone
from reports.kinds.kind import Kind
from reports.words import by_word, word
from telemetry.values import value_in_words

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

TONES = {
    Presence.ONLINE: Tone.GOOD,
    Presence.STALE: Tone.WARN,
    Presence.OFFLINE: Tone.BAD,
    Presence.UNKNOWN: Tone.QUIET,
}
STRIPS = 40
OUTAGES = 200


class Availability(Kind):
    """How much of the time devices were there."""

    name = "availability"
    label = gettext_lazy("Availability")
    description = gettext_lazy("How much of the time each device was there, when it was not, and for how long.")
    icon = "activity"
    sections: ClassVar[Mapping[str, "_StrPromise"]] = {
        "summary": gettext_lazy("Summary"),
        "timeline": gettext_lazy("When devices were there"),
        "devices": gettext_lazy("Devices"),
        "outages": gettext_lazy("Outages"),
    }
    longest = KEPT

    def seconds(self) -> float:
        return 0.3 + 0.02 * self.asked.devices.count()

    def summary(self) -> list[Block]:
        shares = [share for _, _, share in self._found]
        total = Share(*(sum(lengths, timedelta()) for lengths in zip(*shares, strict=True))) if shares else None
        known = [share.percent for share in shares if share.percent is not None]
        outages = list(self._outages())
        lengths = [(until or self.asked.end) - since for _, since, until in outages]
        figures = [
            Figure("devices", _("Devices"), len(shares)),
            Figure("availability", _("Available, all together"), total and total.percent, "%", 2),
            Figure("always", _("Never away"), sum(percent == 100 for percent in known)),
            Figure("worst", _("The worst"), min(known, default=None), "%", 2),
            Figure("outages", _("Outages"), len(outages), tone=Tone.WARN if outages else Tone.GOOD),
            Figure("longest", _("Longest outage"), max(lengths, default=None)),
        ]
        return [Figures(figures), *self._unknown()]

    def timeline(self) -> list[Block]:
        """Of many devices, those that were away most."""
        found = sorted(self._found, key=_away, reverse=True)[:STRIPS]
        rows = [(str(device), [_stretch(span) for span in spans]) for device, spans, _ in found]
        states = list(by_word(TONES).items())
        title = (
            _("The %(count)s that were away most") % {"count": STRIPS}
            if len(self._found) > STRIPS
            else _("All devices")
        )
        return [Strips(title, self.asked.start, self.asked.end, rows, states)] if rows else []

    def devices(self) -> list[Block]:
        return [self.table()]

    def outages(self) -> list[Block]:
        columns = [
            Column("device", _("Device"), share=2),
            Column("since", _("From"), Form.TIME),
            Column("until", _("To"), Form.TIME),
            Column("seconds", _("Length"), Form.SPAN),
        ]
        outages = sorted(self._outages(), key=lambda outage: outage[1], reverse=True)
        rows = [(str(device), since, until, (until or self.asked.end) - since) for device, since, until in outages]
        newest = _("The newest %(count)s of %(all)s") % {"count": OUTAGES, "all": value_in_words(len(rows))}
        title = newest if len(rows) > OUTAGES else _("Newest first")
        return [Table("outages", title, columns, rows[:OUTAGES], empty=_("No device was away."))]

    def table(self) -> Table:
        columns = [
            Column("device_id", _("Device ID"), share=1.5),
            Column("device", _("Name"), share=2),
            Column("project", _("Project"), share=1.2),
            Column("percent", _("Available"), Form.NUMBER, "%", 2),
            Column("online_seconds", _("There"), Form.SPAN),
            Column("offline_seconds", _("Away"), Form.SPAN),
            Column("unknown_seconds", _("Unknown"), Form.SPAN),
            Column("outages", _("Outages"), Form.NUMBER, precision=0, share=0.8),
        ]
        return Table("devices", _("What was away most comes first"), columns, self._rows, empty=_("No devices."))

    def _rows(self) -> Iterator[Row]:
        for device, spans, share in sorted(self._found, key=_away, reverse=True):
            outages = sum(span.presence == Presence.OFFLINE for span in spans)
            yield device.device_id, device.name, device.project.name, share.percent, *share, outages

    def _outages(self) -> Iterator[tuple[Device, datetime, datetime | None]]:
        """Each with when it was over; None while it lasts."""
        for device, spans, _share in self._found:
            for span in spans:
                if span.presence == Presence.OFFLINE:
                    yield device, span.since, None if span.until == self.asked.end else span.until

    def _unknown(self) -> list[Block]:
        silent = [str(device) for device, _, share in self._found if share.percent is None]
        if not silent:
            return []
        names = ", ".join(silent[:5])
        if len(silent) > 5:
            names = _("%(names)s and %(count)s more") % {"names": names, "count": len(silent) - 5}
        return [Missing(_("nothing is known of %(names)s in this time.") % {"names": names})]

    @cached_property
    def _found(self) -> list[tuple[Device, list[Span], Share]]:
        found = []
        for device in self.asked.devices:
            spans = spans_in(device, self.asked.start, self.asked.end)
            found.append((device, spans, availability(spans, self.asked.start)))
        return found


def _away(found: tuple[Device, list[Span], Share]) -> timedelta:
    return found[2].gone


def _stretch(span: Span) -> Stretch:
    presence = Presence(span.presence)
    return Stretch(word(presence.label), TONES[presence], span.since, span.until)
