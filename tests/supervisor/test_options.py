from pathlib import Path

import pytest
from django.conf import settings

from iotsphere.supervisor.options import Options
from iotsphere.supervisor.refusal import Refusal

pytestmark = pytest.mark.once


def test_an_empty_environment_gives_the_demo_on_the_usual_ports() -> None:
    options = Options.read({})
    assert (options.port, options.mqtt_port, options.demo, options.given) == (8000, 1883, True, frozenset())


def test_the_data_folder_is_where_the_settings_look_for_it() -> None:
    assert Options.read({}).data_dir == settings.BASE_DIR / "var"


def test_a_relative_data_folder_is_made_absolute() -> None:
    assert Options.read({"DATA_DIR": "here"}).data_dir == Path.cwd() / "here"


@pytest.mark.parametrize("value", ["0", "false", "No", "off"])
def test_the_demo_can_be_switched_off(value: str) -> None:
    assert Options.read({"DEMO": value}).demo is False


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "http"),
        ("PORT", "0"),
        ("MQTT_PORT", "65536"),
        ("PORT", "-1"),
        ("INGEST_WORKERS", "17"),
        ("DEMO", "perhaps"),
    ],
)
def test_nonsense_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(Refusal, match=f"^{name} must be .*{value}"):
        Options.read({name: value})


@pytest.mark.parametrize("name", ["REDIS_URL", "REDIS_URL_FILE"])
def test_a_server_that_is_given_is_known(name: str) -> None:
    assert Options.read({name: "redis://example"}).given == {"REDIS_URL"}


def test_an_empty_address_gives_no_server() -> None:
    assert not Options.read({"MQTT_URL": ""}).given
