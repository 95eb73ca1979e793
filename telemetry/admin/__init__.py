from telemetry.admin import evaluation, ledger, metric, quarantine, rejected, retention  # noqa: F401 (they register themselves)
