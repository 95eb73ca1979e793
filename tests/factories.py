"""Makes rows for tests: each with what it must have, and names that do not collide."""

from datetime import UTC, datetime
from typing import Any

from django.core.files.base import ContentFile
from factory.declarations import LazyAttribute, Sequence, SubFactory
from factory.django import DjangoModelFactory

from devices.firmware.packages import take_in
from devices.models import CommandType, Device, DeviceType, FirmwarePackage, Membership, MetricDefinition, Project
from devices.permissions import Role
from iotsphere.models import User
from telemetry.models import Metric, Reading

PASSWORD = "correct horse battery staple"
NOON = datetime(2025, 12, 19, 12, tzinfo=UTC)


class UserFactory(DjangoModelFactory[User]):
    """A person whose password is PASSWORD."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    username = Sequence(lambda n: f"user-{n}")
    email = LazyAttribute(lambda user: f"{user.username}@example.com")

    @classmethod
    def _create(cls, model_class: type[User], *args: Any, **kwargs: Any) -> User:
        return model_class.objects.create_user(*args, **{"password": PASSWORD, **kwargs})


class ProjectFactory(DjangoModelFactory[Project]):
    class Meta:
        model = Project

    name = Sequence(lambda n: f"Project {n}")
    slug = Sequence(lambda n: f"project-{n}")


class MembershipFactory(DjangoModelFactory[Membership]):
    class Meta:
        model = Membership

    user = SubFactory(UserFactory)
    project = SubFactory(ProjectFactory)
    role = Role.VIEWER


class DeviceTypeFactory(DjangoModelFactory[DeviceType]):
    class Meta:
        model = DeviceType

    name = Sequence(lambda n: f"Type {n}")
    slug = Sequence(lambda n: f"type-{n}")


class MetricDefinitionFactory(DjangoModelFactory[MetricDefinition]):
    class Meta:
        model = MetricDefinition

    device_type = SubFactory(DeviceTypeFactory)
    key = "temperature"
    label = LazyAttribute(lambda definition: definition.key.replace("_", " ").capitalize())


class CommandTypeFactory(DjangoModelFactory[CommandType]):
    class Meta:
        model = CommandType

    device_type = SubFactory(DeviceTypeFactory)
    name = "blink"
    label = LazyAttribute(lambda command: command.name.replace("_", " ").capitalize())


class DeviceFactory(DjangoModelFactory[Device]):
    """A device without a type in a project of its own, unless told otherwise."""

    class Meta:
        model = Device

    device_id = Sequence(lambda n: f"device-{n}")
    name = LazyAttribute(lambda device: device.device_id)
    project = SubFactory(ProjectFactory)


class MetricFactory(DjangoModelFactory[Metric]):
    class Meta:
        model = Metric

    device = SubFactory(DeviceFactory)
    key = "temperature"
    label = LazyAttribute(lambda metric: metric.key.replace("_", " ").capitalize())


class ReadingFactory(DjangoModelFactory[Reading]):
    class Meta:
        model = Reading

    metric = SubFactory(MetricFactory)
    time = NOON
    value = 20.0


class FirmwarePackageFactory(DjangoModelFactory[FirmwarePackage]):
    """A package as somebody uploads it."""

    class Meta:
        model = FirmwarePackage

    project = SubFactory(ProjectFactory)
    device_type = SubFactory(DeviceTypeFactory)
    version = "2.0.0"
    content = b"firmware"

    @classmethod
    def _create(cls, model_class: type[FirmwarePackage], *args: Any, **kwargs: Any) -> FirmwarePackage:
        return take_in(None, file=ContentFile(kwargs.pop("content"), "firmware.bin"), **kwargs)
