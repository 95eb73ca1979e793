"""One child process: it cannot outlive the supervisor, its output is handed on line by line, and it is kept running."""

import asyncio
import ctypes
import os
import re
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

Tell = Callable[[str, str], None]
"""Takes the name of a program and a line about it or from it."""

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
# A child that lived this long was healthy: its next death is a first one.
LONG_LIFE = 30.0
OUTPUT_BUFFER = 64 * 1024


@dataclass(frozen=True, slots=True)
class Program:
    name: str
    command: tuple[str, ...]
    # Sent by the kernel when the supervisor is killed. Servers that keep data get SIGTERM, to write it down.
    on_orphaned: signal.Signals = signal.SIGKILL
    # How lines begin that people need not see.
    hides: re.Pattern[str] | None = None


def pause_before_restart(short_lives: int) -> float:
    """Seconds to wait after this many short lives in a row (from 1)."""
    return min(FIRST_PAUSE * 2 ** (short_lives - 1), LONGEST_PAUSE)


class Child:
    """A program that is started again, with growing pauses, whenever it ends before it was told to stop."""

    def __init__(self, program: Program, environment: Mapping[str, str], tell: Tell) -> None:
        self.program = program
        self._environment = environment
        self._tell = tell
        self._stopping = asyncio.Event()
        self._process: asyncio.subprocess.Process | None = None
        self._life = asyncio.create_task(self._keep_running(), name=program.name)

    async def stop(self, patience: float) -> None:
        """End it: politely first, after `patience` seconds with all its descendants by force."""
        self._stopping.set()
        self._signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(patience):
                await asyncio.shield(self._life)
        except TimeoutError:
            self._tell(self.program.name, f"did not stop within {patience:g} s and is killed")
            self.kill()
            await self._life

    def kill(self) -> None:
        self._stopping.set()
        if self._process is not None and self._process.returncode is None:
            _kill_group(self._process.pid)

    def _signal(self, signal_: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal_)

    async def _keep_running(self) -> None:
        short_lives = 0
        while not self._stopping.is_set():
            born = monotonic()
            end = await self._live_once()
            if self._stopping.is_set():
                return
            short_lives = 1 if monotonic() - born >= LONG_LIFE else short_lives + 1
            pause = pause_before_restart(short_lives)
            self._tell(self.program.name, f"{end}; starting it again in {pause:g} s")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)

    def _say(self, line: str) -> None:
        if self.program.hides is None or not self.program.hides.match(line):
            self._tell(self.program.name, line)

    async def _live_once(self) -> str:
        """How it ended, in words."""
        try:
            self._process, output = await start(self.program, self._environment)
        except OSError as error:
            return f"could not be started ({error})"
        relay = asyncio.create_task(hand_on(output, self._say))
        if self._stopping.is_set():  # told to stop while the process was being made
            self._signal(signal.SIGTERM)
        code = await self._process.wait()
        _kill_group(self._process.pid)  # what it may have left behind
        await asyncio.wait({relay}, timeout=1)
        relay.cancel()
        return in_words(code)


async def run_to_end(program: Program, environment: Mapping[str, str], tell: Tell, patience: float) -> int:
    """Run a program once: its exit code. It draws on the terminal itself if there is one (progress bars)."""
    if sys.stdout.isatty():
        process, relay = await _spawn(program, environment, output=None), None
    else:
        process, output = await start(program, environment)
        relay = asyncio.create_task(hand_on(output, lambda line: tell(program.name, line)))
    try:
        code = await process.wait()
    except asyncio.CancelledError:
        process.terminate()
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), patience)
        raise
    finally:
        _kill_group(process.pid)
    if relay is not None:
        await relay
    return code


async def start(
    program: Program, environment: Mapping[str, str]
) -> tuple[asyncio.subprocess.Process, asyncio.StreamReader]:
    """The pipe is ours, not asyncio's: waiting for the process is then not waiting for whoever else holds the pipe."""
    read_end, write_end = os.pipe()
    try:
        process = await _spawn(program, environment, write_end)
    except BaseException:
        os.close(read_end)
        raise
    finally:
        os.close(write_end)
    output = asyncio.StreamReader(limit=OUTPUT_BUFFER)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(output),
        os.fdopen(read_end, "rb", buffering=0),
    )
    return process, output


async def _spawn(program: Program, environment: Mapping[str, str], output: int | None) -> asyncio.subprocess.Process:
    """In a process group of its own, so that a terminal's Ctrl-C reaches it through the supervisor alone."""
    return await asyncio.create_subprocess_exec(
        *program.command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        env=environment,
        process_group=0,
        preexec_fn=_tied_to(os.getpid(), program.on_orphaned),
    )


async def hand_on(output: asyncio.StreamReader, line: Callable[[str], None]) -> None:
    """Call `line` with each line of `output` (a progress bar's redrawing counts as a line), fit for a terminal."""
    rest = b""
    while chunk := await output.read(OUTPUT_BUFFER):
        *lines, rest = re.split(rb"[\r\n]+", rest + chunk)
        if len(rest) > OUTPUT_BUFFER:
            lines, rest = [*lines, rest], b""
        for text in filter(None, lines):
            line(_printable(text))
    if rest:
        line(_printable(rest))


def _printable(line: bytes) -> str:
    # Names chosen by devices end up in logs: no escape sequence of theirs may reach the terminal.
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", "", line.decode(errors="replace"))


def in_words(code: int) -> str:
    return f"ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"


def _kill_group(leader: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def _tied_to(parent: int, signal_: signal.Signals) -> Callable[[], None]:
    """What a child runs before exec: it asks the kernel for `signal_` at the parent's death.

    Only calls that are safe after a fork; the signal follows the death of the *thread* that forked: the main one.
    """

    def ask() -> None:
        if _libc is not None:
            _libc.prctl(PR_SET_PDEATHSIG, signal_)
        if os.getppid() != parent:  # it died before it was asked for
            os._exit(1)

    return ask
