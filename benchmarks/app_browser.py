"""What a person in front of the app waits for, in a real browser: the first paint, the first word, a thumb, a crowd.

Starts `palate ui` on a folder of stores that holds the demo (`PALATE_HOME=folder palate demo` makes one), drives it in
Chromium, and tells what it saw; `benchmarks/app.py --home folder` prints it. Times are taken inside the page, from the
key or the click to the change on the screen.
"""

from __future__ import annotations

import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
WAIT_S = 600
HELLO = "Hello"
MESSAGES = (
    "something calm for my study",
    "a fox, under 90 EUR",
    "a lighthouse in deep blue",
    "something with an owl",
    "a boat at night",
    "a whale, not too dark",
    "flowers for the kitchen",
    "a mountain in winter",
    "something bright with a bird",
    "a quiet landscape under 60 EUR",
)
# From the latest key or click on: when the first word of an answer, its end, or an answered thumb could be seen.
WATCH = """() => {
  window.palate = {};
  const now = () => (performance.now() - window.palate.began) / 1000;
  const all = (selector) => [...document.querySelectorAll(selector)];
  const answers = () => all('[data-testid="stChatMessage"]:not(:has([class*="st-key-asked-"]))');
  const words = () => (answers().at(-1) ? [...answers().at(-1).querySelectorAll('[data-testid="stText"]')] : [])
    .filter((one) => !one.closest('[class*="st-key-small-"], [class*="st-key-card-"]') && one.innerText.trim());
  const thumbs = () => all('[data-testid="stText"]').filter((one) => one.innerText === 'Liked').length;
  const begin = () => {
    window.palate = {began: performance.now(), answers: answers().length, thumbs: thumbs()};
  };
  document.addEventListener('pointerdown', begin, true);
  document.addEventListener('keydown', (event) => { if (event.key === 'Enter') begin(); }, true);
  setInterval(() => {
    const seen = window.palate;
    if (!seen.began) return;
    const working = document.querySelector('[data-testid="stApp"]').dataset.testScriptState !== 'notRunning'
      || all('[class*="st-key-stop-"]').length > 0;
    if (seen.word === undefined && answers().length > seen.answers && words().length) seen.word = now();
    if (seen.thumb === undefined && thumbs() > seen.thumbs) seen.thumb = now();
    const begun = answers().length > seen.answers || thumbs() > seen.thumbs;
    if (seen.end === undefined && begun && !working) seen.end = now();
  }, 10);
}"""
WRONG = '[data-testid="stException"], [data-testid="stAlertContentError"]'


@contextmanager
def serving_nothing() -> Iterator[str]:
    """A server of a page that draws one word: what Streamlit itself takes for any page."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "hello.py"
        page.write_text(f"import streamlit as st\n\nst.header({HELLO!r}, anchor=False)\n")
        command = [sys.executable, "-m", "streamlit", "run", str(page), "--server.port", str(port := _free_port())]
        command += ["--server.address", "127.0.0.1", "--server.headless", "true", "--browser.gatherUsageStats", "false"]
        with _server(command, port, dict(os.environ)) as (address, _):
            yield address


@contextmanager
def serving(home: Path, profile: str) -> Iterator[tuple[str, int]]:
    """A server of the app on these stores: its address, and the id of its process."""
    port = _free_port()
    command = [sys.executable, "-m", "palate.cli", "ui", "--headless", "--port", str(port), "--profile", profile]
    with _server(command, port, os.environ | {"PALATE_HOME": str(home)}) as server:
        yield server


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def _server(command: Sequence[str], port: int, environment: Mapping[str, str]) -> Iterator[tuple[str, int]]:
    server = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{address}/_stcore/health", server)
        yield address, server.pid
    finally:
        os.killpg(server.pid, 15)
        server.wait(60)


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    raise SystemExit("`palate ui` did not start; start it by hand to see why")


def resident_gb(pid: int) -> float:
    """What a process and its children hold in memory, in GB."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(status["VmRSS"].split()[0]) * 1024 / 1e9 + sum(resident_gb(int(child)) for child in children)


def measured(home: Path, *, profile: str, people: int, rounds: int) -> dict[str, Any]:
    """Every figure, by name, in seconds and GB; lists are told by their median and their worst."""
    from playwright.sync_api import sync_playwright

    chromium = os.environ.get("PALATE_CHROMIUM") or shutil.which("chromium")
    if not chromium:
        raise SystemExit("no Chromium is installed; name one in PALATE_CHROMIUM")
    with sync_playwright() as playwright, serving(home, profile) as (address, pid):
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        figures = {"profile": profile, **_paints(browser, address, rounds)}
        figures["before_the_model_gb"] = round(resident_gb(pid), 2)
        figures |= _one_person(browser, address, rounds)
        figures |= _crowd(browser, address, people)
        browser.close()
        return figures | {
            "load_average": round(os.getloadavg()[0], 1),
            "memory_gb": round(resident_gb(pid), 2),
            "memory_bound_gb": 2.5,
        }


def _told(seconds: Sequence[float]) -> dict[str, float]:
    return {"p50": round(statistics.median(seconds), 3), "worst": round(max(seconds), 3)}


def _paints(browser: Any, address: str, rounds: int) -> dict[str, Any]:
    """First paints, one about the other with those of a page that draws one word; the ratios are of the medians."""
    with serving_nothing() as nothing:
        _paint(browser, nothing, HELLO)  # what the browser itself does once, at its first page
        first = {"ours": _paint(browser, address), "streamlit_alone": _paint(browser, nothing, HELLO)}
        both = [(_paint(browser, address), _paint(browser, nothing, HELLO)) for _ in range(rounds)]
    told = {
        f"{what}{whose}_s": _told([pair[place][key] for pair in both])
        for what, key in (("first_paint", "painted"), ("greeting", "greeted"))
        for place, whose in ((0, ""), (1, "_streamlit_alone"))
    }
    ratios = {
        f"{what}_ratio": round(told[f"{what}_s"]["p50"] / told[f"{what}_streamlit_alone_s"]["p50"], 2)
        for what in ("first_paint", "greeting")
    }
    return {"first_visit_s": first, **told, **ratios, "first_paint_bound_s": 1.5}


def _paint(browser: Any, address: str, greeting: str = "What are you in the mood for?") -> dict[str, float]:
    """A browser that was never here: until anything is drawn, and until the page greets."""
    context = browser.new_context()
    page = context.new_page()
    began = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.get_by_role("heading", name=greeting).wait_for(timeout=WAIT_S * 1000)
    greeted = time.perf_counter() - began
    painted = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN") / 1000
    context.close()
    return {"painted": round(painted, 3), "greeted": round(greeted, 3)}


def _opened(browser: Any, address: str, person: str) -> Any:
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.set_default_timeout(WAIT_S * 1000)
    page.goto(f"{address}/?person={person}")
    page.get_by_text("items in the catalogue").wait_for()
    page.evaluate(WATCH)
    return page


def _ask(page: Any, message: str) -> None:
    page.get_by_test_id("stChatInputTextArea").fill(message)
    page.get_by_test_id("stChatInputTextArea").press("Enter")


def _ended(page: Any) -> dict[str, float]:
    page.wait_for_function("window.palate.end !== undefined")
    seen: dict[str, float] = page.evaluate("window.palate")
    return seen


def _one_person(browser: Any, address: str, rounds: int) -> dict[str, Any]:
    """Turns and thumbs one after another; the first turn, which loads the model, stands apart."""
    page, turns, thumbs = _opened(browser, address, "ann"), list[dict[str, float]](), list[dict[str, float]]()
    for number in range(rounds + 1):
        _ask(page, MESSAGES[number % len(MESSAGES)])
        turns.append(_ended(page))
    for number in range(rounds):
        cards = page.locator('[class*="st-key-card-turn-"]')
        cards.nth(-1 - number).get_by_role("radio").first.click()
        thumbs.append(_ended(page))
    wrong = page.locator(WRONG).all_inner_texts()
    page.context.close()
    return {
        "first_turn_s": round(turns[0]["end"], 3),
        "first_word_s": _told([one["word"] for one in turns[1:]]),
        "first_word_bound_s": 1.0,
        "turn_s": _told([one["end"] for one in turns[1:]]),
        "thumb_answered_s": _told([one["thumb"] for one in thumbs]),
        "thumb_bound_s": 0.3,
        "thumb_settled_s": _told([one["end"] for one in thumbs]),
        "errors_of_one": wrong,
    }


def _crowd(browser: Any, address: str, people: int) -> dict[str, Any]:
    """Everybody asks at the same moment."""
    pages = [_opened(browser, address, f"person{number}") for number in range(people)]
    began = time.perf_counter()
    for number, page in enumerate(pages):
        _ask(page, MESSAGES[number % len(MESSAGES)])
    turns = [_ended(page) for page in pages]
    seconds = time.perf_counter() - began
    wrong = [told for page in pages for told in page.locator(WRONG).all_inner_texts()]
    answered = sum("word" in one for one in turns)
    for page in pages:
        page.context.close()
    return {
        "people_at_once": people,
        "answered": answered,
        "errors": wrong,
        "crowd_turn_s": _told([one["end"] for one in turns]),
        "crowd_first_word_s": _told([one["word"] for one in turns if "word" in one] or [float("nan")]),
        "crowd_s": round(seconds, 3),
    }
