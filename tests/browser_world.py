"""The test shop in a server of its own, and browser windows on it: what tests in a browser share.

Every test leaves pictures of what it saw in PALATE_SCREENSHOTS, or in pytest's own folder.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: pip install 'palate[dev]'")
expect = sync_api.expect

ROOT = Path(__file__).resolve().parent.parent
AXE = Path(sys.prefix) / "axe" / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = os.environ.get("PALATE_CHROMIUM") or shutil.which("chromium") or ""
WAIT_MS = 60_000
LIKED = re.compile("^You liked “")
expect.set_options(timeout=WAIT_MS)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the app on the test shop, in a server of its own."""
    with serve_shop(tmp_path_factory.mktemp("shop"), free_port()) as address:
        yield address


@contextmanager
def serve_shop(folder: Path, port: int, *options: str, environ: Mapping[str, str] | None = None) -> Iterator[str]:
    """Serve the test shop from that folder until the end, and give its address. options: for Streamlit, as well."""
    shutil.copytree(ROOT / "ui" / ".streamlit", folder / ".streamlit")
    (folder / "app.py").write_text(
        f"import sys\nsys.path.insert(0, {str(ROOT)!r})\nfrom tests.browser_shop import draw\n\ndraw()\n"
    )
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    command += ["--server.address", "127.0.0.1", "--server.headless", "true", *options]
    environment = os.environ | {"PALATE_TEST_HOME": str(folder / "home"), "PALATE_PROFILE": "demo"} | (environ or {})
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
        try:
            _wait_for(f"http://127.0.0.1:{port}/_stcore/health", server, folder / "server.log")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(30)


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.3)
    raise AssertionError(f"the server did not start: {log.read_text()[-2000:]}")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def look(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Any, str], None]:
    """Keeps a picture of a page, under the name of the test."""
    given = os.environ.get("PALATE_SCREENSHOTS")
    folder = Path(given) if given else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"\W+", "-", request.node.name)

    def keep(page: Any, what: str) -> None:
        page.wait_for_timeout(400)
        page.screenshot(path=folder / f"{name}-{what}.png")

    return keep


class Visit:
    """A browser window of one person. foreign: every address outside the server that a page asked for."""

    def __init__(self, browser: Any, address: str, **settings: Any) -> None:
        self.address, self.foreign = address, list[str]()
        self.context = browser.new_context(viewport={"width": 1280, "height": 900}, **settings)
        self.context.route(re.compile(r"^(?!http://127\.0\.0\.1|data:|blob:)"), self._refuse)
        self.context.set_default_timeout(WAIT_MS)
        self.page = self.open()

    def open(self, path: str = "/") -> Any:
        page = self.context.new_page()
        page.goto(f"{self.address}{path}")
        expect(page.get_by_text("Palate").first).to_be_visible(timeout=WAIT_MS)
        return page

    def say(self, message: str, page: Any = None) -> None:
        page = page or self.page
        page.get_by_test_id("stChatInputTextArea").fill(message)
        page.get_by_test_id("stChatInputTextArea").press("Enter")
        expect(page.get_by_role("button", name="Stop")).to_have_count(0, timeout=WAIT_MS)

    def close(self) -> None:
        self.context.close()

    def _refuse(self, route: Any) -> None:
        self.foreign.append(route.request.url)
        route.abort()


@pytest.fixture
def visit(shop: str, browser: Any) -> Iterator[Callable[..., Visit]]:
    made: list[Visit] = []

    def begin(person: str, **settings: Any) -> Visit:
        made.append(Visit(browser, shop, **settings))
        made[-1].page.goto(f"{shop}/?person={person}")
        return made[-1]

    yield begin
    for one in made:
        one.close()
    assert [one for every in made for one in every.foreign] == [], "a page asked something of a foreign server"


def cards(page: Any) -> Any:
    return page.locator('[class*="st-key-card-turn-"]')


def settled(page: Any) -> None:
    """Wait until the script of the page has run, and everything it drew is there."""
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning", timeout=WAIT_MS)
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)


def serious(page: Any, *, tries: int = 4) -> list[str]:
    """What axe calls serious or worse on a page, with where it stands; looked at anew while things still fade in."""
    settled(page)
    page.add_script_tag(path=AXE)
    for _ in range(tries):
        page.wait_for_timeout(1000)
        violations = page.evaluate("async () => (await axe.run(document, {resultTypes: ['violations']})).violations")
        worst = [one for one in violations if one["impact"] in ("serious", "critical")]
        if not worst:
            break
    return [f"{one['id']}: {node['html'][:120]}: {node['any'][0]['message']}" for one in worst for node in one["nodes"]]
