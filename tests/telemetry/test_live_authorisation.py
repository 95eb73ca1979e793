from datetime import timedelta

import pytest
import redis
import time_machine
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from rest_framework_simplejwt.tokens import AccessToken

from devices.models import Device, Membership, Project
from iotsphere.models import User
from telemetry import live as stream
from telemetry.live import person_socket
from telemetry.live.stream import STREAM
from telemetry.live.visitor import Visitor, visitor_with_session
from tests.factories import NOON, DeviceFactory, MembershipFactory
from tests.fixtures.sockets import PAGE, Live, OpenSocket, access_token, session_cookie

pytestmark = pytest.mark.once

CLOSED = {"type": "close", "code": 4401}
PROMPT = {"type": "authenticate", "within": 10}


@pytest.fixture
def sensor(acme: Project) -> Device:
    return DeviceFactory.create(device_id="sensor", project=acme)


@pytest.fixture
def window(vera: User) -> Client:
    """A browser window in which Vera is logged in."""
    client = Client()
    client.force_login(vera)
    return client


def test_a_session_counts_on_the_portals_own_pages(open_socket: OpenSocket, window: Client) -> None:
    assert open_socket({**PAGE, "cookie": session_cookie(window)}).receive() == {"type": "ready", "user": "vera"}


def test_a_socket_that_another_site_opens_is_refused(open_socket: OpenSocket, window: Client) -> None:
    sites = ["evil.example", "testserver.evil.example", "eviltestserver", "testserver:8001", "["]
    for origin in [f"http://{site}" for site in sites] + ["null"]:
        assert not open_socket({**PAGE, "origin": origin, "cookie": session_cookie(window)}).connected, origin


def test_a_host_name_that_is_not_the_portals_is_refused(open_socket: OpenSocket, window: Client) -> None:
    rebound = {"host": "evil.example", "origin": "http://evil.example", "cookie": session_cookie(window)}
    assert not open_socket(rebound).connected


def test_a_trusted_origin_may_use_the_session(open_socket: OpenSocket, window: Client, settings: Settings) -> None:
    settings.CSRF_TRUSTED_ORIGINS = ["https://*.example.com"]
    headers = {**PAGE, "origin": "https://portal.example.com", "cookie": session_cookie(window)}
    assert open_socket(headers).receive()["type"] == "ready"


def test_over_https_a_page_without_it_is_refused(open_socket: OpenSocket, window: Client, settings: Settings) -> None:
    settings.HTTPS = True
    assert not open_socket({**PAGE, "cookie": session_cookie(window)}).connected


def test_a_session_does_not_count_without_an_origin(open_socket: OpenSocket, window: Client) -> None:
    assert open_socket({"host": "testserver", "cookie": session_cookie(window)}).receive() == PROMPT


def test_a_session_that_is_over_is_turned_away_at_once(open_socket: OpenSocket, window: Client) -> None:
    cookie = session_cookie(window)
    window.logout()
    socket = open_socket({**PAGE, "cookie": cookie})
    assert socket.receive()["code"] == "unauthenticated"
    assert socket.receive() == CLOSED


def test_a_session_of_before_a_password_change_is_turned_away(
    open_socket: OpenSocket, window: Client, vera: User
) -> None:
    vera.set_password("another horse")
    vera.save()
    assert open_socket({**PAGE, "cookie": session_cookie(window)}).receive()["code"] == "unauthenticated"


def test_a_token_is_proof_too(open_socket: OpenSocket, vera: User) -> None:
    socket = open_socket({"host": "testserver"})
    assert socket.receive() == PROMPT
    assert socket.ask({"type": "authenticate", "token": access_token(vera)}) == {"type": "ready", "user": "vera"}


def test_a_token_that_is_none_is_turned_away(open_socket: OpenSocket) -> None:
    for token in ("", "nonsense", "a.b.c", "\u00fc"):
        socket = open_socket()
        socket.receive()
        assert socket.ask({"type": "authenticate", "token": token})["code"] == "unauthenticated", token
        assert socket.receive() == CLOSED


def test_an_expired_token_is_turned_away(open_socket: OpenSocket, vera: User) -> None:
    with time_machine.travel(timezone.now() - timedelta(hours=1)):
        token = access_token(vera)
    socket = open_socket()
    socket.receive()
    assert socket.ask({"type": "authenticate", "token": token})["code"] == "unauthenticated"
    assert socket.receive() == CLOSED


def test_before_signing_in_nothing_can_be_asked(open_socket: OpenSocket, sensor: Device) -> None:
    socket = open_socket()
    socket.receive()
    refusal = socket.ask({"type": "subscribe", "id": "x", "devices": ["sensor"]})
    assert refusal["code"] == "unauthenticated"
    assert socket.receive() == CLOSED


def test_who_does_not_sign_in_is_hung_up_on(open_socket: OpenSocket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(person_socket, "AUTHENTICATE_WITHIN", 0)
    socket = open_socket()
    assert socket.receive()["type"] == "authenticate"
    assert socket.receive()["code"] == "unauthenticated"
    assert socket.receive() == CLOSED


def test_a_viewer_of_another_project_is_told_that_the_device_does_not_exist(
    live: Live, charlie: User, sensor: Device
) -> None:
    socket = live(charlie)
    invisible = socket.ask({"type": "subscribe", "id": "x", "devices": ["sensor"]})
    unknown = socket.ask({"type": "subscribe", "id": "x", "devices": ["nobody"]})
    assert invisible["code"] == "not_found"
    assert unknown == {**invisible, "detail": invisible["detail"].replace("sensor", "nobody")}


def test_nor_does_the_project(live: Live, charlie: User, acme: Project) -> None:
    socket = live(charlie)
    invisible = socket.ask({"type": "subscribe", "id": "x", "project": "acme"})
    unknown = socket.ask({"type": "subscribe", "id": "x", "project": "none"})
    assert invisible["code"] == "not_found"
    assert unknown == {**invisible, "detail": invisible["detail"].replace("acme", "none")}


def test_the_devices_that_can_be_seen_are_told_of_all_the_same(live: Live, charlie: User, globex: Project) -> None:
    DeviceFactory.create(device_id="sensor")
    DeviceFactory.create(device_id="own", project=globex)
    socket = live(charlie)
    assert socket.ask({"type": "subscribe", "id": "x", "devices": ["sensor", "own"]})["code"] == "not_found"
    assert socket.receive()["devices"].keys() == {"own"}


def test_a_superuser_sees_every_project(live: Live, root: User, sensor: Device) -> None:
    assert live(root).ask({"type": "subscribe", "id": "x", "devices": ["sensor"]})["type"] == "state"


def test_who_is_removed_from_the_project_hears_no_more(live: Live, vera: User, sensor: Device) -> None:
    socket = live(vera)
    socket.ask({"type": "subscribe", "id": "x", "devices": ["sensor"]})
    Membership.objects.get(user=vera).delete()
    assert socket.receive()["code"] == "not_found"
    stream.push({"sensor": {"project": sensor.project_id, "presence": "online", "last_message": NOON}})
    assert socket.receive_nothing()


def test_who_stays_in_another_project_keeps_its_devices(
    live: Live, vera: User, sensor: Device, globex: Project
) -> None:
    MembershipFactory.create(user=vera, project=globex)
    DeviceFactory.create(device_id="other", project=globex)
    socket = live(vera)
    socket.ask({"type": "subscribe", "id": "x", "devices": ["sensor", "other"]})
    Membership.objects.get(user=vera, project=sensor.project).delete()
    assert socket.receive()["code"] == "not_found"
    assert socket.receive()["devices"].keys() == {"other"}


def test_logging_out_closes_the_sockets_of_that_session(open_socket: OpenSocket, window: Client) -> None:
    socket = open_socket({**PAGE, "cookie": session_cookie(window)})
    socket.receive()
    window.logout()
    assert socket.receive()["code"] == "unauthenticated"
    assert socket.receive() == CLOSED


def test_but_not_those_of_another_window(live: Live, window: Client, vera: User) -> None:
    socket = live(vera)
    window.logout()
    assert socket.receive_nothing()


def test_logging_out_while_the_socket_is_opened_closes_it(
    open_socket: OpenSocket, window: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look_up_and_log_out(session_key: str) -> Visitor | None:
        visitor = visitor_with_session(session_key)
        window.logout()
        return visitor

    monkeypatch.setattr(person_socket, "visitor_with_session", look_up_and_log_out)
    socket = open_socket({**PAGE, "cookie": session_cookie(window)})
    frames = [socket.receive(), socket.receive(), socket.receive()]
    assert [frame.get("code") for frame in frames] == [None, "unauthenticated", 4401]


def test_deactivation_while_the_socket_is_opened_closes_it(
    open_socket: OpenSocket, window: Client, vera: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look_up_and_deactivate(session_key: str) -> Visitor | None:
        visitor = visitor_with_session(session_key)
        vera.is_active = False
        vera.save()
        return visitor

    monkeypatch.setattr(person_socket, "visitor_with_session", look_up_and_deactivate)
    socket = open_socket({**PAGE, "cookie": session_cookie(window)})
    frames = [socket.receive(), socket.receive(), socket.receive()]
    assert [frame.get("code") for frame in frames] == [None, "unauthenticated", 4401]


def test_a_password_change_closes_the_sockets(live: Live, vera: User) -> None:
    socket = live(vera)
    vera.set_password("another horse")
    vera.save()
    assert socket.receive()["code"] == "unauthenticated"
    assert socket.receive() == CLOSED


@pytest.mark.parametrize("with_token", [False, True])
def test_deactivation_closes_the_sockets(live: Live, open_socket: OpenSocket, vera: User, with_token: bool) -> None:
    if with_token:
        socket = open_socket()
        socket.receive()
        socket.ask({"type": "authenticate", "token": access_token(vera)})
    else:
        socket = live(vera)
    vera.is_active = False
    vera.save()
    assert socket.receive()["code"] == "unauthenticated"
    assert socket.receive() == CLOSED


def test_deletion_closes_the_sockets(live: Live, vera: User) -> None:
    socket = live(vera)
    vera.delete()
    assert socket.receive()["code"] == "unauthenticated"
    assert socket.receive() == CLOSED


def test_signing_in_is_nothing_to_tell_sockets(transactional_db: None, vera: User, redis_client: redis.Redis) -> None:
    redis_client.delete(STREAM)
    Client().force_login(vera)
    assert not redis_client.exists(STREAM)


def brief_token(user: User, seconds: int) -> str:
    token = AccessToken.for_user(user)
    token.set_exp(lifetime=timedelta(seconds=seconds))
    return str(token)


def test_the_client_is_told_that_its_token_expires(open_socket: OpenSocket, vera: User) -> None:
    socket = open_socket()
    socket.receive()
    socket.ask({"type": "authenticate", "token": brief_token(vera, seconds=50)})
    hint = socket.receive()
    assert hint["type"] == "expiring"
    assert 0 < hint["seconds"] <= 50


def test_but_not_long_before(open_socket: OpenSocket, vera: User) -> None:
    socket = open_socket()
    socket.receive()
    socket.ask({"type": "authenticate", "token": access_token(vera)})
    assert socket.receive_nothing()


def test_a_new_token_keeps_the_subscriptions(open_socket: OpenSocket, vera: User, sensor: Device) -> None:
    socket = open_socket()
    socket.receive()
    socket.ask({"type": "authenticate", "token": access_token(vera)})
    socket.ask({"type": "subscribe", "id": "x", "devices": ["sensor"]})
    assert socket.ask({"type": "authenticate", "token": access_token(vera)})["type"] == "ready"
    stream.push({"sensor": {"project": sensor.project_id, "presence": "online", "last_message": NOON}})
    assert socket.receive()["type"] == "change"


def test_the_token_of_another_user_does_not(open_socket: OpenSocket, vera: User, charlie: User) -> None:
    socket = open_socket()
    socket.receive()
    socket.ask({"type": "authenticate", "token": access_token(vera)})
    assert socket.ask({"type": "authenticate", "token": access_token(charlie)})["code"] == "bad_request"


def test_a_token_that_has_expired_closes_the_socket(open_socket: OpenSocket, vera: User) -> None:
    socket = open_socket()
    socket.receive()
    socket.ask({"type": "authenticate", "token": brief_token(vera, seconds=2)})
    assert socket.receive()["type"] == "expiring"
    assert socket.receive()["code"] == "unauthenticated"
    assert socket.receive() == CLOSED


def test_a_path_where_there_is_no_socket_is_refused(open_socket: OpenSocket) -> None:
    assert not open_socket(path="/ws/nothing/").connected
