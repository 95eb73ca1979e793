import shutil
from pathlib import Path

import pytest


def program(name: str) -> Path:
    """The path of a server's program; ends the run with what to do where it is missing."""
    places = ["/usr/sbin", *sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)]
    found = shutil.which(name) or next((str(p) for place in places if (p := Path(place, name)).is_file()), None)
    if found is None:
        raise pytest.UsageError(f"{name} is not installed. `make servers` installs it, or says how to.")
    return Path(found)


def _version(folder: Path) -> float:
    return float(folder.parent.name)
