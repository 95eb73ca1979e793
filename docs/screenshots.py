"""Take the pictures in docs/images from a running portal.

make run DEMO_PASSWORD=… in one terminal, and in another:
.venv/bin/python docs/screenshots.py http://localhost:8000 admin …
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

IMAGES = Path(__file__).parent / "images"
CHROMIUM_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
WIDE, NARROW = (1440, 900), (360, 740)
PAGES = {
    "fleet": ("/", WIDE),
    "fleet-phone": ("/", NARROW),
    "operations": ("/devices/WH_DEMO_01/operations/", WIDE),
    "history": ("/devices/WH_DEMO_01/history/", WIDE),
    "admin": ("/admin/", WIDE),
}


def main(base: str, username: str, password: str) -> None:
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM_FLAGS)
        for name, (path, size) in PAGES.items():
            take(browser, base, (username, password), path, size, IMAGES / f"{name}.png")


def take(
    browser: Browser, base: str, account: tuple[str, str], path: str, size: tuple[int, int], picture: Path
) -> None:
    width, height = size
    page = browser.new_context(viewport={"width": width, "height": height}, color_scheme="dark").new_page()
    page.goto(f"{base}/login/?next={path}")
    page.fill("[name=username]", account[0])
    page.fill("[name=password]", account[1])
    page.keyboard.press("Enter")
    page.wait_for_url(base + path)
    page.wait_for_timeout(4000)  # for values to move and charts to be drawn
    page.screenshot(path=picture)
    page.context.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
