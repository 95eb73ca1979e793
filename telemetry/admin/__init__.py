from telemetry.admin import ledger, metric, quarantine, rejected, retention  # noqa: F401 (they register themselves)
