"""Who is who at the broker, and what each may do there.

A device may have two passwords at a time, and brokers know one a user: every credential has the user name
`<device id>~<public id>`, and in Mosquitto's files the oldest live one of a device the plain `<device id>` too. So what
a device uses goes on working while its successor is tried out. A certificate's user name is its common name; that of
another authority's its subject, which no pattern makes a device's, for no device ID has a "=".
"""

from django.conf import settings

from devices.authority import common_name
from devices.models import Credential, CredentialKind, ProvisioningKey
from devices.mqtt import parse_url

DEVICES_WRITE = ("telemetry", "status", "twin/reported", "command/+/reply")
DEVICES_READ = ("twin/desired", "command")


def user_name(credential: Credential) -> str:
    """The simplest name under which the broker takes this credential for as long as it lives."""
    plain = credential.device.device_id
    if credential.kind != CredentialKind.MQTT or settings.BROKER_ACCESS == "dynsec" or plain == portal_user():
        return long_user_name(credential)
    elder = credential.device.credentials.live().filter(kind=CredentialKind.MQTT, pk__lt=credential.pk)
    return long_user_name(credential) if elder.exists() else plain


def long_user_name(credential: Credential) -> str:
    if credential.is_foreign:
        return credential.subject
    if credential.kind == CredentialKind.X509:
        return common_name(credential.public_id)
    return f"{credential.device.device_id}~{credential.public_id}"


def is_certificate(user: str) -> bool:
    return user.startswith("~") or "=" in user


def provisioning_user(key: ProvisioningKey) -> str:
    """The user that devices come as which have nothing but a provisioning key."""
    return f"provision~{key.public_id}"


def provisioning_topics(key: ProvisioningKey) -> tuple[str, str]:
    """What it may write, and what it may read."""
    return f"app/provision/{key.public_id}/request", f"app/provision/{key.public_id}/reply/+"


def portal_user() -> str:
    return parse_url(settings.MQTT_URL).username or ""
