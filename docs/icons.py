"""Draw the icons of the installed app in static/pwa from the portal's mark.

.venv/bin/python docs/icons.py
"""

import shutil
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

STATIC = Path(__file__).parent.parent / "static"
MARK = (STATIC / "img/favicon.svg").read_text()
# Of a maskable icon only the circle in its middle, four fifths of its width, is sure to be seen.
INSET = MARK.replace('viewBox="0 0 32 32"', 'viewBox="-5 -5 42 42"').replace('rx="8"', "")
FULL = INSET.replace('<rect width="32" height="32"', '<rect x="-5" y="-5" width="42" height="42"')
ICONS = {
    "icon-192": (MARK, 192),
    "icon-512": (MARK, 512),
    "maskable-192": (FULL, 192),
    "maskable-512": (FULL, 512),
    "apple-touch-icon": (FULL, 180),
}


def main() -> None:
    folder = STATIC / "pwa"
    (folder / "icon.svg").write_text(MARK)
    with sync_playwright() as playwright:
        page = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"]).new_page()
        for name, (drawing, size) in ICONS.items():
            draw(page, drawing, size, folder / f"{name}.png")


def draw(page: Page, drawing: str, size: int, picture: Path) -> None:
    page.set_viewport_size({"width": size, "height": size})
    page.set_content(f"<style>body {{ margin: 0 }} svg {{ display: block; width: {size}px }}</style>{drawing}")
    page.screenshot(path=picture, omit_background=True)


if __name__ == "__main__":
    main()
