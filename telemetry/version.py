"""Of what an answer is made, in a few letters: the same letters, the same answer.

Readings are only ever added, or dropped by retention. So how many there are says whether any has come, however late:
rollups have counted them, marks (DirtyBucket) say what they have not counted yet.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import blake2b

from django.db.models import Count, Sum

from devices.models import ValueType
from telemetry.kept import Kept, last_before
from telemetry.models import DailyRollup, DirtyBucket, Reading

LONGEST_DAY = timedelta(hours=26)


def version(every_kept: Sequence[Kept], start: datetime, end: datetime, *besides: object, former: bool) -> str:
    """Of what is stored of these metrics between two times, of the metrics themselves, and of what is given besides.

    With `former` also of the last number before.
    """
    metrics = [kept.metric for kept in every_kept]
    pks = [metric.pk for metric in metrics if metric.pk]
    marks = DirtyBucket.objects.filter(metric_id__in=pks, start__gt=start - LONGEST_DAY, start__lt=end)
    days = DailyRollup.objects.filter(metric_id__in=pks, start__gt=start - LONGEST_DAY, start__lt=end)
    facts = [
        besides,
        [(metric.pk, metric.key, metric.label, metric.unit, metric.kind, metric.day_zone) for metric in metrics],
        [kept.firsts for kept in every_kept],
        # Marks first: what is counted between the two would else be seen in neither.
        sorted(marks.values_list("metric_id").annotate(Count("start"), Sum("marks"))),
        sorted(days.values_list("metric_id").annotate(Sum("count"))),
        [_of_texts(kept, start, end) for kept in every_kept if kept.metric.value_type == ValueType.TEXT],
        [kept.former(start) for kept in every_kept if former and kept.metric.value_type != ValueType.TEXT],
    ]
    return blake2b(repr(facts).encode(), digest_size=16).hexdigest()


def _of_texts(kept: Kept, start: datetime, end: datetime) -> tuple[int, datetime | None]:
    """Texts are not rolled up: these have to be counted."""
    texts = Reading.objects.filter(metric_id=kept.metric.pk)
    before = last_before(texts, start)
    return texts.filter(time__gte=start, time__lt=end).count(), before.time if before else None
