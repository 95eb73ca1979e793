"""How models stand: what the last check of each one's champion found."""

from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery

from mlmonitor.models import Alias, DriftCheck, ModelVersion
from mlmonitor.statistics.drift import Verdict


def with_champion(models: QuerySet[Any]) -> QuerySet[Any]:
    """Each with its champion's name, and the last verdicts on its data and on the concept."""
    champion = ModelVersion.objects.filter(model=OuterRef("pk"), alias=Alias.CHAMPION)
    of_champion = DriftCheck.objects.whole().filter(version__model=OuterRef("pk"), version__alias=Alias.CHAMPION)
    last = of_champion.order_by("-end")
    return models.annotate(
        champion_name=Subquery(champion.values("name")[:1]),
        last_verdict=Subquery(last.values("verdict")[:1]),
        last_concept=Subquery(last.values("concept")[:1]),
    )


def drifting(models: QuerySet[Any]) -> QuerySet[Any]:
    """Of those `with_champion`: where data or concept have drifted."""
    return models.filter(Q(last_verdict=Verdict.DRIFT) | Q(last_concept=Verdict.DRIFT))
