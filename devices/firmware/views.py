from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_safe

from devices.firmware.download import answer
from devices.firmware.links import Expired, NoLink, command_of
from devices.firmware.signing import public_key
from devices.models import FirmwareUpdate, Lifecycle
from devices.rate import is_within, seconds_left

REQUESTS_PER_MINUTE = 120
NO_LINK = "There is nothing to download here.\n"
TOO_LATE = "This address holds no longer. Ask for the command again: it comes with a new one.\n"
OVER = "This update is over.\n"
TOO_OFTEN = "Too many requests. Wait for the next minute.\n"


@require_safe
def download(request: HttpRequest, token: str) -> HttpResponseBase:
    """For whoever was given the address: the device that a command was sent to, as long as it is being updated."""
    try:
        command = command_of(token)
    except Expired:
        return _refusal(410, TOO_LATE)
    except NoLink:
        return _refusal(404, NO_LINK)
    update = update_in_force(command=command)
    if update is None:
        return _refusal(410, OVER)
    if not is_within(f"firmware:{update.device_id}", REQUESTS_PER_MINUTE):
        response = _refusal(429, TOO_OFTEN)
        response["Retry-After"] = str(int(seconds_left()) + 1)
        return response
    return answer(request, update.campaign.package)


@require_safe
def key(request: HttpRequest) -> HttpResponse:
    """By which devices check the signatures of packages. It is no secret."""
    return HttpResponse(public_key(), content_type="application/x-pem-file")


def update_in_force(**which: Any) -> FirmwareUpdate | None:
    """The update that a device has been told of, unless it is over or the device out of service."""
    updates = FirmwareUpdate.objects.open().filter(command__isnull=False, device__lifecycle=Lifecycle.ACTIVE, **which)
    return updates.select_related("campaign__package").first()


def _refusal(status: int, text: str) -> HttpResponse:
    return HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")
