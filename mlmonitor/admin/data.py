from django.contrib import admin
from unfold.contrib.filters.admin import RangeDateTimeFilter

from devices.admin.filters import ProjectFilter
from devices.admin.page import EndlessPage, Rows
from devices.admin.scope import ProjectScoped, ReadOnly
from devices.permissions import Permission
from mlmonitor.models import Baseline, FeatureProfile, GroundTruth, PerformanceBucket, Prediction, ProfileBucket


class FeatureProfileInline(ReadOnly, ProjectScoped, Rows):
    permission = Permission.MANAGE_MODELS
    model = FeatureProfile
    fields = ["feature", "kind"]
    readonly_fields = ["feature", "kind"]


@admin.register(Baseline)
class BaselineAdmin(ReadOnly, ProjectScoped, EndlessPage):
    """Baselines are made of rows (REST) or of a window (on a version's page), and never changed."""

    permission = Permission.MANAGE_MODELS
    inlines = [FeatureProfileInline]
    list_display = ["version", "kind", "rows", "start", "end", "created_at", "created_by"]
    list_filter = [("created_at", RangeDateTimeFilter), ("version__model__project", ProjectFilter)]
    list_select_related = ["version__model", "created_by"]
    search_fields = ["version__name", "version__model__name"]
    nothing = "No baselines yet"
    nothing_help = "Without one nothing can be compared: open a version and make a baseline from a window."


@admin.register(Prediction)
class PredictionAdmin(ReadOnly, ProjectScoped, EndlessPage):
    permission = Permission.MANAGE_MODELS
    list_display = ["time", "key", "version", "device", "label", "value", "score", "segment"]
    list_filter = [("time", RangeDateTimeFilter), ("model__project", ProjectFilter)]
    list_select_related = ["version__model", "device"]
    search_fields = ["key"]
    nothing = "No predictions yet"
    nothing_help = "They come by REST: POST /api/v1/models/{key}/predictions/."


@admin.register(GroundTruth)
class GroundTruthAdmin(ReadOnly, ProjectScoped, EndlessPage):
    permission = Permission.MANAGE_MODELS
    list_display = ["received_at", "key", "model", "label", "value", "revision"]
    list_filter = [("received_at", RangeDateTimeFilter), ("model__project", ProjectFilter)]
    list_select_related = ["model"]
    search_fields = ["key"]
    nothing = "No outcomes yet"
    nothing_help = "They come by REST: POST /api/v1/models/{key}/ground-truth/."


@admin.register(ProfileBucket)
class ProfileBucketAdmin(ReadOnly, ProjectScoped, EndlessPage):
    permission = Permission.MANAGE_MODELS
    list_display = ["hour", "feature", "segment", "baseline"]
    list_filter = [("hour", RangeDateTimeFilter), ("baseline__version__model__project", ProjectFilter)]
    list_select_related = ["baseline__version__model"]
    search_fields = ["feature"]
    ordering = ["-hour"]
    nothing = "No profiles yet"
    nothing_help = "They are made of predictions, in the bins of a baseline."


@admin.register(PerformanceBucket)
class PerformanceBucketAdmin(ReadOnly, ProjectScoped, EndlessPage):
    permission = Permission.MANAGE_MODELS
    list_display = ["hour", "version", "segment", "predicted", "labelled", "is_dirty"]
    list_filter = [("hour", RangeDateTimeFilter), ("version__model__project", ProjectFilter)]
    list_select_related = ["version__model"]
    search_fields = ["version__model__name"]
    ordering = ["-hour"]
    nothing = "No performance yet"
    nothing_help = "It is made of predictions and their outcomes."
