import pytest

from devices.topics import Topic, parse

pytestmark = pytest.mark.once


@pytest.mark.parametrize("kind", ["telemetry", "status", "twin/reported", "twin/desired", "command"])
def test_a_devices_topics_name_it(kind: str) -> None:
    assert parse(f"app/device/ESP32_SIM-01.a/{kind}") == Topic("ESP32_SIM-01.a", kind)


def test_a_reply_names_its_command() -> None:
    assert parse("app/device/a/command/17/reply") == Topic("a", "command/reply", "17")


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "app/device/telemetry",
        "app/device//telemetry",
        "app/device/a/b/telemetry",
        "app/device/a/telemetri",
        "app/device/a/telemetry/",
        "app/device/a/telemetry\n",
        "app/device/a b/telemetry",
        "app/device/ünï/telemetry",
        "app/device/+/telemetry",
        "app/device/" + "x" * 65 + "/telemetry",
        "/app/device/a/telemetry",
        "App/device/a/telemetry",
        "app/device/a/twin",
        "app/device/a/command/reply",
        "app/device/a/command//reply",
        "app/device/a/command/1/2/reply",
    ],
)
def test_other_topics_name_none(topic: str) -> None:
    assert parse(topic) is None
