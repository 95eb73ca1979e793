"""The folder in which a portal keeps everything, and which one supervisor holds at a time."""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Self

from iotsphere.supervisor.refusal import Refusal


class Home:
    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def held(self) -> Iterator[Self]:
        """Hold the folder while the portal runs; Refusal if another portal holds it."""
        try:
            self.folder()
            lock = os.open(self.path / "run.lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise Refusal(f"The data folder {self.path} cannot be written ({error.strerror}): set DATA_DIR.") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(lock, 20).decode(errors="replace").strip()
            raise Refusal(
                f"A portal is already running on {self.path} (process {holder or 'unknown'}): "
                "stop it first, or give this one another DATA_DIR."
            ) from None
        else:
            os.ftruncate(lock, 0)
            os.pwrite(lock, str(os.getpid()).encode(), 0)
            yield self
        finally:
            os.close(lock)

    def folder(self, name: str = "") -> Path:
        """A folder of the portal's own, that other users of the machine cannot look into."""
        folder = self.path / name
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    def secret(self, name: str) -> str:
        """A random secret that is made once and kept in a file of that name."""
        file = self.path / name
        if not file.exists():
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_privately(file, secrets.token_urlsafe(48))
        return file.read_text().strip()


def write_privately(file: Path, text: str) -> None:
    """Put `text` into a file that its owner alone can read: all of it or, after a crash, nothing."""
    with NamedTemporaryFile("w", dir=file.parent, prefix=f".{file.name}.", delete=False) as new:
        new.write(text)
    Path(new.name).rename(file)
