import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_until(answer: Callable[[], T], timeout: float = 10.0, what: str = "") -> T:
    """The first true value of `answer()`, asked again and again; AssertionError when `timeout` seconds brought none."""
    deadline = time.monotonic() + timeout
    while not (value := answer()):
        if time.monotonic() > deadline:
            raise AssertionError(f"Waited {timeout:g} s in vain for {what or answer!r}; last: {value!r}")
        time.sleep(0.02)
    return value
