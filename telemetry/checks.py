from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.utils.module_loading import import_string


@register("iotsphere")
def what_is_named_imports(**_: Any) -> list[CheckMessage]:
    """Every entry of INGEST_EVALUATORS and LIVE_TOPICS names something that can be imported."""
    errors: list[CheckMessage] = []
    for name in ("INGEST_EVALUATORS", "LIVE_TOPICS"):
        for path in getattr(settings, name):
            try:
                import_string(path)
            except ImportError as error:
                errors.append(Error(f"{name}: {path!r} cannot be imported: {error}", id="telemetry.E001"))
    return errors


@register("iotsphere")
def group_can_be_subscribed_to(**_: Any) -> list[CheckMessage]:
    """INGEST_GROUP can stand between two slashes of a shared subscription."""
    if settings.INGEST_GROUP and not set("/+#") & set(settings.INGEST_GROUP):
        return []
    return [Error("INGEST_GROUP must be a name without /, + and #.", id="telemetry.E002")]
