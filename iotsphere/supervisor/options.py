"""What the run command is told through the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from iotsphere.supervisor.refusal import Refusal

PROJECT_FOLDER = Path(__file__).resolve().parent.parent.parent
YES, NO = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}


@dataclass(frozen=True, slots=True)
class Options:
    data_dir: Path
    port: int
    mqtt_port: int
    # With the demo: a simulated fleet, accounts to try, a broker that takes devices without a credential.
    demo: bool
    # Password of the demo's accounts; empty: a random one for each.
    demo_password: str
    # Use the parts that come with the portal even where Redis and Mosquitto are installed.
    bundled: bool
    # Share what comes by MQTT; the broker must know shared subscriptions, as Mosquitto does.
    ingest_workers: int
    # What exists already, by the name of its variable: nothing is made or started in its place.
    given: frozenset[str]

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Raises Refusal for values that make no sense."""
        return cls(
            data_dir=Path(environ.get("DATA_DIR") or PROJECT_FOLDER / "var").resolve(),
            port=_number(environ, "PORT", 8000, most=65535),
            mqtt_port=_number(environ, "MQTT_PORT", 1883, most=65535),
            demo=_flag(environ, "DEMO", default=True),
            demo_password=environ.get("DEMO_PASSWORD", ""),
            bundled=_flag(environ, "BUNDLED", default=False),
            ingest_workers=_number(environ, "INGEST_WORKERS", 1, most=16),
            given=frozenset(
                name
                for name in ("SECRET_KEY", "REDIS_URL", "MQTT_URL")
                if environ.get(name) or environ.get(f"{name}_FILE")
            ),
        )


def search_path() -> str:
    """Where programs are looked for: Debian keeps its servers outside of an ordinary user's PATH."""
    return os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin"])


def _number(environ: Mapping[str, str], name: str, default: int, *, most: int) -> int:
    value = environ.get(name) or str(default)
    if not (value.isascii() and value.isdigit() and 1 <= int(value) <= most):
        raise Refusal(f"{name} must be a number from 1 to {most}, not {value!r}.")
    return int(value)


def _flag(environ: Mapping[str, str], name: str, *, default: bool) -> bool:
    value = (environ.get(name) or "").strip().lower()
    if value and value not in YES | NO:
        raise Refusal(f"{name} must be 1 or 0, not {value!r}.")
    return value in YES if value else default
