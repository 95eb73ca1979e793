import os
import re
from pathlib import Path

import pytest

from iotsphere.supervisor.home import Home
from iotsphere.supervisor.refusal import Refusal

pytestmark = pytest.mark.once


def test_a_folder_is_held_by_one_portal_at_a_time(tmp_path: Path) -> None:
    held_by_us = re.escape(f"A portal is already running on {tmp_path} (process {os.getpid()})")
    with Home(tmp_path).held(), pytest.raises(Refusal, match=held_by_us):
        Home(tmp_path).held().__enter__()


def test_a_folder_that_was_let_go_can_be_held_again(tmp_path: Path) -> None:
    for _ in range(2):
        with Home(tmp_path).held():
            pass


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Refusal, match=r"cannot be written .* set DATA_DIR"):
        Home(tmp_path / "file" / "var").held().__enter__()


def test_a_secret_is_made_once(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert home.secret("secrets/redis") == home.secret("secrets/redis") != home.secret("secrets/mqtt")


def test_a_secret_is_long(tmp_path: Path) -> None:
    assert len(Home(tmp_path).secret("secret_key")) >= 50


def test_a_secret_is_for_its_owner_alone(tmp_path: Path) -> None:
    Home(tmp_path).secret("secret_key")
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


def test_folders_are_for_their_owner_alone(tmp_path: Path) -> None:
    assert Home(tmp_path / "var").folder().stat().st_mode & 0o777 == 0o700
