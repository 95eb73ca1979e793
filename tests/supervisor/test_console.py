import io
import os
import signal

import pytest

from iotsphere.supervisor.console import Console

pytestmark = pytest.mark.once


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    return Terminal()


def test_names_stand_in_one_column() -> None:
    file = io.StringIO()
    console = Console(["web", "simulator"], file)
    console.line("web", "one")
    console.line("simulator", "two")
    assert file.getvalue() == "web       | one\nsimulator | two\n"


def test_each_program_has_its_colour_on_a_terminal(terminal: Terminal) -> None:
    console = Console(["web", "beat"], terminal)
    console.line("web", "one")
    console.line("beat", "two")
    assert terminal.getvalue() == "\x1b[32mweb  |\x1b[0m one\n\x1b[33mbeat |\x1b[0m two\n"


def test_a_file_stays_without_colours() -> None:
    file = io.StringIO()
    Console(["web"], file).line("web", "one")
    assert "\x1b" not in file.getvalue()


def test_who_wants_no_colour_gets_none(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    Console(["web"], terminal).line("web", "one")
    assert "\x1b" not in terminal.getvalue()


def test_the_portal_stops_when_nobody_reads_along_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    raised: list[signal.Signals] = []
    monkeypatch.setattr(signal, "raise_signal", raised.append)
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "w") as pipe:
        console = Console(["web"], pipe)
        console.line("web", "to nobody")
        console.line("web", "and no complaint about it")
    assert raised == [signal.SIGTERM]
