"""A real Chromium that reports everything that a page should never do."""

import os
import re
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    StorageState,
    async_playwright,
    expect,
)
from tests.support.database import temporary_folder
from tests.support.process import ServeProcess, run_command, serve

# A loaded machine is slow, not wrong: expectations wait as long as pages do.
expect.set_options(timeout=20_000)

_FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
#: The scripted model only: what else listens on this machine is no part of a test.
ENVIRONMENT: Final = {"SAMOVAR_BACKENDS_SCRIPTED": "true", "SAMOVAR_BACKENDS_DISCOVER": "false"}
_AXE: Final = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"


def chromium_path() -> str:
    """Where Chromium is; the setup script leaves these tests out when there is none."""
    named = os.environ.get("CHROMIUM_PATH")
    found = named or shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert found, "no Chromium: install it or set CHROMIUM_PATH"
    return found


@dataclass(slots=True)
class Watched:
    """A page and what it did wrong."""

    page: Page
    context: BrowserContext
    faults: list[str] = field(default_factory=list)
    foreign_requests: list[str] = field(default_factory=list)

    @property
    def input(self) -> Locator:
        """Where messages are written, in either language."""
        return self.page.get_by_role("textbox", name=re.compile("^(Message|Сообщение)"))

    async def say(self, text: str) -> None:
        """Write a message and send it with Enter."""
        await self.input.fill(text)
        await self.input.press("Enter")

    async def axe(self) -> list[str]:
        """What axe-core holds against the page as it is now."""
        await self.page.evaluate(_AXE.read_text())
        found: dict[str, Any] = await self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{violation['id']}: {node['target']} {node['failureSummary']}"
            for violation in found["violations"]
            for node in violation["nodes"]
        ]


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=chromium_path(), args=list(_FLAGS))
        yield opened
        await opened.close()


@dataclass(frozen=True, slots=True)
class Server:
    """The command as users run it, with the scripted model, and a signed-in browser's cookies."""

    process: ServeProcess
    data_dir: Path
    cookies: StorageState

    @property
    def address(self) -> str:
        return self.process.address

    def new_link(self) -> str:
        """What a person makes who has lost the link."""
        port = self.address.rsplit(":", 1)[1]
        done = run_command("link", "--data-dir", str(self.data_dir), "--port", port)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@asynccontextmanager
async def open_server(browser: Browser, environment: Mapping[str, str]) -> AsyncIterator[Server]:
    """Start the command in a folder of its own, and sign in."""
    with (
        temporary_folder() as data_dir,
        serve(data_dir, "--no-engine", environment={**ENVIRONMENT, **environment}) as process,
    ):
        context = await browser.new_context()
        page = await context.new_page()
        await page.goto(process.link)
        await page.wait_for_url(process.address + "/")
        await page.get_by_role("textbox").last.wait_for()
        cookies = await context.storage_state()
        await context.close()
        # Only the cookie: what a page remembers for itself would be shared by all tests.
        yield Server(process, data_dir, {"cookies": cookies["cookies"], "origins": []})


@pytest.fixture(scope="session")
async def server(browser: Browser) -> AsyncIterator[Server]:
    async with open_server(browser, {}) as opened:
        yield opened


async def watch(browser: Browser, **options: Any) -> Watched:
    """Open a page of its own that is watched for everything it should not do."""
    context = await browser.new_context(**options)
    page = await context.new_page()
    page.set_default_timeout(20_000)
    watched = Watched(page, context)

    def on_console(message: ConsoleMessage) -> None:
        # A refused request is part of some tests; the page tells about it in words.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            watched.faults.append(f"console {message.type}: {message.text}")

    page.on("console", on_console)
    page.on("pageerror", lambda error: watched.faults.append(f"page error: {error}"))
    page.on("dialog", lambda dialog: watched.faults.append(f"dialog: {dialog.message}"))
    await page.add_init_script(
        "document.addEventListener('securitypolicyviolation', (event) =>"
        " console.error('CSP violation: ' + event.violatedDirective + ' ' + event.blockedURI))"
    )

    def on_request(url: str) -> None:
        if not url.startswith(("data:", "blob:")):
            watched.foreign_requests.append(url)

    page.on("request", lambda request: on_request(request.url))
    return watched


@pytest.fixture
async def watched(browser: Browser, server: Server) -> AsyncIterator[Watched]:
    """A signed-in English page on a desktop; the test fails when the page did anything wrong."""
    opened = await watch(browser, viewport={"width": 1280, "height": 800}, locale="en-US", storage_state=server.cookies)
    await opened.page.goto(server.address)
    yield opened
    await opened.context.close()
    assert opened.faults == []
