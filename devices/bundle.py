"""What a device with a certificate needs, in one file to be downloaded. It is made for one answer and kept nowhere."""

import base64
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

from devices.authority import authority
from devices.models import Credential


def certificate_bundle(credential: Credential, private_key: str) -> str:
    """A data: address of a zip file with certificate, the authority's certificate and, if it was made here, the key."""
    name, content = credential.device.device_id, BytesIO()
    with ZipFile(content, "w", ZIP_DEFLATED) as bundle:
        bundle.writestr(f"{name}.pem", credential.certificate)
        bundle.writestr("ca.pem", authority().pem)
        if private_key:
            bundle.writestr(f"{name}.key", private_key)
    return f"data:application/zip;base64,{base64.b64encode(content.getvalue()).decode()}"
