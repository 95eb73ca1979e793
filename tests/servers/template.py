"""The database that all migrations have made, once for a run: each of its workers copies it, for they take seconds."""

import os
import shutil
import sys
from pathlib import Path

import psycopg
from django.db import connection

from tests.servers.child import Child
from tests.waiting import wait_until

NAME = "template_of_tests"
PATIENCE = 300


def start_migrating() -> Child:
    """Migrate the template beside whatever else begins a run."""
    folder = _folder()
    url = os.environ["DATABASE_URL"]
    if url.startswith("sqlite"):
        url = f"sqlite:///{folder / NAME}"
    else:
        with _server() as server:
            server.execute(f"CREATE DATABASE {NAME}")
        url = f"{url.rpartition('/')[0]}/{NAME}"
    command = f'"{sys.executable}" manage.py migrate --verbosity 0 && touch "{folder}/migrated"'
    settings = {"DJANGO_SETTINGS_MODULE": "tests.settings", "DATABASE_URL": url}
    return Child("migrate", ["sh", "-c", command], folder / "migrate.log", env=settings)


def copy_template(name: str) -> None:
    """Make a database like it: a file of this path, or one of this name on the PostgreSQL of the run."""
    folder = _folder()
    wait_until((folder / "migrated").exists, PATIENCE, what=f"the template ({folder / 'migrate.log'})")
    if connection.vendor == "sqlite":
        shutil.copyfile(folder / NAME, name)
    else:
        with _server() as server:
            server.execute(f"CREATE DATABASE {name} TEMPLATE {NAME}")


def _server() -> psycopg.Connection:
    return psycopg.connect(host=str(_folder() / "postgres"), user="iotsphere", dbname="postgres", autocommit=True)


def _folder() -> Path:
    return Path(os.environ["TEST_FOLDER"])
