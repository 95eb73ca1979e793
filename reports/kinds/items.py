"""What came in, in items, from the ledger: sums for a report's time, and day by day."""

from collections import defaultdict
from datetime import date, timedelta

from django.db.models import Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reports.asked import Asked
from reports.documents import Block, Chart, Drawn, Missing, Series, Tone
from reports.kinds.days import days_of, midnight
from telemetry.models import LedgerHour
from telemetry.models.ledger import LedgerQuerySet

DAY = timedelta(days=1)
FATES = {
    "stored": gettext_lazy("Stored"),
    "duplicate": gettext_lazy("Came twice"),
    "rejected": gettext_lazy("Rejected"),
    "quarantined": gettext_lazy("Quarantined"),
}


def pages(asked: Asked) -> LedgerQuerySet:
    """The ledger's pages of the report's time that the person may see: those of unknown devices are the platform's."""
    found: LedgerQuerySet = LedgerHour.objects.visible_to(asked.user).filter(hour__gte=asked.start, hour__lt=asked.end)
    if asked.projects:
        found = found.filter(device__project__in=asked.projects)
    return found.filter(device__device_id__in=asked.device_ids) if asked.device_ids else found


def totals(asked: Asked) -> dict[str, int]:
    names = ("received", *FATES, "late")
    return pages(asked).aggregate(**{name: Sum(name, default=0) for name in names})


def items_by_day(asked: Asked) -> list[Block]:
    """What was stored and what was not; days are those of the report's zone."""
    hours = pages(asked).order_by("hour").values_list("hour").annotate(**{f"all_{name}": Sum(name) for name in FATES})
    days: dict[date, list[int]] = defaultdict(lambda: [0] * len(FATES))
    for hour, *counts in hours:
        day = days[hour.astimezone(asked.zone).date()]
        for place, count in enumerate(counts):
            day[place] += count
    if not days:
        return [Missing(_("the ledger has no pages of this time."))]
    every = list(days_of(asked.start, asked.end, asked.zone))
    start, end = midnight(every[0], asked.zone), midnight(every[-1] + DAY, asked.zone)
    series = [
        Series(
            name,
            str(label),
            [(midnight(day, asked.zone), float(days[day][place]), None, None) for day in every],
            Drawn.BARS,
            Tone.BAD if name == "rejected" else Tone.NONE,
        )
        for place, (name, label) in enumerate(FATES.items())
    ]
    charts: list[Block] = [Chart(_("Values stored, a day"), "", start, end, series[:1], step=DAY, precision=0)]
    refused = [one for one in series[1:] if any(point[1] for point in one.points)]
    return charts + [
        Chart(_("%(what)s, a day") % {"what": one.label}, "", start, end, [one], step=DAY, precision=0, from_zero=True)
        for one in refused
    ]
