"""The list of revoked certificates, for brokers and everybody else who lets devices in by their certificate."""

from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from devices.authority import authority
from devices.models import RevokedCertificate
from devices.private_file import write_privately


def revocation_list() -> str:
    """The list (PEM) as of now. While nothing changes it is the same for a day: each one made anew differs."""
    now, signer = timezone.now(), authority()
    revoked = list(
        RevokedCertificate.objects.filter(expires_at__gt=now).order_by("pk").values_list("public_id", "revoked_at")
    )
    file = Path(settings.CA_DIR) / "crl.pem"
    with suppress(FileNotFoundError):
        kept = file.read_text()
        if signer.is_up_to_date(kept, [public_id for public_id, _ in revoked], now):
            return kept
    made = signer.revocation_list(revoked, now)
    write_privately(file, made)
    return made
