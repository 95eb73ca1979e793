"""What a browser is told of the portal as an app."""

import json
import re

import pytest
from django.conf import settings
from django.contrib.staticfiles.finders import find

from iotsphere.models import User
from tests.fixtures.clients import PageClient

pytestmark = [pytest.mark.once, pytest.mark.django_db]


def is_there(address: str) -> bool:
    return find(address.removeprefix(settings.STATIC_URL)) is not None


def test_the_manifest_has_icons_for_all_uses(pages: PageClient) -> None:
    manifest = pages(None).get("/manifest.webmanifest").json()
    assert {icon["purpose"] for icon in manifest["icons"]} == {"any", "maskable"}
    assert all(is_there(icon["src"]) for icon in manifest["icons"])
    assert manifest["start_url"] == manifest["scope"] == "/"


def test_the_worker_takes_along_files_that_are_there(pages: PageClient) -> None:
    script = pages(None).get("/sw.js").content.decode()
    [portal] = re.findall(r"const PORTAL = (.*);", script)
    shell = json.loads(portal)["shell"]
    assert {"/static/js/page.js", "/static/js/boards/widgets/chart.js"} <= set(shell)
    assert [address for address in shell if not is_there(address)] == []
    parts = re.findall(r'importScripts\("(.*)"\)', script)
    assert all(is_there(part) for part in parts)


def test_every_answer_says_whose_it_is(pages: PageClient, vera: User) -> None:
    assert pages(vera).get("/")["Portal-User"] == str(vera.pk)
    assert pages(vera).get("/api/v1/me/")["Portal-User"] == str(vera.pk)
    assert pages(None).get("/login/")["Portal-User"] == "anonymous"
    assert pages(None).get("/login/")["Portal-Version"] in pages(None).get("/sw.js").content.decode()
