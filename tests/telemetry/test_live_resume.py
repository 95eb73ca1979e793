"""After a drop: what was missed, neither more nor less; where that cannot be told, the whole state."""

from datetime import timedelta

import pytest
import redis
from pytest_django import Settings

from devices.models import Device, Project
from iotsphere.models import User
from telemetry import heartbeat
from telemetry import live as stream
from telemetry.live import hub
from telemetry.live.stream import STREAM, push_account_change
from tests.factories import NOON, DeviceFactory, MetricFactory
from tests.fixtures.sockets import Frame, Live, LiveSocket
from tests.servers.ports import ReservedPort
from tests.waiting import wait_until


@pytest.fixture
def sensor(acme: Project) -> Device:
    return DeviceFactory.create(device_id="sensor", project=acme)


def push(device: Device, value: float, *, second: int = 0) -> None:
    time = NOON + timedelta(seconds=second)
    stream.push(
        {
            device.device_id: {
                "project": device.project_id,
                "last_message": time,
                "values": {"temperature": {"value": value, "time": time}},
            }
        }
    )


def subscribe(**more: str) -> Frame:
    return {"type": "subscribe", "id": "x", "devices": ["sensor"], **more}


def temperatures(socket: LiveSocket) -> list[float]:
    """The values of the frames up to that which says that all is told."""
    values = []
    while devices := socket.receive()["devices"]:
        values.append(devices["sensor"]["values"]["temperature"]["value"])
    return values


@pytest.fixture
def cursor(live: Live, vera: User, sensor: Device) -> str:
    """Where Vera's page was when it lost its socket: it had just seen 20°."""
    socket = live(vera)
    socket.ask(subscribe())
    push(sensor, 20.0)
    cursor: str = socket.receive()["cursor"]
    socket.close()
    return cursor


def test_what_was_missed_comes_in_order(live: Live, vera: User, sensor: Device, cursor: str) -> None:
    for second, value in enumerate((21.0, 22.0, 23.0)):
        push(sensor, value, second=second)
    socket = live(vera)
    socket.send(subscribe(cursor=cursor))
    assert temperatures(socket) == [21.0, 22.0, 23.0]


def test_the_values_have_their_own_times(live: Live, vera: User, sensor: Device, cursor: str) -> None:
    push(sensor, 21.0, second=5)
    change = live(vera).ask(subscribe(cursor=cursor))
    assert change["devices"]["sensor"]["values"]["temperature"]["time"] == "2025-12-19T12:00:05Z"


def test_if_nothing_was_missed_that_is_said(live: Live, vera: User, cursor: str) -> None:
    change = live(vera).ask(subscribe(cursor=cursor))
    assert change == {"type": "change", "id": "x", "cursor": cursor, "devices": {}}


def test_afterwards_changes_come_as_ever(live: Live, vera: User, sensor: Device, cursor: str) -> None:
    push(sensor, 21.0)
    socket = live(vera)
    socket.send(subscribe(cursor=cursor))
    assert temperatures(socket) == [21.0]
    push(sensor, 22.0)
    assert socket.receive()["devices"]["sensor"]["values"]["temperature"]["value"] == 22.0


def test_what_other_devices_sent_does_not_come(live: Live, vera: User, acme: Project, cursor: str) -> None:
    push(DeviceFactory.create(project=acme), 5.0)
    socket = live(vera)
    socket.send(subscribe(cursor=cursor))
    assert temperatures(socket) == []


def test_nor_what_was_sent_while_the_device_was_not_visible(
    live: Live, vera: User, sensor: Device, globex: Project, cursor: str
) -> None:
    stream.push({"sensor": {"project": globex.pk, "presence": "online", "last_message": NOON}})
    socket = live(vera)
    socket.send(subscribe(cursor=cursor))
    assert temperatures(socket) == []


def test_resume_asks_for_all_subscriptions(live: Live, vera: User, sensor: Device, cursor: str) -> None:
    push(sensor, 21.0)
    socket = live(vera)
    assert socket.ask(subscribe())["type"] == "state"
    socket.send({"type": "resume", "cursor": cursor})
    assert temperatures(socket) == [21.0]


def test_a_cursor_that_is_none_brings_the_state(live: Live, vera: User, sensor: Device) -> None:
    push(sensor, 21.0)
    socket = live(vera)
    for cursor in ("0-0", "1-1", "", "nonsense", "9" * 40, "-", "+", "$", "9999999999999-0"):
        assert socket.ask(subscribe(cursor=cursor))["type"] == "state", cursor


def test_a_cursor_that_the_stream_no_longer_holds_brings_the_state(
    live: Live, vera: User, sensor: Device, cursor: str, redis_client: redis.Redis
) -> None:
    push(sensor, 21.0)
    redis_client.xdel(STREAM, cursor)
    assert live(vera).ask(subscribe(cursor=cursor))["type"] == "state"


def test_too_much_missed_brings_the_state(
    live: Live, vera: User, sensor: Device, cursor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "REPLAY_MOST_ENTRIES", 2)
    for value in (21.0, 22.0, 23.0):
        push(sensor, value)
    assert live(vera).ask(subscribe(cursor=cursor))["type"] == "state"


def test_many_entries_are_read_in_parts(
    live: Live, vera: User, sensor: Device, cursor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "REPLAY_AT_ONCE", 2)
    for value in (21.0, 22.0, 23.0, 24.0, 25.0):
        push(sensor, value)
    socket = live(vera)
    socket.send(subscribe(cursor=cursor))
    assert temperatures(socket) == [21.0, 22.0, 23.0, 24.0, 25.0]


def test_after_a_gap_comes_the_state(
    live: Live, vera: User, sensor: Device, cursor: str, redis_client: redis.Redis
) -> None:
    redis_client.xadd(STREAM, {"entry": '{"gap": true}'})
    assert live(vera).ask(subscribe(cursor=cursor))["type"] == "state"


def test_open_sockets_are_sent_the_state_after_a_gap(
    live: Live, vera: User, sensor: Device, redis_client: redis.Redis
) -> None:
    socket = live(vera)
    socket.ask(subscribe())
    MetricFactory.create(device=sensor, key="temperature", last_value=23.0, last_time=NOON)
    redis_client.xadd(STREAM, {"entry": '{"gap": true}'})
    state = socket.receive()
    assert (state["type"], state["devices"]["sensor"]["values"]["temperature"]["value"]) == ("state", 23.0)


def test_after_an_entry_of_another_version_too(
    live: Live, vera: User, sensor: Device, redis_client: redis.Redis
) -> None:
    socket = live(vera)
    socket.ask(subscribe())
    redis_client.xadd(STREAM, {"entry": '{"devices": {"sensor": {}}}'})
    assert socket.receive()["type"] == "state"


def test_and_after_redis_was_away(live: Live, vera: User, sensor: Device, redis_client: redis.Redis) -> None:
    socket = live(vera)
    socket.ask(subscribe())
    wait_until(lambda: _cut_other_connections(redis_client), what="the hub's connection")
    assert socket.receive()["type"] == "state"
    push(sensor, 21.0)
    assert socket.receive()["devices"]["sensor"]["values"]["temperature"]["value"] == 21.0


def _cut_other_connections(own: redis.Redis) -> bool:
    """Those to the test's own database: the server has others, which belong to tests that run at the same time."""
    me = own.client_info()
    others = [client for client in own.client_list() if client["db"] == str(me["db"]) and client["id"] != str(me["id"])]
    for client in others:
        own.client_kill_filter(_id=client["id"])
    return bool(others)


def test_a_page_that_is_opened_while_redis_is_away_shows_the_state(
    live: Live, vera: User, sensor: Device, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "FIRST_ANSWER_WITHIN", 0.1)
    settings.REDIS_URL = f"redis://127.0.0.1:{ReservedPort().release()}/0"
    socket = live(vera)
    socket.send(subscribe())
    frames = {frame["type"]: frame for frame in (socket.receive(), socket.receive())}
    assert frames.keys() == {"state", "paused"}
    assert frames["state"]["cursor"] == hub.NOWHERE


def test_while_nothing_can_be_stored_the_page_is_told(live: Live, vera: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "EVERY", 0)
    heartbeat.beat(is_well=False)
    socket = live(vera)
    assert socket.receive() == {"type": "paused", "detail": hub.NOTHING_IS_TAKEN}
    heartbeat.beat()
    push_account_change(0)  # the hub reads on
    assert socket.receive() == {"type": "resumed"}
