import csv
from collections.abc import Mapping
from datetime import datetime
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

from rest_framework.renderers import BaseRenderer

from devices.spreadsheet import harmless


class CSVRenderer(BaseRenderer):
    """A history as a table: a row per time, a column per metric, times on the clocks of the project."""

    media_type = "text/csv"
    format = "csv"

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> str:
        zone, series = ZoneInfo(data["time_zone"]), data["series"]
        columns = [{time: value for time, value, *_ in one["points"]} for one in series.values()]
        table = StringIO()
        rows = csv.writer(table)
        rows.writerow(["time", *(harmless(_heading(key, one)) for key, one in series.items())])
        for time in sorted(set().union(*columns)):
            when = datetime.fromtimestamp(time / 1000, zone)
            rows.writerow([when.isoformat(), *(harmless(column.get(time, "")) for column in columns)])
        return table.getvalue()


def _heading(key: str, series: Mapping[str, Any]) -> str:
    return f"{series['label'] or key} ({series['unit']})" if series["unit"] else series["label"] or key
