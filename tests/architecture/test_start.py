"""What a process loads before it does anything, for every process of the portal pays for it."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.once

AS_A_WORKER = """
import sys
from iotsphere.celery import app, refuse_wrong_settings
app.loader.import_default_modules()
refuse_wrong_settings()
print("telemetry.ingest" in sys.modules, "unfold.admin" in sys.modules, "iotsphere.urls" in sys.modules)
"""


def test_a_worker_does_not_load_the_pages() -> None:
    worker = subprocess.run([sys.executable, "-c", AS_A_WORKER], capture_output=True, check=True, text=True)
    assert worker.stdout.split() == ["True", "False", "False"]
