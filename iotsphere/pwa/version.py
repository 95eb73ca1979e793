"""Which files the portal's pages are made of, and what changes when one of them does."""

from functools import cache
from hashlib import sha256
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage

from telemetry.charts import SCRIPTS

STATIC = settings.BASE_DIR / "static"
KINDS = {".css", ".js", ".png", ".svg"}
# Of the admin, of the API's pages, of the worker itself.
ELSEWHERE = (
    "css/admin", "css/api", "css/styleguide", "js/admin", "js/api.js", "js/docs.js", "js/styleguide", "js/worker/",
)  # fmt: skip
VENDOR = (*SCRIPTS, "leaflet/leaflet.js", "leaflet/leaflet.css")


def version() -> str:
    return _written(_files()) if settings.DEBUG else _version_at_start()


def shell() -> list[str]:
    """The addresses of all that pages for operators may ask for.

    Scripts under their plain names too: those that import each other know no others.
    """
    names = [path.relative_to(STATIC).as_posix() for path in _files()]
    used = [name for name in names if not name.startswith(ELSEWHERE)] + [f"vendor/{file}" for file in VENDOR]
    plain = [settings.STATIC_URL + name for name in used if name.startswith("js/")]
    return sorted({*map(staticfiles_storage.url, used), *plain})


def _files() -> list[Path]:
    return sorted(path for path in STATIC.rglob("*") if path.suffix in KINDS)


@cache
def _version_at_start() -> str:
    return _written(_files())


def _written(files: list[Path]) -> str:
    digest = sha256()
    for path in [*files, settings.BASE_DIR / "package-lock.json", settings.BASE_DIR / "templates/pwa/offline.html"]:
        digest.update(path.as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:12]
