from mlmonitor.admin import check, data, model, threshold  # noqa: F401 (they register themselves)
