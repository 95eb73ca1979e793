"""A family of processes: started together, watched, and stopped together."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Mapping
from typing import Self, cast

from iotsphere.supervisor.console import RUN
from iotsphere.supervisor.process import Child, Program, Tell, run_to_end
from iotsphere.supervisor.refusal import Refusal

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Supervisor:
    """Used as a context: the first stop signal cancels its body, and on leaving all children are stopped.

    Servers are stopped after the programs that use them. A second stop signal kills whatever still runs.
    """

    def __init__(self, environment: Mapping[str, str], tell: Tell, patience: float = 10.0) -> None:
        """`patience`: seconds a child has for stopping before it is killed."""
        self._environment = environment
        self._tell = tell
        self._patience = patience
        self._servers: list[Child] = []
        self._users: list[Child] = []
        self._told_by: signal.Signals | None = None
        self._is_leaving = False

    async def __aenter__(self) -> Self:
        body = cast("asyncio.Task[object]", asyncio.current_task())
        for signal_ in STOP_SIGNALS:
            if signal_ == signal.SIGHUP and signal.getsignal(signal_) == signal.SIG_IGN:
                continue  # nohup: it shall outlive the terminal
            asyncio.get_running_loop().add_signal_handler(signal_, self._told_to_stop, signal_, body)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        """Swallows the cancellation by a stop signal: then stopping is what was asked for."""
        self._is_leaving = True
        for children in (self._users, self._servers):
            await asyncio.gather(*(child.stop(self._patience) for child in children))
        return kind is asyncio.CancelledError and self._told_by is not None

    def start_server(self, program: Program) -> None:
        """Start a program that the others use."""
        self._servers.append(Child(program, self._environment, self._tell))

    def start(self, *programs: Program) -> None:
        self._users += [Child(program, self._environment, self._tell) for program in programs]

    async def run_to_end(self, program: Program, environment: Mapping[str, str]) -> None:
        """Run a program that ends by itself; Refusal if it fails."""
        code = await run_to_end(program, {**self._environment, **environment}, self._tell, self._patience)
        if code != 0:
            raise Refusal(f"The portal could not be started: {program.name} failed, the lines above say why.")

    def _told_to_stop(self, signal_: signal.Signals, body: asyncio.Task[object]) -> None:
        if self._told_by is None:
            self._told_by = signal_
            self._tell(RUN, f"stopping, told by {signal_.name}; once more to stop at once")
            if not self._is_leaving:
                body.cancel()
        else:
            for child in self._users + self._servers:
                child.kill()


async def answers(name: str, probe: Callable[[], Awaitable[bool]], timeout: float | None) -> None:
    """Wait until the probe says yes; Refusal if it has not after `timeout` seconds."""
    try:
        async with asyncio.timeout(timeout):
            while not await probe():
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise Refusal(f"{name} does not answer after {timeout:g} s; the lines above say why.") from None
