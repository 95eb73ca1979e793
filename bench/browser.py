"""A browser in which the administrator of the installation is signed in; its files are packed, as in production."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import BrowserContext, sync_playwright

from tests.servers.installation import ACCOUNT, Installation
from tests.servers.ports import ReservedPort

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@contextmanager
def signed_in(installation: Installation) -> Iterator[tuple[BrowserContext, int]]:
    """The browser, and the port at which others steer it too."""
    if "web" not in installation.processes:
        installation.environment["STATIC_ROOT"] = str(installation.folder / "static")
        installation.manage("collectstatic", "--noinput")
        installation.start_web()
    port = ReservedPort().release()
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            installation.folder / f"browser-{port}",
            executable_path=shutil.which("chromium"),
            args=[*FLAGS, f"--remote-debugging-port={port}"],
            base_url=f"http://{installation.host}",
            viewport={"width": 1440, "height": 900},
        )
        page = context.new_page()
        page.goto("/login/")
        page.fill("[name=username]", ACCOUNT["username"])
        page.fill("[name=password]", ACCOUNT["password"])
        page.keyboard.press("Enter")
        page.wait_for_selector("#fleet")
        page.close()
        yield context, port
        context.close()


def cookies_of(context: BrowserContext) -> dict[str, str]:
    return {str(cookie.get("name")): str(cookie.get("value")) for cookie in context.cookies()}
