#!/usr/bin/env python
import os
import sys


def main() -> None:
    if sys.argv[1:] == ["run"]:
        # It makes the secret key without which the settings do not load, and stays small for not loading them.
        from iotsphere.supervisor.main import run

        sys.exit(run())
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "iotsphere.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
