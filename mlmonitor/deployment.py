"""Which version answers to an alias, and since when."""

from datetime import datetime

from django.db import transaction

from devices.audit import record
from devices.permissions import AnyUser
from mlmonitor.ingest import take_turn
from mlmonitor.models import Deployment, ModelStatus, ModelVersion, MonitoredModel


def promote(version: ModelVersion, alias: str, by: "AnyUser | None", at: datetime) -> bool:
    """Give the version the alias, which another may hold; False if it has it. Its deployment history says so."""
    with transaction.atomic():
        take_turn(version.model)
        version.refresh_from_db(fields=["alias"])
        if version.alias == alias:
            return False
        holders = ModelVersion.objects.filter(model=version.model_id, alias=alias)
        retired = [*holders, version]
        Deployment.objects.filter(version__in=retired, retired_at=None).update(retired_at=at)
        holders.update(alias="")
        version.alias = alias
        version.save(update_fields=["alias"])
        name = by.get_username() if by else ""
        Deployment.objects.create(version=version, alias=alias, deployed_at=at, by=name)
        record(by, "model.promoted", version, project=version.model.project, alias=alias)
    return True


def archive(model: MonitoredModel, by: "AnyUser | None") -> bool:
    """Stop checking it; what is known of it stays."""
    return _become(model, ModelStatus.ARCHIVED, "model.archived", by)


def activate(model: MonitoredModel, by: "AnyUser | None") -> bool:
    return _become(model, ModelStatus.ACTIVE, "model.activated", by)


def _become(model: MonitoredModel, status: ModelStatus, action: str, by: "AnyUser | None") -> bool:
    if model.status == status:
        return False
    with transaction.atomic():
        model.status = status
        model.save(update_fields=["status"])
        record(by, action, model, project=model.project)
    return True
