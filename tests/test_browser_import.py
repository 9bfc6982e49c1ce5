"""A catalogue brought in by the browser, and talked about at once. `make test-browser`; skipped where no browser is."""

from __future__ import annotations

import re

import pytest

from tests.browser_world import AXE, CHROMIUM, browser, cards, expect, look, serious, settled, shop, visit
from tests.ui_world import picture_bytes

__all__ = ["browser", "look", "shop", "visit"]  # fixtures
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="no Chromium is installed; name one in PALATE_CHROMIUM"),
]
ROWS = 1500
COLOURS = ("teal", "orange", "navy")


def write_cups(folder) -> list:
    """A table of cups and some pictures of them; every hundredth row has no name, and a picture is missing."""
    lines = ["code,maker,called,about,photo,price"]
    for n in range(1, ROWS + 1):
        called = "" if n % 100 == 0 else f"Cup {n}"
        photo = f"cup{n}.png" if n <= len(COLOURS) + 1 else ""
        lines.append(f"c{n},Ann,{called},A cup with a handle and number {n} on it.,{photo},{n % 40 + 5}")
    files = [folder / "cups.csv"]
    files[0].write_text("\n".join(lines))
    for n, colour in enumerate(COLOURS, 1):
        files.append(folder / f"cup{n}.png")
        files[-1].write_bytes(picture_bytes(colour))
    return files


def test_a_catalogue_is_brought_in_and_talked_about(visit, look, tmp_path):
    una = visit("una")
    una.page.goto(f"{una.address}/catalogue?person=una")
    una.page.get_by_text("Bring in a catalogue of your own").click()
    panel = una.page.locator(".st-key-import")
    panel.locator('input[type="file"]').set_input_files(write_cups(tmp_path))
    expect(panel.get_by_test_id("stDataFrame")).to_be_visible()
    settled(una.page)
    chosen = panel.get_by_role("combobox", name="Title")
    expect(chosen).to_have_value("called")
    chosen.click()
    una.page.get_by_role("option", name="maker").click()
    expect(chosen).to_have_value("maker")
    settled(una.page)
    chosen.click()
    una.page.get_by_role("option", name="called").click()
    expect(chosen).to_have_value("called")
    settled(una.page)
    look(una.page, "looked-at")
    assert not AXE.is_file() or serious(una.page) == []
    go = panel.get_by_role("button", name="Import", exact=True)
    expect(go).to_be_disabled()
    panel.get_by_label("Name of the catalogue").fill("cups")
    panel.get_by_label("Name of the catalogue").press("Enter")
    go.click()
    expect(panel.get_by_text(re.compile(r"reading the (rows|items).*\d of 1,500|reading the items"))).to_be_visible()
    look(una.page, "under-way")
    expect(panel.get_by_text("1,485 items are in cups, 3 with a picture.")).to_be_visible()
    expect(panel.get_by_text("16 rows were refused")).to_be_visible()
    expect(panel.get_by_text(re.compile(r"cups\.csv:101: no title"))).to_be_visible()
    expect(panel.get_by_text(re.compile(r"cups\.csv:5: .*cup4\.png"))).to_be_visible()
    settled(una.page)
    look(una.page, "refused")
    panel.get_by_role("button", name="Look at it").click()
    expect(una.page.get_by_text("1,485 items", exact=True)).to_be_visible()
    expect(una.page.get_by_role("img", name="Cup 1", exact=True)).to_be_visible()
    expect(una.page.get_by_role("combobox", name="Catalogue", exact=True)).to_have_value("cups, 1,485 items")
    assert "catalogue=cups" in una.page.url
    settled(una.page)
    look(una.page, "there")
    una.page.get_by_role("link", name="Chat").click()
    expect(una.page.get_by_text("1,485 items in the catalogue cups.")).to_be_visible()
    una.say("a cup under 9 EUR")
    expect(cards(una.page)).to_have_count(4)
    shown = cards(una.page).locator('[class*="st-key-title-"]').all_inner_texts()
    assert all((int(title.removeprefix("Cup ")) % 40 + 5) < 9 for title in shown), shown
    look(una.page, "answer")
