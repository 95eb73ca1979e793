"""Who may publish what by hand, and the note of it in the audit log."""

from typing import NamedTuple

from devices import topics
from devices.audit import record
from devices.console.brokers import ListedBroker
from devices.models import Device, Project
from devices.permissions import AnyUser, Permission, may


class Publication(NamedTuple):
    topic: str
    payload: bytes
    qos: int
    retain: bool


class NotAllowed(Exception):
    """The text is for whoever tried."""


def authorise(by: AnyUser, listed: ListedBroker, publication: Publication) -> None:
    """Note that `by` is about to publish. Raises NotAllowed, which is noted as well, if they may not.

    On the portal's own broker topics of devices are their project's, and all others the superusers'.
    """
    project = _project_of(listed, publication.topic)
    allowed = _may(by, listed, project)
    record(
        by,
        "message.published" if allowed else "message.refused",
        publication.topic,
        project=project,
        broker=listed.name,
        qos=publication.qos,
        retain=publication.retain,
        bytes=len(publication.payload),
    )
    if not allowed:
        raise NotAllowed(f"You may not publish to {publication.topic}: operators of the device's project may.")


def _project_of(listed: ListedBroker, topic: str) -> Project | None:
    if not listed.is_own:
        return Project.objects.filter(slug=listed.project).first() if listed.project else None
    device_id = topics.device_of(topic)
    device = Device.objects.filter(device_id=device_id).select_related("project").first() if device_id else None
    return device.project if device else None


def _may(by: AnyUser, listed: ListedBroker, project: Project | None) -> bool:
    if project is not None:
        return may(by, Permission.PUBLISH_MQTT, project)
    if getattr(by, "is_superuser", False):
        return True
    is_everybodys = not listed.is_own and not listed.project
    return is_everybodys and Project.objects.where_user_may(by, Permission.PUBLISH_MQTT).exists()
