import pytest

from devices.topics import Topic, parse


@pytest.mark.parametrize("kind", ["telemetry", "status"])
def test_a_devices_topics_name_it(kind: str) -> None:
    assert parse(f"app/device/ESP32_SIM-01.a/{kind}") == Topic("ESP32_SIM-01.a", kind)


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
    ],
)
def test_other_topics_name_none(topic: str) -> None:
    assert parse(topic) is None
