"""The rooms of the house, in the one direction of its imports."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
APPS = ["devices", "telemetry", "alerts", "mlmonitor", "reports", "iotsphere"]
