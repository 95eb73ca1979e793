"""Makes rows for tests: each with what it must have, and names that do not collide."""

from datetime import UTC, datetime
from typing import Any

import factory
from factory.django import DjangoModelFactory

from devices.models import Device, DeviceType, Membership, MetricDefinition, Project
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

    username = factory.Sequence(lambda n: f"user-{n}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.com")

    @classmethod
    def _create(cls, model_class: type[User], *args: Any, **kwargs: Any) -> User:
        return model_class.objects.create_user(*args, **{"password": PASSWORD, **kwargs})


class ProjectFactory(DjangoModelFactory[Project]):
    class Meta:
        model = Project

    name = factory.Sequence(lambda n: f"Project {n}")
    slug = factory.Sequence(lambda n: f"project-{n}")


class MembershipFactory(DjangoModelFactory[Membership]):
    class Meta:
        model = Membership

    user = factory.SubFactory(UserFactory)
    project = factory.SubFactory(ProjectFactory)
    role = Role.VIEWER


class DeviceTypeFactory(DjangoModelFactory[DeviceType]):
    class Meta:
        model = DeviceType

    name = factory.Sequence(lambda n: f"Type {n}")
    slug = factory.Sequence(lambda n: f"type-{n}")


class MetricDefinitionFactory(DjangoModelFactory[MetricDefinition]):
    class Meta:
        model = MetricDefinition

    device_type = factory.SubFactory(DeviceTypeFactory)
    key = "temperature"
    label = factory.LazyAttribute(lambda definition: definition.key.replace("_", " ").capitalize())


class DeviceFactory(DjangoModelFactory[Device]):
    """A device without a type in a project of its own, unless told otherwise."""

    class Meta:
        model = Device

    device_id = factory.Sequence(lambda n: f"device-{n}")
    name = factory.LazyAttribute(lambda device: device.device_id)
    project = factory.SubFactory(ProjectFactory)


class MetricFactory(DjangoModelFactory[Metric]):
    class Meta:
        model = Metric

    device = factory.SubFactory(DeviceFactory)
    key = "temperature"
    label = factory.LazyAttribute(lambda metric: metric.key.replace("_", " ").capitalize())


class ReadingFactory(DjangoModelFactory[Reading]):
    class Meta:
        model = Reading

    metric = factory.SubFactory(MetricFactory)
    time = NOON
    value = 20.0
