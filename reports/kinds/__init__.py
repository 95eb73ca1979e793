"""The kinds of reports, one file for each concept. A new one is a class of its own, and a name here."""

from reports.kinds.alerts import Alerts
from reports.kinds.availability import Availability
from reports.kinds.device import DeviceReport
from reports.kinds.fleet import Fleet
from reports.kinds.ingestion import Ingestion
from reports.kinds.kind import Kind as Kind
from reports.kinds.kind import Progress as Progress
from reports.kinds.models import FullModel, ModelAlerts, ModelDrift, ModelPerformance
from reports.kinds.servers import Servers

EVERY: tuple[type[Kind], ...] = (
    Fleet,
    DeviceReport,
    Servers,
    Alerts,
    Availability,
    Ingestion,
    ModelPerformance,
    ModelDrift,
    ModelAlerts,
    FullModel,
)
KINDS: dict[str, type[Kind]] = {kind.name: kind for kind in EVERY}
