from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from devices.authority import authority
from devices.revocation import revocation_list

PEM = "application/x-pem-file"


@require_safe
def authority_certificate(request: HttpRequest) -> HttpResponse:
    """The root that devices and brokers trust. It is no secret."""
    return HttpResponse(authority().pem, content_type=PEM)


@require_safe
def revoked_certificates(request: HttpRequest) -> HttpResponse:
    return HttpResponse(revocation_list(), content_type=PEM)
