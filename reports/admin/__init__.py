from reports.admin import delivery, run, schedule, template  # noqa: F401 (they register themselves)
