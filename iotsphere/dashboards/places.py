"""Where devices are, for the map."""

from dataclasses import dataclass
from typing import Any, Self

from django.urls import reverse

from alerts.worst import worst_of
from devices.models.device import DeviceQuerySet

MOST_SHOWN = 5_000


@dataclass(frozen=True, slots=True)
class Places:
    devices: list[dict[str, Any]]
    elsewhere: int  # of which it is not known where they are
    is_cut: bool

    @classmethod
    def of(cls, devices: DeviceQuerySet) -> Self:
        placed = devices.placed().order_by("name", "device_id")
        columns = ("pk", "device_id", "name", "latitude", "longitude", "presence", "location")
        rows = list(placed.values(*columns)[: MOST_SHOWN + 1])
        worst = worst_of(row["pk"] for row in rows)
        for row in rows:
            row["severity"] = worst.get(row.pop("pk"), "")
            row["address"] = reverse("device", args=[row["device_id"]])
        return cls(rows[:MOST_SHOWN], devices.filter(latitude__isnull=True).count(), len(rows) > MOST_SHOWN)

    def as_json(self) -> dict[str, Any]:
        return {"devices": self.devices, "elsewhere": self.elsewhere, "is_cut": self.is_cut}
