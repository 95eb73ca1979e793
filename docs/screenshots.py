"""Take the pictures in docs/images from a running portal.

make run DEMO_PASSWORD=… in one terminal, and in another:
.venv/bin/python docs/screenshots.py http://localhost:8000 admin …
"""

import shutil
import sys
from pathlib import Path
from urllib.parse import urlencode

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

IMAGES = Path(__file__).parent / "images"
CHROMIUM_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
WIDE, TABLET, NARROW = (1440, 900), (768, 1024), (360, 740)
PAGES = {
    "fleet": ("/", WIDE),
    "fleet-phone": ("/", NARROW),
    "fleet-groups": ("/?view=list&group=label", TABLET),
    "dashboard": ("/dashboards/1/", WIDE),
    "alerts": ("/alerts/", WIDE),
    "models": ("/models/", WIDE),
    "operations": ("/devices/WH_DEMO_01/operations/", WIDE),
    "history": ("/devices/WH_DEMO_01/history/", WIDE),
    "admin": ("/admin/", WIDE),
}
OFFLINE = ("/devices/WH_DEMO_01/operations/", NARROW)


def main(base: str, username: str, password: str) -> None:
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM_FLAGS)
        for name, (path, size) in PAGES.items():
            take(browser, base, (username, password), path, size, IMAGES / f"{name}.png")
        path, size = OFFLINE
        take(browser, base, (username, password), path, size, IMAGES / "offline-phone.png", is_offline=True)


def take(
    browser: Browser,
    base: str,
    account: tuple[str, str],
    path: str,
    size: tuple[int, int],
    picture: Path,
    *,
    is_offline: bool = False,
) -> None:
    width, height = size
    page = browser.new_context(viewport={"width": width, "height": height}, color_scheme="dark").new_page()
    page.goto(f"{base}/login/?{urlencode({'next': path})}")
    page.fill("[name=username]", account[0])
    page.fill("[name=password]", account[1])
    page.keyboard.press("Enter")
    page.wait_for_url(base + path)
    page.wait_for_timeout(4000)  # for values to move and charts to be drawn
    if is_offline:  # as it was kept
        page.reload()
        page.context.set_offline(True)
        page.reload()
        page.wait_for_timeout(2000)
    page.screenshot(path=picture)
    page.context.close()
    # A palette makes half of it, and nobody sees the difference.
    Image.open(picture).quantize(dither=Image.Dither.NONE).save(picture, optimize=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
