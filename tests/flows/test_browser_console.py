"""The MQTT console in a browser: connect, watch, look at, publish."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from devices.models import Device, Project
from iotsphere.models import User
from tests.factories import DeviceFactory
from tests.fixtures.browser import PageAs, Problems, expect
from tests.fixtures.live import Portal, StartProcess
from tests.servers.brokers import Broker
from tests.servers.ports import ReservedPort, is_listening
from tests.supervisor.brokers import BrokerClient
from tests.waiting import wait_until

pytestmark = pytest.mark.once

OnBroker = Callable[[Broker], BrokerClient]
BOILER = "app/device/boiler/telemetry"
EVIL = '{"<img src=x onerror=alert(1)>": "<script>alert(1)</script>", "big": 18446744073709551616, "ok": true}'


@pytest.fixture
def boiler(acme: Project) -> Device:
    return DeviceFactory.create(device_id="boiler", project=acme)


@pytest.fixture
def portal(start_process: StartProcess, mosquitto: Broker) -> Portal:
    """A web process whose own broker is the test's Mosquitto."""
    port = ReservedPort().release()
    process = start_process(
        "-m", "daphne", "--bind", "127.0.0.1", "--port", str(port), "iotsphere.asgi:application",
        env={"MQTT_URL": mosquitto.url},
    )  # fmt: skip
    return Portal(f"127.0.0.1:{port}", process.wait_until(lambda: is_listening(port)))


@pytest.fixture
def page(page_as: PageAs, oscar: User, boiler: Device) -> Page:
    return page_as(oscar, viewport={"width": 1440, "height": 900})


def open_console(page: Page, qos: int = 0) -> None:
    page.goto("/console/")
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    page.get_by_role("button", name="Connect").click()
    expect(page.locator(".connection")).to_have_text("Connected")
    subscribe = page.locator("[data-subscribe]")
    subscribe.get_by_label("Topic").fill("app/device/#")
    subscribe.get_by_label("QoS").select_option(str(qos))
    subscribe.get_by_role("button", name="Subscribe").click()
    expect(page.locator(".subscription")).to_contain_text(f"app/device/#QoS {qos}")


def test_an_operator_watches_and_publishes(page: Page, mosquitto: Broker, on_broker: OnBroker) -> None:
    device = on_broker(mosquitto)
    device.subscribe("#")
    open_console(page)
    publish = page.locator("[data-publish]")
    publish.get_by_label("Topic").fill("app/device/boiler/command")
    publish.get_by_label("Payload").fill('{"name": "off"}')
    publish.get_by_role("button", name="Publish").click()
    expect(page.locator(".toast")).to_have_text("Published to app/device/boiler/command")
    wait_until(lambda: device.heard == [("app/device/boiler/command", b'{"name": "off"}')])
    expect(page.locator(".message")).to_have_count(1)
    expect(page.locator(".message")).to_contain_text("app/device/boiler/command")
    expect(page.locator(".message")).to_contain_text("QoS 0")
    publish.get_by_label("Topic").fill("app/device/nobody/command")
    publish.get_by_role("button", name="Publish").click()
    expect(page.locator(".toast").last).to_contain_text("You may not publish to app/device/nobody/command")
    page.get_by_role("button", name="End the subscription to app/device/#").click()
    expect(page.locator(".subscription")).to_have_count(0)


def test_what_a_device_sends_is_set_out_and_stays_text(page: Page, mosquitto: Broker, on_broker: OnBroker) -> None:
    open_console(page)
    device = on_broker(mosquitto)
    device.publish(BOILER, '{"a":[1,-2.50,{}],"b":[],"c":"x, {y}"}')
    page.locator(".message").click()
    expect(page.locator(".shown code")).to_have_text(
        '{\n  "a": [\n    1,\n    -2.50,\n    {}\n  ],\n  "b": [],\n  "c": "x, {y}"\n}', use_inner_text=True
    )
    device.publish(BOILER, EVIL)
    expect(page.locator(".message")).to_have_count(2)
    page.locator(".message").first.click()
    shown = page.locator(".shown code")
    expect(shown).to_contain_text('"<img src=x onerror=alert(1)>": "<script>alert(1)</script>"')
    expect(shown).to_contain_text("18446744073709551616")
    assert page.locator("main img, main script").count() == 0
    page.get_by_role("button", name="Raw").click()
    expect(shown).to_have_text(EVIL)


def test_the_tree_the_filter_and_a_pause_rule_what_is_shown(
    page: Page, acme: Project, mosquitto: Broker, on_broker: OnBroker
) -> None:
    DeviceFactory.create(device_id="pump", project=acme)
    open_console(page)
    device = on_broker(mosquitto)
    device.publish(BOILER, "hot")
    device.publish("app/device/pump/telemetry", "wet")
    expect(page.locator(".message")).to_have_count(2)
    page.locator(".tree__topic", has_text="pump").click()
    expect(page.locator(".message")).to_have_count(1)
    expect(page.locator(".message")).to_contain_text("wet")
    page.get_by_role("button", name=re.compile("show all")).click()
    page.get_by_label("Filter by topic or payload").fill("HOT")
    expect(page.locator(".message__payload")).to_have_text(["hot"])
    page.get_by_role("button", name="Pause").click()
    device.publish(BOILER, "hot later")
    go_on = page.get_by_role("button", name="Go on (1 new)")
    expect(go_on).to_be_visible()
    expect(page.locator(".message")).to_have_count(1)
    go_on.click()
    expect(page.locator(".message__payload")).to_have_text(["hot later", "hot"])


def test_a_flood_is_cut_and_counted(page: Page, mosquitto: Broker, on_broker: OnBroker) -> None:
    open_console(page, qos=1)  # so that the broker drops nothing
    device = on_broker(mosquitto)
    for number in range(5000):
        device.mqtt.publish(BOILER, str(number), qos=1)
    expect(page.locator(".message__payload").first).to_have_text("4999", timeout=60_000)

    def count(name: str) -> int:
        return int((page.locator(f"[data-{name}]").text_content() or "").replace(",", ""))

    wait_until(lambda: count("count") + count("dropped") == 5000, what="all to be counted")
    assert page.locator(".message").count() <= 500


def test_after_a_restart_of_the_portal_it_goes_on(
    page: Page, portal: Portal, start_process: StartProcess, mosquitto: Broker, on_broker: OnBroker, problems: Problems
) -> None:
    open_console(page)
    portal.process.stop()
    expect(page.locator(".connection")).to_have_text("Connecting again")
    port = portal.host.split(":")[1]
    start_process(
        "-m", "daphne", "--bind", "127.0.0.1", "--port", port, "iotsphere.asgi:application",
        env={"MQTT_URL": mosquitto.url},
    )  # fmt: skip
    expect(page.locator(".connection")).to_have_text("Connected", timeout=60_000)
    device = on_broker(mosquitto)

    def is_heard_again() -> bool:
        device.publish(BOILER, "again")
        return bool(page.locator(".message").count())

    wait_until(is_heard_again, timeout=30, what="the subscription to be made again")
    problems.take()
