"""A page's scripts stay small: what a phone in a cellar has to fetch."""

import gzip
import re
from pathlib import Path

import pytest

from telemetry.charts import SCRIPTS
from tests.architecture.house import ROOT

pytestmark = pytest.mark.once

JS = Path(ROOT, "static/js")
IMPORT = re.compile(r"""(?:from|import)\s*\(?\s*"(\.[^"]+\.js)\"""")
MOST = 150_000  # bytes, packed


def reached_from(*files: str) -> set[Path]:
    """The modules that these import, at once or later, and those that those do."""
    found: set[Path] = set()
    waiting = [JS / file for file in files]
    while waiting:
        module = waiting.pop().resolve()
        if module not in found:
            found.add(module)
            waiting += [module.parent / name for name in IMPORT.findall(module.read_text())]
    return found


def test_all_scripts_of_a_device_page_take_at_most_150_kilobytes() -> None:
    modules = reached_from("page.js", "device.js")
    assert {"history-chart.js", "connection.js", "live-socket.js"} <= {module.name for module in modules}
    vendor = {
        Path(ROOT, "node_modules", package, "dist", file) for package, _, file in (s.partition("/") for s in SCRIPTS)
    }
    assert sum(len(gzip.compress(file.read_bytes())) for file in modules | vendor) <= MOST
