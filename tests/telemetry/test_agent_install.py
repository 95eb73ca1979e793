"""The agent installed on a machine that has no portal: from the folder of the repository, with what it names alone."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.architecture.house import ROOT
from tests.mqtt_ear import listening
from tests.servers.brokers import Broker

pytestmark = [pytest.mark.once, pytest.mark.xdist_group("agent install")]

FOLDER = Path(ROOT, "deploy", "agent")
UNREACHABLE = re.compile(r"No matching distribution found|Temporary failure|Connection(Error| broken)|NewConnection")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment that holds the agent."""
    venv = tmp_path_factory.mktemp("agent") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    pip: list[str | Path] = [sys.executable, "-m", "pip", "--python", venv / "bin/python", "install", "--quiet", FOLDER]
    done = subprocess.run(pip, check=False, capture_output=True, text=True)
    if done.returncode and UNREACHABLE.search(done.stderr):
        pytest.skip("pip reaches no index to fetch the agent's dependencies from")
    assert done.returncode == 0, done.stderr
    return venv


def in_venv(venv: Path, *command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    command = (str(venv / "bin" / command[0]), *command[1:])
    return subprocess.run(command, check=False, capture_output=True, text=True, cwd=cwd, env=environment, timeout=60)


def test_it_brings_its_two_dependencies_and_nothing_else(installed: Path) -> None:
    found = {path.name.split("-")[0] for path in installed.rglob("*.dist-info")}
    assert found == {"iotsphere_agent", "paho_mqtt", "psutil"}


def test_it_takes_along_of_the_portal_what_it_runs_on_alone(installed: Path) -> None:
    [packages] = installed.glob("lib/*/site-packages")
    modules = {
        str(path.relative_to(packages)) for name in ("devices", "telemetry") for path in packages.glob(f"{name}/*.py")
    }
    assert modules == {
        "devices/__init__.py",
        "devices/mqtt_url.py",
        "telemetry/__init__.py",
        "telemetry/device_link.py",
    }


@pytest.mark.parametrize("command", [("iotsphere-agent",), ("python", "-m", "telemetry.agent")])
def test_it_sends_from_where_there_is_no_portal(
    installed: Path, tmp_path: Path, broker: Broker, command: tuple[str, ...]
) -> None:
    with listening(broker):
        options = ("--url", broker.url, "--once", "--buffer", str(tmp_path / "buffer"))
        done = in_venv(installed, *command, *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "acknowledged by" in done.stderr


def test_the_unit_starts_the_command_that_is_installed() -> None:
    scripts = tomllib.loads((FOLDER / "pyproject.toml").read_text())["project"]["scripts"]
    [start] = re.findall(
        r"^ExecStart=/opt/iotsphere-agent/bin/(\S+)$", (FOLDER / "iotsphere-agent.service").read_text(), re.M
    )
    assert start in scripts
