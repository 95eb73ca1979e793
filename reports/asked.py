"""A report that can be made: who wants which kind, of what and over which time."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from devices.models import Device, Project
from devices.models.device import DeviceQuerySet
from devices.permissions import AnyUser
from mlmonitor.models import MonitoredModel
from mlmonitor.models.model import MonitoredModelQuerySet

RAW = "raw"


@dataclass(frozen=True, slots=True)
class Asked:
    """Everything in it is visible to `user`. Of projects, devices and models it means all if none is named.

    `said` is what was asked for, as JSON can hold it: reports.question.read() makes the same of it at any later time,
    and finds the stretch that `range` then means.
    """

    kind: str
    user: AnyUser
    said: dict[str, Any]
    start: datetime
    end: datetime
    now: datetime
    zone: ZoneInfo
    projects: tuple[Project, ...]
    device_ids: tuple[str, ...]
    model_keys: tuple[str, ...]
    sections: tuple[str, ...]
    resolution: str  # raw or an interval
    title: str
    language: str
    page_size: str
    bom: bool
    # Of the project's letterhead, for the cover.
    organisation: str = ""
    logo: bytes | None = None  # PNG or JPEG

    @property
    def length(self) -> timedelta:
        return self.end - self.start

    @property
    def project(self) -> Project | None:
        """The one it is about, if it is about one."""
        return self.projects[0] if len(self.projects) == 1 else None

    @property
    def devices(self) -> DeviceQuerySet:
        """Those it is about, as far as the person may see them now."""
        devices = Device.objects.visible_to(self.user).select_related("project", "device_type")
        if self.projects:
            devices = devices.filter(project__in=self.projects)
        return devices.filter(device_id__in=self.device_ids) if self.device_ids else devices.in_service()

    @property
    def models(self) -> MonitoredModelQuerySet:
        models = MonitoredModel.objects.visible_to(self.user).select_related("project").order_by("name", "pk")
        if self.projects:
            models = models.filter(project__in=self.projects)
        return models.filter(key__in=self.model_keys) if self.model_keys else models.active()
