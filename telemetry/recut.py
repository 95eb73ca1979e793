"""Cut daily rollups anew where days begin at another time since their project moved to another time zone.

Until a metric's turn has come its days stay as they are (Metric.day_zone), and whoever needs them cut otherwise takes
hours or five minutes (telemetry.kept). Days further back than hours reach cannot be cut anew: they keep their figures
and their date.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, tzinfo
from zoneinfo import ZoneInfo

from django.db.models import F, Sum

from telemetry.models import DailyRollup, FiveMinuteRollup, HourlyRollup, Metric
from telemetry.rollups import FIVE_MINUTES, HOUR, Bucket, day, floor, fold, hold, turn


def recut() -> int:
    """Bring daily rollups to the zones of their projects, one metric a transaction; how many metrics that were."""
    done, last = 0, 0
    outdated = Metric.objects.exclude(day_zone="").exclude(day_zone=F("device__project__time_zone")).order_by("pk")
    while True:
        with turn() as mine:
            rows = outdated.filter(pk__gt=last).values_list("pk", "day_zone", "device__project__time_zone")
            if not mine or (row := rows.first()) is None:
                return done
            last, former, zone = row
            if hold([last]):
                recut_metric(last, ZoneInfo(former), ZoneInfo(str(zone)))
                Metric.objects.filter(pk=last).update(day_zone=str(zone))
                done += 1


def recut_metric(metric_id: int, former: tzinfo, zone: tzinfo) -> None:
    days = DailyRollup.objects.filter(metric_id=metric_id)
    hours = list(HourlyRollup.objects.filter(metric_id=metric_id).order_by("start").values_list("start", flat=True))
    out_of_reach = _out_of_reach(metric_id, hours, former)
    days.delete()
    for on, rollup in out_of_reach.items():
        rollup.start = datetime.combine(on, time.min, zone)
    DailyRollup.objects.bulk_create(out_of_reach.values())
    # An hour may begin on one day and end on the next.
    cut = {day(at, zone) for hour in hours for at in (hour, hour + HOUR - FIVE_MINUTES)}
    buckets = [Bucket(metric_id, *one) for one in cut if one[0].astimezone(zone).date() not in out_of_reach]
    from_fives = _reach_of_fives(metric_id, hours)
    fold([bucket for bucket in buckets if bucket.start >= from_fives], DailyRollup, FiveMinuteRollup)
    fold([bucket for bucket in buckets if bucket.start < from_fives], DailyRollup, HourlyRollup)


def _out_of_reach(metric_id: int, hours: Sequence[datetime], former: tzinfo) -> dict[date, DailyRollup]:
    """By their dates the days of which hours are missing."""
    days = DailyRollup.objects.filter(metric_id=metric_id)
    if hours:
        start, end = day(hours[0], former)
        kept = HourlyRollup.objects.filter(metric_id=metric_id, start__gte=start, start__lt=end)
        first = days.filter(start=start, count__gt=kept.aggregate(Sum("count", default=0))["count__sum"])
        days = days.filter(start__lt=start) | first
    return {rollup.start.astimezone(former).date(): rollup for rollup in days}


def _reach_of_fives(metric_id: int, hours: Sequence[datetime]) -> datetime:
    """From when on five minutes may be asked: from the beginning, if they reach back as far as the hours do."""
    fives = FiveMinuteRollup.objects.filter(metric_id=metric_id).order_by("start")
    first = fives.values_list("start", flat=True).first()
    if first is None or not hours:
        return datetime.max.replace(tzinfo=UTC)
    return datetime.min.replace(tzinfo=UTC) if floor(first, HOUR) <= hours[0] else first
