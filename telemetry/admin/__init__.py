from telemetry.admin import ledger, metric, quarantine, rejected  # noqa: F401 (they register themselves)
