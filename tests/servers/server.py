import signal
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Self

from tests.servers.child import Child


class Server(ABC):
    """A server of its own on an address that stays: started on first need, and again after it was stopped or killed,
    with what it keeps on disk.
    """

    ends_by = signal.SIGTERM

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._child: Child | None = None

    @property
    def is_running(self) -> bool:
        return self._child is not None and self._child.is_running

    def start(self) -> Self:
        if not self.is_running:
            if not self.folder.exists():
                self.folder.mkdir(parents=True)
                self.prepare()
            self._child = self._launch()
            self._child.wait_until(self._answers)
        return self

    def stop(self) -> None:
        if self._child is not None:
            self._child.stop(self.ends_by, timeout=60)

    def kill(self) -> None:
        if self._child is not None:
            self._child.stop(signal.SIGKILL)

    def prepare(self) -> None:  # noqa: B027 (most need nothing)
        """What comes before the first start, in the new folder."""

    @abstractmethod
    def _launch(self) -> Child: ...

    @abstractmethod
    def _answers(self) -> bool: ...
