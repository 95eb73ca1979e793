"""The folder in which a portal keeps everything, and which one supervisor holds at a time."""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
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
            raise Refusal(
                f"The data folder {self.path} cannot be written ({error.strerror}): set DATA_DIR."
            ) from error
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
            half_done = file.with_name(f".{file.name}.new")
            half_done.unlink(missing_ok=True)
            with open(os.open(half_done, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as new:
                new.write(secrets.token_urlsafe(48))
            half_done.rename(file)
        return file.read_text().strip()
