"""Raw features are kept for as long as their model says; their profiles stay."""

from datetime import datetime, timedelta

from mlmonitor.models import MonitoredModel, Prediction


def forget_features(now: datetime) -> int:
    """How many predictions lost theirs."""
    forgotten = 0
    for model in MonitoredModel.objects.all():
        oldest = now - timedelta(days=model.keep_features_days)
        kept = Prediction.objects.filter(version__model=model, time__lt=oldest).filter(features__isnull=False)
        forgotten += kept.update(features=None)
    return forgotten
