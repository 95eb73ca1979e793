from mlmonitor.models.baseline import Baseline, BaselineKind, FeatureProfile
from mlmonitor.models.bucket import PerformanceBucket, ProfileBucket
from mlmonitor.models.check import DriftCheck, FeatureDrift
from mlmonitor.models.foretelling import (
    Forecast,
    ForecastState,
    HealthIndicator,
    Measure,
    ServiceRecord,
    Urgency,
)
from mlmonitor.models.model import Averaging, ModelStatus, MonitoredModel, Task
from mlmonitor.models.prediction import GroundTruth, Prediction
from mlmonitor.models.threshold import MonitorThreshold
from mlmonitor.models.version import Alias, Deployment, Feature, FeatureKind, ModelVersion

__all__ = [
    "Alias",
    "Averaging",
    "Baseline",
    "BaselineKind",
    "Deployment",
    "DriftCheck",
    "Feature",
    "FeatureDrift",
    "FeatureKind",
    "FeatureProfile",
    "Forecast",
    "ForecastState",
    "GroundTruth",
    "HealthIndicator",
    "Measure",
    "ModelStatus",
    "ModelVersion",
    "MonitorThreshold",
    "MonitoredModel",
    "PerformanceBucket",
    "Prediction",
    "ProfileBucket",
    "ServiceRecord",
    "Task",
    "Urgency",
]
