"""Consoles on a Mosquitto that speaks TLS."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pytest_django import Settings

from iotsphere.models import User
from tests.fixtures.console import OpenConsole
from tests.servers.brokers import Broker, Mosquitto

pytestmark = pytest.mark.once


def make_certificate(folder: Path, host: str) -> None:
    """A certificate for `host` that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder.joinpath("certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    folder.joinpath("key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[Broker]:
    """A Mosquitto behind TLS that calls itself localhost."""
    make_certificate(tmp_path, "localhost")
    broker = Mosquitto(
        tmp_path / "secure",
        [f"certfile {tmp_path / 'certificate.pem'}", f"keyfile {tmp_path / 'key.pem'}"],
    ).start()
    yield broker
    broker.stop()


def listed(broker: Broker, host: str, ca: Path) -> list[str]:
    return [f"Plant=mqtts://{host}:{broker.port}?ca={ca}&network=127.0.0.0/8&network=::1/128"]


def test_messages_pass_through_tls(
    console: OpenConsole, root: User, secure: Broker, settings: Settings, tmp_path: Path
) -> None:
    settings.MQTT_CONSOLE_BROKERS = listed(secure, "localhost", tmp_path / "certificate.pem")
    opened = console(root)
    opened.connect("Plant")
    opened.subscribe("plant/#", 2)
    opened.send("publish_mqtt", topic="plant/1", payload="through", qos=2)
    assert opened.messages()[0]["payload"] == "through"


def test_a_certificate_for_another_name_is_not_trusted(
    console: OpenConsole, root: User, secure: Broker, settings: Settings, tmp_path: Path
) -> None:
    """The address is that of the broker, but it proves another name: as one does who has taken over the DNS."""
    settings.MQTT_CONSOLE_BROKERS = listed(secure, "127.0.0.1", tmp_path / "certificate.pem")
    opened = console(root)
    opened.send("connect_mqtt", broker="Plant")
    assert "not trusted" in opened.until("mqtt_event", event="disconnected")["detail"]


def test_nor_is_one_of_another_authority(
    console: OpenConsole, root: User, secure: Broker, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    make_certificate(tmp_path / "other", "localhost")
    settings.MQTT_CONSOLE_BROKERS = listed(secure, "localhost", tmp_path / "other" / "certificate.pem")
    opened = console(root)
    opened.send("connect_mqtt", broker="Plant")
    assert "not trusted" in opened.until("mqtt_event", event="disconnected")["detail"]


def test_a_file_of_the_authority_that_is_missing_is_told(
    console: OpenConsole, root: User, secure: Broker, settings: Settings, tmp_path: Path
) -> None:
    settings.MQTT_CONSOLE_BROKERS = listed(secure, "localhost", tmp_path / "missing.pem")
    assert console(root).ask("connect_mqtt", broker="Plant")["code"] == "unreachable"
