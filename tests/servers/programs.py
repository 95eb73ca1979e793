import os
import shutil
from pathlib import Path

import pytest


def program(name: str) -> Path:
    """The path of a server's program; ends the run with what to do where it is missing."""
    postgres = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: float(folder.parent.name))
    places = [*os.environ["PATH"].split(os.pathsep), "/usr/sbin", *map(str, reversed(postgres))]
    found = shutil.which(name, path=os.pathsep.join(places))
    if found is None:
        raise pytest.UsageError(f"{name} is not installed. `make servers` installs it, or says how to.")
    return Path(found)
