from iotsphere.admin import dashboards, people, schedules, sign_in  # noqa: F401 (they register themselves)
