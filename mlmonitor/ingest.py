"""Take predictions in: each once, with the profiles of the hours they are of, in one transaction.

A model's rows are taken by one process at a time, whoever else waits: that is how what is known already can be asked
first, and how an outcome that comes at the same time is not overlooked.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from django.db import connection, transaction

from devices.models import Device
from mlmonitor.models import (
    Alias,
    Baseline,
    FeatureProfile,
    ModelVersion,
    MonitoredModel,
    PerformanceBucket,
    Prediction,
    ProfileBucket,
)
from mlmonitor.profiling import profile_of, read_profile
from mlmonitor.rows import Refused, Rejected, Row, Schema, read_row, values_by_feature

HOUR = timedelta(hours=1)
COLUMNS = (
    "model_id", "version_id", "device_id", "key", "time", "received_at", "label", "value", "score", "segment",
    "features",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of each row. received = stored + duplicate + rejected."""

    received: int
    stored: list[str] = field(default_factory=list)
    duplicate: list[str] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)


def hour_of(time: datetime) -> datetime:
    return time.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def schemas_of(versions: Iterable[ModelVersion], model: MonitoredModel) -> dict[str, Schema]:
    """How rows of each version look; features have to be prefetched."""
    return {
        version.name: Schema({feature.key: feature.kind for feature in version.features.all()}, model.classifies)
        for version in versions
    }


def schema_of(version: ModelVersion) -> Schema:
    return schemas_of([version], version.model)[version.name]


def take_predictions(model: MonitoredModel, said: Sequence[Any], now: datetime, *, usual: str = "") -> Taken:
    """Store what is new of these rows. `usual` is the version of rows that name none; else it is the champion."""
    versions = {version.name: version for version in model.versions.prefetch_related("features")}
    champion = next((version.name for version in versions.values() if version.alias == Alias.CHAMPION), "")
    read, rejected = _read(said, schemas_of(versions.values(), model), usual or champion, now)
    rows, unknown = _of_known_devices(model, read)
    with transaction.atomic():
        take_turn(model)
        known = set(
            Prediction.objects.filter(model=model, key__among=[row.key for row, _ in rows]).values_list(
                "key", flat=True
            )
        )
        new: dict[str, tuple[Row, int | None]] = {}
        duplicate = []
        for row, device in rows:
            if row.key in known or row.key in new:
                duplicate.append(row.key)
            else:
                new[row.key] = (row, device)
        if new:
            _store(model, versions, new.values(), now)
            by_version = defaultdict(list)
            for row, _ in new.values():
                by_version[row.version].append(row)
            for name, of_version in by_version.items():
                _profile(versions[name], of_version, model)
                mark_dirty((versions[name].pk, hour_of(row.time), row.segment) for row in of_version)
    return Taken(len(said), list(new), duplicate, sorted([*rejected, *unknown]))


def mark_dirty(places: Iterable[tuple[int, datetime, str]]) -> None:
    """These hours' performance has to be made anew."""
    buckets = [
        PerformanceBucket(version_id=version, hour=hour, segment=segment)
        for version, hour, segment in sorted(set(places))
    ]
    PerformanceBucket.objects.bulk_create(
        buckets,
        update_conflicts=True,
        unique_fields=["version", "hour", "segment"],
        update_fields=["is_dirty"],
    )


def take_turn(model: MonitoredModel) -> None:
    """Wait until nobody else takes in what concerns the model; until the transaction ends it is ours."""
    MonitoredModel.objects.select_for_update().only("pk").get(pk=model.pk)


def add_profiles(baseline: Baseline, profiles: Mapping[tuple[datetime, str, str], Any]) -> None:
    """Add to the buckets of (hour, segment, feature)."""
    hours = {hour for hour, _, _ in profiles}
    kept = ProfileBucket.objects.filter(baseline=baseline, hour__in=hours).values_list(
        "hour", "segment", "feature", "profile"
    )
    before = {(hour, segment, feature): said for hour, segment, feature, said in kept}
    rows = [
        ProfileBucket(
            baseline=baseline,
            hour=place[0],
            segment=place[1],
            feature=place[2],
            profile=(profile + read_profile(before[place]) if place in before else profile).as_json(),
        )
        for place, profile in profiles.items()
    ]
    ProfileBucket.objects.bulk_create(
        rows,
        batch_size=500,
        update_conflicts=True,
        unique_fields=["baseline", "hour", "segment", "feature"],
        update_fields=["profile"],
    )


def profiles_by_hour(
    stored: Mapping[str, FeatureProfile], rows: Iterable[Row], schema: Schema
) -> dict[tuple[datetime, str, str], Any]:
    """The profile of each feature in each (hour, segment) that the rows are of."""
    groups: dict[tuple[datetime, str], list[Row]] = defaultdict(list)
    for row in rows:
        groups[hour_of(row.time), row.segment].append(row)
    return {
        (hour, segment, feature): profile_of(stored[feature], values)
        for (hour, segment), of_group in groups.items()
        for feature, values in values_by_feature(of_group, schema).items()
        if feature in stored
    }


def _read(
    said: Sequence[Any], schemas: Mapping[str, Schema], usual: str, now: datetime
) -> tuple[list[Row], list[Rejected]]:
    rows, rejected = [], []
    for index, one in enumerate(said):
        try:
            rows.append(read_row(one, index, schemas, usual, now))
        except Refused as error:
            rejected.append(Rejected(index, _key_of(one), str(error)))
    return rows, rejected


def _key_of(said: Any) -> str:
    return str(said.get("id", ""))[:100] if isinstance(said, Mapping) else ""


def _of_known_devices(
    model: MonitoredModel, rows: Sequence[Row]
) -> tuple[list[tuple[Row, int | None]], list[Rejected]]:
    names = {row.device for row in rows if row.device}
    devices = dict(Device.objects.filter(project=model.project_id, device_id__in=names).values_list("device_id", "pk"))
    kept = [(row, devices.get(row.device)) for row in rows if not row.device or row.device in devices]
    rejected = [
        Rejected(row.index, row.key, f"The project has no device {row.device[:64]!r}.")
        for row in rows
        if row.device and row.device not in devices
    ]
    return kept, rejected


def _profile(version: ModelVersion, rows: Sequence[Row], model: MonitoredModel) -> None:
    """Into the newest baseline's bins; without a baseline the rows wait for one (mlmonitor.baselines)."""
    baseline = version.baselines.order_by("-pk").first()
    if baseline is None:
        return
    stored = baseline.profiles_of()
    schema = schema_of(version)
    add_profiles(baseline, profiles_by_hour(stored, rows, schema))


def _store(
    model: MonitoredModel,
    versions: Mapping[str, ModelVersion],
    rows: Iterable[tuple[Row, int | None]],
    now: datetime,
) -> None:
    tuples = (
        (
            model.pk, versions[row.version].pk, device, row.key, row.time, now, row.label, row.value, row.score,
            row.segment, orjson.dumps(row.features).decode() if row.features else None,
        )
        for row, device in rows
    )  # fmt: skip
    table = Prediction._meta.db_table
    names = ", ".join(COLUMNS)
    if connection.vendor == "postgresql":
        with (
            connection.cursor() as cursor,
            connection.wrap_database_errors,
            cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy,
        ):
            for values in tuples:
                copy.write_row(values)
        return
    places = ", ".join(["?"] * len(COLUMNS))
    with connection.wrap_database_errors:
        connection.ensure_connection()
        connection.connection.cursor().executemany(
            f"INSERT INTO {table} ({names}) VALUES ({places})",  # noqa: S608 (names of our own)
            ((*values[:4], _as_text(values[4]), _as_text(values[5]), *values[6:]) for values in tuples),
        )


def _as_text(time: datetime) -> str:
    """What Django's SQLite backend makes of a time: UTC, without its zone."""
    return str(time.astimezone(UTC).replace(tzinfo=None))
