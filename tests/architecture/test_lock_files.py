import json
import re
from pathlib import Path

import pytest

from tests.architecture.house import ROOT

pytestmark = pytest.mark.once

LOCKED = sorted(Path(ROOT, "requirements").glob("*.txt"))
PIN = re.compile(r"^[A-Za-z0-9._-]+(\[[^]]+\])?==\S+( ; .+)? \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}( \\)?$")


@pytest.mark.parametrize("path", LOCKED, ids=lambda path: path.name)
def test_requirements_are_pins_and_hashes_and_name_no_index_or_folder(path: Path) -> None:
    lines = [line for line in path.read_text().splitlines() if line.strip() and not line.lstrip().startswith("#")]
    assert [line for line in lines if not PIN.match(line) and not HASH.match(line)] == []


@pytest.mark.parametrize("path", ["package-lock.json", "bench/package-lock.json"])
def test_every_package_of_npm_is_known_by_its_hash_alone(path: str) -> None:
    packages = json.loads(Path(ROOT, path).read_text())["packages"]
    del packages[""]
    assert [name for name, package in packages.items() if "resolved" in package or "integrity" not in package] == []
