"""Thirty days of history, as the fleet would have reported them."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from iotsphere.demo.fleet import FLEET, ZONE
from iotsphere.demo.incidents import incidents_before
from iotsphere.simulator.columns import Columns
from iotsphere.simulator.household import within
from iotsphere.simulator.noise import Floats
from iotsphere.simulator.server import Server
from telemetry.agent.links import default_device_id
from telemetry.agent.sampler import Sampler

LENGTH = timedelta(days=30)
FINE = timedelta(days=2)
"""The last days are kept by the minute, those before by five minutes."""


@dataclass(frozen=True, slots=True)
class Past:
    """What one device reported: `columns` hold one value for each of `moments` (epoch seconds, rising)."""

    device_id: str
    moments: Floats
    columns: Columns

    @property
    def size(self) -> int:
        """How many readings it consists of."""
        return len(self.moments) * len(self.columns)


def moments_before(now: datetime) -> Floats:
    """Whole minutes up to `now`."""
    last = now.timestamp() // 60 * 60
    middle, first = last - FINE.total_seconds(), last - LENGTH.total_seconds()
    return np.concatenate([np.arange(first, middle, 300.0), np.arange(middle, last + 1, 60.0)])


def fleet_before(now: datetime) -> Iterator[Past]:
    """The simulated devices' past, with its incidents, one device after the other."""
    moments, incidents = moments_before(now), incidents_before(now, ZONE)
    for device in FLEET:
        columns = device.build(moments[0] - 60, incidents).advance(moments)
        heard = ~within(moments, incidents.silences.get(device.device_id, ()))
        yield Past(device.device_id, moments[heard], {key: values[heard] for key, values in columns.items()})


def this_server_before(now: datetime) -> Past:
    """An invented past of this machine that ends with what is measured now."""
    device_id, moments = default_device_id(), moments_before(now)
    measured = Sampler().numbers()
    joins = {key: measured[key] for key in ("memory", "disk", "uptime")}
    server = Server(device_id, ZONE, cores=os.cpu_count() or 1, ends_with=joins)
    return Past(device_id, moments, server.advance(moments))
