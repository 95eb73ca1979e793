import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

from tests.waiting import wait_until


class Child:
    """A process that this one starts, whose output goes to a file, and that never outlives this one.

    It has a session of its own, so that Ctrl-C reaches pytest alone and the end comes in order; should pytest be
    killed, the kernel sends the child `signal_on_death`.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        log: Path,
        *,
        env: Mapping[str, str] | None = None,
        user: str | None = None,
        signal_on_death: str = "KILL",
    ) -> None:
        self.name = name
        self.log = log
        as_user = [f"--reuid={user}", f"--regid={user}", "--init-groups"] if user else []
        with log.open("ab") as output:
            self._first_byte = output.tell()
            self.process = subprocess.Popen(
                ["setpriv", f"--pdeathsig={signal_on_death}", *as_user, "--", *map(str, command)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(env or {})},
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def output(self) -> str:
        return self.log.read_bytes()[self._first_byte :].decode(errors="replace")

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    def wait_until(self, ready: Callable[[], object], timeout: float = 60) -> Self:
        """Wait for `ready()`; say what the process said when it ends or the time is over before that."""
        try:
            wait_until(lambda: not self.is_running or ready(), timeout, what=f"{self.name} to be ready")
        except AssertionError as error:
            self.stop()
            raise AssertionError(f"{error}\n{self.output}") from error
        if not self.is_running:
            raise AssertionError(f"{self.name} ended with {self.process.returncode}:\n{self.output}")
        return self

    def stop(self, how: signal.Signals = signal.SIGTERM, timeout: float = 15) -> int:
        """End it and all processes of its session; return its exit status."""
        if self.is_running:
            self.process.send_signal(how)
            try:
                self.process.wait(timeout)
            except subprocess.TimeoutExpired:
                self.kill()
        self._signal_session(signal.SIGKILL)
        return self.process.returncode

    def kill(self) -> None:
        """End it and all processes of its session without a chance to tidy up."""
        self._signal_session(signal.SIGKILL)
        self.process.wait()

    def _signal_session(self, number: signal.Signals) -> None:
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            pass
