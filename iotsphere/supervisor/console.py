"""What the supervisor writes: the children's lines under their names, and its own."""

import os
import signal
from collections.abc import Iterable
from typing import TextIO

COLOURS = (36, 32, 33, 35, 34, 96, 92, 93, 95, 94)
RUN = "run"


class Console:
    def __init__(self, names: Iterable[str], stream: TextIO) -> None:
        names = [RUN, *names]
        self._width = max(map(len, names))
        self._stream = stream
        self._colours = dict(zip(names, COLOURS, strict=False)) if _wants_colour(stream) else {}

    def line(self, name: str, text: str) -> None:
        """One line of the program called `name`."""
        prefix = f"{name:<{self._width}} |"
        if colour := self._colours.get(name):
            prefix = f"\x1b[{colour}m{prefix}\x1b[0m"
        self._write(f"{prefix} {text}\n")

    def say(self, text: str) -> None:
        """A line of the supervisor itself."""
        self.line(RUN, text)

    def banner(self, lines: Iterable[str]) -> None:
        """What people are to find again among the logs."""
        rule = "─" * 78
        self._write("\n".join(["", rule, *(f"  {line}".rstrip() for line in lines), rule, "", ""]))

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except BrokenPipeError:  # who read along has gone, as in `make run | head`: there is nobody to run for
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())
            signal.raise_signal(signal.SIGTERM)


def _wants_colour(stream: TextIO) -> bool:
    return stream.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
