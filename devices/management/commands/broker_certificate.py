from argparse import ArgumentParser
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from devices.authority import authority, key_pem, new_key
from devices.private_file import write_privately

CERTIFICATE, KEY = "broker.pem", "broker.key"


class Command(BaseCommand):
    help = "Make a key and a certificate for the MQTT broker, signed by the authority that devices have the root of."

    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("hosts", nargs="+", metavar="HOST", help="Names and IP addresses that devices connect to.")
        parser.add_argument("--folder", type=Path, default=Path(), help=f"Where {CERTIFICATE} and {KEY} are written.")
        parser.add_argument("--days", type=int, default=825, help="How long it lasts.")

    def handle(self, *, hosts: list[str], folder: Path, days: int, **options: Any) -> None:
        key, now = new_key(), timezone.now()
        signer = authority()
        certificate = signer.sign_server(key.public_key(), hosts, now + timedelta(days=days), now)
        write_privately(folder / KEY, key_pem(key))
        write_privately(folder / CERTIFICATE, certificate + signer.chain)
        self.stdout.write(f"{folder / CERTIFICATE} and {folder / KEY} are for {', '.join(hosts)}, for {days} days.")
