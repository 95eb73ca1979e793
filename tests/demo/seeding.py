"""The demo, seeded small."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.core.management import call_command

from iotsphere.demo import models, past


@contextmanager
def three_days() -> Iterator[None]:
    """Too few for the models: those of a whole demo are looked at in tests/flows/test_run_command.py."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(past, "LENGTH", timedelta(days=3))
        patch.setattr(past, "FINE", timedelta(hours=1))
        patch.setattr(models, "write_models", lambda project, now: 0)
        yield


def seed_demo(*arguments: str) -> str:
    output = io.StringIO()
    call_command("seed_demo", *arguments, stdout=output)
    return output.getvalue()
