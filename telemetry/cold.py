"""Write readings to compressed CSV files before they are thrown away."""

import csv
import gzip
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

COLUMNS = ["device_id", "metric", "time", "value", "text"]


class Incomplete(Exception):
    """Other rows would go than were written."""


def write_csv(rows: Iterable[tuple[Any, ...]], name: str, folder: Path) -> tuple[Path, int]:
    """The file, whole and on the disk, and how many rows it has. No file is ever written over."""
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f"{name}.unfinished"
    count = 0
    with unfinished.open("wb") as raw:
        with gzip.open(raw, "wt", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(COLUMNS)
            for device_id, key, at, value, text in rows:
                writer.writerow([device_id, key, at.isoformat(), value, text])
                count += 1
        raw.flush()
        os.fsync(raw.fileno())
    file = _free_name(folder, name)
    unfinished.rename(file)
    _sync(folder)
    return file, count


def _free_name(folder: Path, name: str) -> Path:
    """What is written of a part a second time has a number."""
    number = 0
    while (file := folder / f"{name}{f'_{number}' if number else ''}.csv.gz").exists():
        number += 1
    return file


def _sync(folder: Path) -> None:
    """Have the file's name on the disk too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
