from mlmonitor.admin import check, data, foretelling, model, threshold  # noqa: F401 (they register themselves)
