from reports.admin import delivery, letterhead, run, schedule, template  # noqa: F401 (they register themselves)
