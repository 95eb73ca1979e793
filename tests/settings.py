"""The portal's own settings, with what makes a suite fast and its parts find the test database."""

import os

os.environ.setdefault("SECRET_KEY", "for the tests alone, and long enough to sign tokens with")

from iotsphere.settings import *  # noqa: F403
from iotsphere.settings import DATABASES

# Every client of a test builds the middleware anew: files are looked up when asked for, not listed each time.
WHITENOISE_AUTOREFRESH = True

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# On SQLite a file, not memory: the processes that live tests start open the same database.
DATABASES["default"]["TEST"] = {"NAME": f"{DATABASES['default']['NAME']}_of_tests"}
