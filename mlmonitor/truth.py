"""Take in what really happened: before its prediction, after it, or again."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from mlmonitor.ingest import hour_of, mark_dirty, take_turn
from mlmonitor.models import GroundTruth, MonitoredModel, Prediction
from mlmonitor.rows import Refused, Rejected, Truth, read_truth


@dataclass(frozen=True, slots=True)
class Told:
    """received = joined + held + revised + unchanged + rejected."""

    received: int
    joined: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)  # until the prediction comes
    revised: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)


def take_truth(model: MonitoredModel, said: Sequence[Any], now: datetime) -> Told:
    """Store outcomes by their predictions' keys, and mark the hours they are of. Of two with a key the last counts."""
    told = Told(len(said))
    outcomes: dict[str, Truth] = {}
    for index, one in enumerate(said):
        try:
            truth = read_truth(one, model.classifies)
        except Refused as error:
            key = str(one.get("id", ""))[:100] if isinstance(one, dict) else ""
            told.rejected.append(Rejected(index, key, str(error)))
            continue
        if truth.key in outcomes:
            told.unchanged.append(truth.key)
        outcomes[truth.key] = truth
    with transaction.atomic():
        take_turn(model)
        before = {
            truth.key: truth for truth in GroundTruth.objects.filter(model=model, key__among=outcomes).only(
                "key", "label", "value", "revision"
            )
        }  # fmt: skip
        places = {
            key: (version, hour_of(time), segment)
            for key, version, time, segment in Prediction.objects.filter(model=model, key__among=outcomes).values_list(
                "key", "version_id", "time", "segment"
            )
        }
        changed = []
        for key, truth in outcomes.items():
            old = before.get(key)
            if old is not None and (old.label, old.value) == (truth.label, truth.value):
                told.unchanged.append(key)
                continue
            changed.append(
                GroundTruth(
                    model=model,
                    key=key,
                    label=truth.label,
                    value=truth.value,
                    received_at=now,
                    revision=old.revision + 1 if old else 1,
                )
            )
            (told.revised if old else told.joined if key in places else told.held).append(key)
        GroundTruth.objects.bulk_create(
            changed,
            batch_size=1_000,
            update_conflicts=True,
            unique_fields=["model", "key"],
            update_fields=["label", "value", "received_at", "revision"],
        )
        mark_dirty(places[truth.key] for truth in changed if truth.key in places)
    return told
