"""Run by test_no_orphans: a supervisor of a server and a program that has a child of its own. Says who is who."""

import asyncio
import os
import sys
from contextlib import suppress

from iotsphere.supervisor.process import Program
from iotsphere.supervisor.supervisor import Supervisor

IGNORE = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" if "--stubborn" in sys.argv else ""
SLEEP = "import os, time\nprint(f'pid {os.getpid()}', flush=True)\ntime.sleep(120)"
WITH_CHILD = "import os, subprocess, time\nprint(f'pid {os.getpid()}', flush=True)\nsubprocess.run(['sleep', '120'])"


def program(name: str, script: str) -> Program:
    return Program(name, (sys.executable, "-c", IGNORE + script))


async def main() -> None:
    async with Supervisor(os.environ, lambda name, line: print(name, line, flush=True), patience=1.0) as supervisor:
        supervisor.start_server(program("server", SLEEP))
        supervisor.start(program("user", WITH_CHILD))
        await asyncio.Event().wait()
    print("supervisor stopped", flush=True)


with suppress(KeyboardInterrupt):
    asyncio.run(main())
