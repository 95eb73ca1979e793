"""The kinds of reports, one file each. A new one is a class in a file of its own, and a line here."""

from reports.kinds.availability import Availability
from reports.kinds.kind import Kind as Kind
from reports.kinds.kind import Progress as Progress

KINDS: dict[str, type[Kind]] = {kind.name: kind for kind in (Availability,)}
