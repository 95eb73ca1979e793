"""A version's page in the admin makes its baselines."""

import json

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse

from devices.models import Project
from iotsphere.models import User
from mlmonitor.models import Baseline
from tests.fixtures.clients import PageClient
from tests.mlmonitor.rows import model_of

pytestmark = pytest.mark.once


def test_a_baseline_is_made_of_a_profile_or_it_is_said_why_not(acme: Project, alice: User, pages: PageClient) -> None:
    alice.is_staff = True
    alice.save()
    client, version = pages(alice), model_of(acme).versions.get()
    place = reverse("admin:mlmonitor_modelversion_baseline_of_profile", args=[version.pk])
    assert "Profile, JSON" in client.get(place).content.decode()
    for flow, words in (
        ({"edges": [5], "counts": [500], "mean": 5, "deviation": 1}, "flow: 1 edges make 2 bins"),
        ({"edges": [5], "counts": [500, 400], "mean": 5, "deviation": 1}, "A baseline of 900 rows."),
    ):
        said = json.dumps({"features": {"flow": flow}})
        answer = client.post(place, {"confirmed": "yes", "kind": "training", "profile": said})
        assert words in str([str(message) for message in get_messages(answer.wsgi_request)])
    assert Baseline.objects.get().created_by == alice
