"""What people say of themselves, and where they are signed in."""

from datetime import timedelta

import pytest
from django.test import Client, override_settings
from django.utils import timezone

from devices.models import Project
from iotsphere.accounts.sign_ins import browser_in_words, forget_over
from iotsphere.models import SignIn, User
from tests.factories import NOON, PASSWORD, DeviceFactory, MetricFactory
from tests.fixtures.clients import PageClient

pytestmark = [pytest.mark.once, pytest.mark.django_db]
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
NEW = "a-new-and-long-one-7"


def signed_in(user: User, agent: str = FIREFOX) -> Client:
    client = Client(HTTP_USER_AGENT=agent)
    client.post("/login/", {"username": user.username, "password": PASSWORD})
    return client


def test_the_time_zone_and_the_name_are_changed(pages: PageClient, vera: User) -> None:
    client = pages(vera)
    wrong = client.post("/profile/", {"form": "about", "email": "no address", "time_zone": "Mars/Olympus"})
    assert wrong.status_code == 400
    client.post("/profile/", {"form": "about", "first_name": "Vera", "time_zone": "Asia/Tokyo"})
    vera.refresh_from_db()
    assert (vera.first_name, str(vera.time_zone)) == ("Vera", "Asia/Tokyo")
    assert 'data-time-zone="Asia/Tokyo"' in client.get("/profile/").content.decode()


@override_settings(LANGUAGES=[("en", "English"), ("de", "Deutsch")])
def test_pages_are_in_the_language_that_is_chosen(pages: PageClient, vera: User, acme: Project) -> None:
    client = pages(vera)
    assert 'value="de"' in client.get("/profile/").content.decode()
    assert client.post("/profile/", {"form": "about", "language": "fr"}).status_code == 400
    client.post("/profile/", {"form": "about", "language": "de"})
    SignIn.objects.update(began_at=NOON)
    profile = client.get("/profile/").content.decode()
    assert '<html lang="de"' in profile
    assert "19 Dez" in profile
    device = DeviceFactory.create(project=acme)
    MetricFactory.create(device=device, last_value=1234.5, last_time=NOON)
    assert "1.234,5" in client.get(device.get_absolute_url()).content.decode()


def test_one_language_is_no_choice(pages: PageClient, vera: User) -> None:
    assert 'name="language"' not in pages(vera).get("/profile/").content.decode()


def test_every_browser_is_listed_until_it_signs_out(vera: User, oscar: User) -> None:
    here, there = signed_in(vera), signed_in(vera, "curl/8.0")
    signed_in(oscar)
    page = here.get("/profile/")
    assert sorted(browser for _, browser in page.context["sign_ins"]) == ["Firefox on Linux", "curl/8.0"]
    assert "This browser" in page.content.decode()
    there.post("/logout/")
    assert [browser for _, browser in here.get("/profile/").context["sign_ins"]] == ["Firefox on Linux"]


def test_another_browser_is_signed_out_and_nobody_elses(vera: User, oscar: User) -> None:
    here, there, his = signed_in(vera), signed_in(vera), signed_in(oscar)
    theirs = SignIn.objects.get(session_key=his.session.session_key)
    assert here.post(f"/profile/sign-ins/{theirs.pk}/end/").status_code == 404
    other = SignIn.objects.get(session_key=there.session.session_key)
    here.post(f"/profile/sign-ins/{other.pk}/end/")
    assert there.get("/profile/").status_code == 302
    third = signed_in(vera)
    here.post("/profile/sign-ins/end-others/")
    assert [client.get("/profile/").status_code for client in (here, third, his)] == [200, 302, 200]


def test_a_new_password_signs_out_everywhere_else(vera: User) -> None:
    here, there = signed_in(vera), signed_in(vera)
    twice = {"form": "password", "new_password1": NEW, "new_password2": NEW}
    assert here.post("/profile/", {**twice, "old_password": "wrong"}).status_code == 400
    assert here.post("/profile/", {**twice, "old_password": PASSWORD}).status_code == 302
    vera.refresh_from_db()
    assert vera.check_password(NEW)
    assert len(here.get("/profile/").context["sign_ins"]) == 1
    assert there.get("/profile/").status_code == 302


def test_last_seen_moves_on_and_what_is_over_is_forgotten(vera: User) -> None:
    client = signed_in(vera)
    session = client.session
    session["seen_at"] = 0
    session.save()
    long_ago = timezone.now() - timedelta(days=30)
    SignIn.objects.update(seen_at=long_ago)
    client.get("/profile/")
    assert SignIn.objects.get().seen_at > long_ago
    SignIn.objects.update(seen_at=long_ago)
    assert forget_over() == 1


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/130 Safari/537 Edg/130", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18 Mobile Safari/604", "Safari on iPhone"),
        ("", "Unknown browser"),
    ],
)  # fmt: skip
def test_a_browser_is_named_for_people(agent: str, words: str) -> None:
    assert browser_in_words(agent) == words
