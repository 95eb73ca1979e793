import sys

from telemetry.agent.command import main

sys.exit(main())
