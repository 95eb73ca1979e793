from iotsphere.admin import people, schedules, sign_in  # noqa: F401 (they register themselves)
