"""The app in a real browser, as a person sees it. `make test-browser`; skipped where no browser is.

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
PAGES = ("", "taste", "catalogue", "traces", "models", "results")
expect.set_options(timeout=WAIT_MS)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="no Chromium is installed; name one in PALATE_CHROMIUM"),
]


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
    """Wait until the script of the page has run."""
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning", timeout=WAIT_MS)


def test_a_first_conversation(visit, look):
    ann = visit("ann")
    expect(ann.page.get_by_role("heading", name="What are you in the mood for?")).to_be_visible()
    expect(ann.page.get_by_role("button", name=re.compile("under .* EUR"))).to_be_visible()
    look(ann.page, "greeting")
    ann.say("something with an owl, under 90 EUR")
    expect(cards(ann.page)).to_have_count(4)
    expect(ann.page.get_by_text("likely to suit you").first).to_be_visible()
    alt = cards(ann.page).first.get_by_role("img").first.get_attribute("alt")
    assert " print of " in alt, "a picture tells what it shows"
    look(ann.page, "answer")


def test_a_like_changes_the_taste_beside_the_chat_and_can_be_taken_back(visit, look):
    bob = visit("bob")
    bob.say("something with a fox")
    for place in range(2):
        cards(bob.page).nth(place).get_by_role("radio").first.click()
        expect(bob.page.get_by_text(LIKED)).to_have_count(place + 1)
        settled(bob.page)
    expect(bob.page.get_by_text("Your taste changed:")).to_be_visible()
    taste = bob.page.locator(".st-key-taste")
    expect(taste.get_by_text(re.compile("^They like"))).to_be_visible()
    look(bob.page, "liked")
    bob.page.get_by_role("button", name="Undo").first.click()
    expect(bob.page.get_by_text("You took back your thumb")).to_be_visible()
    settled(bob.page)
    look(bob.page, "taken-back")


def test_a_reload_and_a_second_tab_go_on_with_the_thread(visit, look):
    eve = visit("eve")
    eve.say("something with a whale")
    first = cards(eve.page).first.inner_text()
    assert "thread=" in eve.page.url
    eve.page.reload()
    expect(eve.page.get_by_text("something with a whale").first).to_be_visible()
    expect(cards(eve.page).first).to_contain_text(first.splitlines()[0])
    second = eve.open(eve.page.url.removeprefix(eve.address))
    expect(cards(second)).to_have_count(4)
    eve.say("another one", second)
    expect(cards(second)).to_have_count(8)
    second.get_by_text("Conversations").first.click()
    expect(second.get_by_role("button", name="something with a whale")).to_be_visible()
    look(second, "second-tab")


def test_a_card_is_explained_down_to_its_row_in_the_trace(visit, look):
    kim = visit("kim")
    kim.say("a calm print under 90 EUR")
    title = cards(kim.page).nth(1).locator('[class*="st-key-title-"]').inner_text()
    cards(kim.page).nth(1).get_by_role("link", name="Why this?").click()
    expect(kim.page.get_by_text(f"Why “{title}”?")).to_be_visible()
    expect(kim.page.get_by_text("and it was shown at place 2.")).to_be_visible()
    assert "/traces" in kim.page.url
    settled(kim.page)
    look(kim.page, "why")
    kim.page.get_by_role("heading", name="Decisions").scroll_into_view_if_needed()
    expect(kim.page.get_by_test_id("stDataFrame")).to_be_visible()
    look(kim.page, "decisions")
    call = kim.page.get_by_text(re.compile(r"^responder · ")).last
    call.scroll_into_view_if_needed()
    call.click()
    expect(kim.page.get_by_text("You recommend items").first).to_be_visible()
    look(kim.page, "call")
    kim.page.get_by_role("link", name="All traces").click()
    expect(kim.page.get_by_role("link", name="a calm print under 90 EUR")).to_be_visible()
    settled(kim.page)
    look(kim.page, "list")


def test_a_fact_is_edited_and_the_edit_undone(visit, look):
    lea = visit("lea")
    lea.page.goto(f"{lea.address}/taste?person=lea")
    expect(lea.page.get_by_text("Nothing is believed about your taste yet")).to_be_visible()
    look(lea.page, "empty")
    lea.page.get_by_label("What about it").fill("subject")
    lea.page.get_by_label("Which").fill("owl")
    lea.page.get_by_role("button", name="Add", exact=True).click()
    expect(lea.page.get_by_text("subject: owl 📌").first).to_be_visible()
    lea.page.get_by_text("Why, and put it right").click()
    expect(lea.page.get_by_text("your own hand", exact=True)).to_be_visible()
    look(lea.page, "why")
    lea.page.get_by_label("Which").first.fill("lighthouse")
    lea.page.get_by_role("button", name="Save").click()
    expect(lea.page.get_by_text("subject: lighthouse 📌").first).to_be_visible()
    lea.page.get_by_text(re.compile("^Version 2")).click()
    expect(lea.page.get_by_text(re.compile("added like subject.?: lighthouse"))).to_be_visible()
    look(lea.page, "changed")
    lea.page.get_by_role("button", name="Undo the last change").click()
    expect(lea.page.get_by_text("subject: owl 📌").first).to_be_visible()
    look(lea.page, "undone")


def test_the_catalogue_is_searched_and_an_item_looked_at(visit, look):
    joe = visit("joe")
    joe.page.goto(f"{joe.address}/catalogue?person=joe")
    expect(joe.page.get_by_text("48 items")).to_be_visible()
    settled(joe.page)
    look(joe.page, "grid")
    joe.page.get_by_label("Search", exact=True).last.fill("owl")
    joe.page.keyboard.press("Enter")
    expect(joe.page.get_by_text(re.compile(r"^\d+ of 48 items"))).to_be_visible()
    joe.page.locator('[class*="st-key-item-"]').first.get_by_role("link").click()
    expect(joe.page.get_by_text("What a model saw")).to_be_visible()
    expect(joe.page.get_by_text(re.compile("print of an owl")).first).to_be_visible()
    settled(joe.page)
    look(joe.page, "item")


def test_a_picture_is_sent_and_described(visit, look, tmp_path):
    from tests.ui_world import picture_bytes

    (tmp_path / "mine.png").write_bytes(picture_bytes("orange"))
    pia = visit("pia")
    expect(pia.page.get_by_text("items in the catalogue")).to_be_visible()
    pia.page.locator('input[type="file"]').first.set_input_files(tmp_path / "mine.png")
    expect(pia.page.get_by_text("mine.png").first).to_be_visible()
    pia.page.get_by_test_id("stChatInputTextArea").fill("something like this")
    pia.page.wait_for_timeout(1500)  # until the picture has arrived nothing can be sent
    pia.page.get_by_role("button", name="Send message").click()
    expect(pia.page.get_by_alt_text("the picture you sent")).to_be_visible()
    expect(cards(pia.page)).to_have_count(4)
    look(pia.page, "answer")


def test_stop_ends_the_turn_and_it_can_be_asked_again(visit, look):
    tom = visit("tom")
    tom.page.get_by_test_id("stChatInputTextArea").fill("take your time, something with a fish")
    tom.page.get_by_test_id("stChatInputTextArea").press("Enter")
    stop = tom.page.get_by_role("button", name="Stop")
    stop.click()
    expect(tom.page.get_by_text("Stopped")).to_be_visible()
    expect(stop).to_have_count(0)
    look(tom.page, "stopped")
    expect(tom.page.get_by_role("button", name="Ask again")).to_be_visible()


def test_another_profile_goes_on_with_the_conversation(visit, look):
    uma = visit("uma")
    uma.say("something with a boat")
    expect(cards(uma.page)).to_have_count(4)
    uma.page.get_by_role("link", name="Models").click()
    expect(uma.page.get_by_text("plays understanding").first).to_be_visible()
    look(uma.page, "models")
    settled(uma.page)
    uma.page.locator("summary", has_text="ollama").click()
    uma.page.locator(".st-key-use-ollama").get_by_role("button").click()
    expect(uma.page.get_by_text("ollama · in use here")).to_be_visible()
    uma.page.get_by_role("link", name="Chat").click()
    expect(uma.page.get_by_test_id("stChatMessage").get_by_text("something with a boat")).to_be_visible()
    assert "profile=ollama" in uma.page.url


def test_a_turn_is_replayed_beside_the_original(visit, look):
    ben = visit("ben")
    ben.say("something with a bridge")
    cards(ben.page).first.get_by_role("link", name="Why this?").click()
    ben.page.get_by_text("Replay, and compare").click()
    ben.page.get_by_role("button", name="Take the whole turn again").click()
    expect(ben.page.get_by_role("heading", name="Side by side")).to_be_visible()
    expect(ben.page.get_by_text("demo (replay)")).to_be_visible()
    settled(ben.page)
    look(ben.page, "beside")


def test_a_person_is_forgotten_once_their_name_is_typed(visit, look):
    zoe = visit("zoe")
    zoe.say("something with a lighthouse")
    expect(cards(zoe.page)).to_have_count(4)
    zoe.page.get_by_role("link", name="Taste").click()
    zoe.page.get_by_text("Forget me").click()
    forget = zoe.page.get_by_role("button", name="Forget everything")
    expect(forget).to_be_disabled()
    zoe.page.get_by_label("Type your name to go on").fill("zoe")
    zoe.page.get_by_label("Type your name to go on").press("Enter")
    expect(forget).to_be_enabled()
    look(zoe.page, "asked")
    forget.click()
    expect(zoe.page.get_by_text("You are forgotten")).to_be_visible()
    look(zoe.page, "proof")


def test_the_memory_is_gauged_on_the_page_of_results_and_stopped(visit, look):
    ned = visit("ned")
    ned.page.goto(f"{ned.address}/results?person=ned")
    expect(ned.page.get_by_text("Nothing was evaluated yet")).to_be_visible()
    settled(ned.page)
    look(ned.page, "empty")
    ned.page.get_by_role("button", name="Run", exact=True).click()
    expect(ned.page.get_by_text(re.compile("^Gauging the memory"))).to_be_visible()
    look(ned.page, "under-way")
    ned.page.get_by_role("link", name="Chat").click()
    expect(ned.page.get_by_role("heading", name="What are you in the mood for?")).to_be_visible()
    ned.page.get_by_role("link", name="Results").click()
    ned.page.get_by_role("button", name="Stop").click()
    expect(ned.page.get_by_text("Stopped; nothing of it was kept.")).to_be_visible()
    expect(ned.page.get_by_role("button", name="Run", exact=True)).to_be_visible()


# the contrast of every visible text with what lies behind it, WCAG 2.2, criterion 1.4.3
CONTRAST = """() => {
  const parse = (text) => {
    const numbers = text.match(/[\\d.]+/g).map(Number);
    return text.startsWith('color(') ? [...numbers.slice(0, 3).map((n) => n * 255), numbers[3] ?? 1]
      : [...numbers.slice(0, 3), numbers[3] ?? 1];
  };
  const over = (top, under) => [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3])).concat(1);
  const light = (rgb) => {
    const [r, g, b] = rgb.map((n) => n / 255).map((n) => (n <= 0.04045 ? n / 12.92 : ((n + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    const layers = [];
    for (let one = element; one; one = one.parentElement) layers.push(parse(getComputedStyle(one).backgroundColor));
    return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255, 1]);
  };
  const poor = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement, words = walker.currentNode.textContent.trim();
    const box = element.getBoundingClientRect(), style = getComputedStyle(element);
    if (!words || !box.width || !box.height || style.visibility === 'hidden' || style.opacity === '0') continue;
    const passed = 'script, style, noscript, [disabled], [aria-disabled=true], canvas, [data-testid=stToolbar], '
      + '[data-testid=stSliderThumbValue]';  // it stands above the thumb it belongs to
    if (element.closest(passed)) continue;
    const behind = ground(element), front = over(parse(style.color), behind);
    const [high, low] = [light(front), light(behind)].sort((a, b) => b - a);
    const ratio = (high + 0.05) / (low + 0.05), size = parseFloat(style.fontSize);
    const icon = element.dataset.testid === 'stIconMaterial';  // a graphic: criterion 1.4.11
    const large = icon || size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) poor.push(`${ratio.toFixed(2)}: ${words.slice(0, 40)}`);
  }
  return poor;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_and_nothing_is_wider_than_a_phone(visit, look, scheme):
    mia = visit(f"mia-{scheme}", color_scheme=scheme)
    mia.say("something with a moon")
    for place in range(2):
        cards(mia.page).nth(place).get_by_role("radio").first.click()
        expect(mia.page.get_by_text(LIKED)).to_have_count(place + 1)
        settled(mia.page)
    why = cards(mia.page).first.get_by_role("link", name="Why this?").get_attribute("href")
    person = f"person=mia-{scheme}"
    places = {
        "chat": mia.page.url.removeprefix(mia.address),
        "taste": f"/taste?{person}",
        "catalogue": f"/catalogue?{person}",
        "item": f"/catalogue?{person}&item=print-0003",
        "traces": f"/traces?{person}",
        "trace": why if why.startswith("/") else f"/{why}",
        "models": f"/models?{person}",
    }
    found = {}
    for name, place in places.items():
        page = mia.open(place)
        page.wait_for_timeout(800)
        settled(page)
        look(page, name)
        found[name] = page.evaluate(CONTRAST)
        page.set_viewport_size({"width": 390, "height": 844})
        page.wait_for_timeout(800)
        settled(page)
        look(page, f"{name}-narrow")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, f"{name} is wider than the screen"
        page.close()
    assert not any(found.values()), f"these texts stand out too little: {found}"


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed: `make test-browser` does it where npm is")
def test_axe_finds_nothing_serious_on_any_page(visit):
    sam = visit("sam")
    sam.say("something with a moon")
    cards(sam.page).first.get_by_role("radio").first.click()
    expect(sam.page.get_by_text(LIKED)).to_be_visible()
    settled(sam.page)
    why = cards(sam.page).first.get_by_role("link", name="Why this?").get_attribute("href")
    places = [*(f"/{name}?person=sam" for name in PAGES), "/catalogue?item=print-0003", f"/{why.lstrip('/')}"]
    found = {place: serious(sam.open(place)) for place in places} | {"the conversation": serious(sam.page)}
    assert not any(found.values()), found


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
