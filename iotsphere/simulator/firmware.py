"""How a simulated device updates itself: it downloads, checks what came, and starts again with it."""

import hashlib
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

FIRST_VERSION = "1.0.0"
AT_ONCE = 16 * 1024
PATIENCE = 30  # seconds without a byte
Report = Callable[[Mapping[str, Any]], None]
Say = Callable[..., None]


class Broken(Exception):
    """The update cannot be done; the text says why."""


class Firmware:
    """What runs on the device, and the update that is under way, in a thread of its own.

    Each step takes `pause` seconds, so that people can watch.
    """

    def __init__(self, report: Report, version: str, pause: float, *, is_spoilt: bool = False) -> None:
        self._report, self._version, self._pause, self._is_spoilt = report, version, pause, is_spoilt
        self._now: dict[str, Any] = {"state": None, "percent": None, "error": None}
        self._thread: threading.Thread | None = None

    @property
    def reported(self) -> dict[str, Any]:
        """A merge patch: null says that there is nothing of the kind."""
        return {"version": self._version, **self._now}

    def begin(self, params: Mapping[str, Any], say: Say) -> None:
        """Do as the command says, and `say` how it ended."""
        if self._thread is not None and self._thread.is_alive():
            say("rejected", reason="Another update is under way.")
            return
        self._thread = threading.Thread(target=self._update, args=(params, say), name="firmware", daemon=True)
        self._thread.start()

    def _update(self, params: Mapping[str, Any], say: Say) -> None:
        try:
            content = self._download(params["url"], int(params["size"]))
            self._step("downloaded")
            if hashlib.sha256(content).hexdigest() != params["sha256"]:
                raise Broken("What was downloaded is damaged: its SHA-256 is another.")
            self._step("verified")
            self._step("updating")
        except (Broken, OSError, ValueError, KeyError) as error:
            self._say("failed", error=str(error) or "It could not be downloaded.")
            say("failed", reason=str(error))
            return
        self._version = params["version"]
        self._say("updated")
        say("succeeded", {"version": self._version})

    def _download(self, url: str, size: int) -> bytes:
        self._step("downloading", percent=0)
        content, told = bytearray(), 0
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:  # noqa: S310 (it comes from the portal)
            while part := answer.read(AT_ONCE):
                content += part
                percent = min(100, len(content) * 100 // max(1, size))
                if percent >= told + 25 or told < percent == 100:
                    told = percent
                    self._step("downloading", percent=percent)
        return bytes(content[:-1] if self._is_spoilt else content)

    def _step(self, state: str, percent: int | None = None) -> None:
        self._say(state, percent=percent)
        time.sleep(self._pause)

    def _say(self, state: str, *, percent: int | None = None, error: str | None = None) -> None:
        self._now = {"state": state, "percent": percent, "error": error}
        self._report({"firmware": self.reported})
