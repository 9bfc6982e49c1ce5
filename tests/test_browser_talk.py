"""Going back in a conversation, in a real browser: edit, answer anew, branch, critique. `make test-browser`."""

from __future__ import annotations

import re

import pytest

from tests.browser_world import AXE, CHROMIUM, browser, cards, expect, look, serious, settled, shop, visit

__all__ = ["browser", "look", "shop", "visit"]  # fixtures
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="no Chromium is installed; name one in PALATE_CHROMIUM"),
]


def asked(page) -> list[str]:
    return page.locator('[class*="st-key-asked-"]').all_inner_texts()


def test_a_message_is_edited_and_an_answer_made_anew(visit, look):
    una = visit("una")
    una.say("something with a fox")
    expect(cards(una.page)).to_have_count(4)
    una.say("something with an owl")
    expect(cards(una.page)).to_have_count(8)
    una.page.get_by_role("button", name="Edit").first.click()
    field = una.page.get_by_label("Your message")
    expect(field).to_have_value("something with a fox")
    settled(una.page)
    look(una.page, "editing")
    field.fill("something with a whale")
    una.page.get_by_role("button", name="Send", exact=True).click()
    expect(una.page.get_by_text(re.compile("had taught is taken back"))).to_be_visible()
    expect(cards(una.page)).to_have_count(4)
    settled(una.page)
    assert asked(una.page) == ["something with a whale"]
    look(una.page, "edited")
    una.page.get_by_role("button", name="Answer anew").click()
    expect(una.page.get_by_text("This conversation so far: 3 turns")).to_be_visible()  # the new answer is whole
    settled(una.page)
    expect(cards(una.page)).to_have_count(4)
    una.page.reload()
    expect(cards(una.page)).to_have_count(4)
    assert asked(una.page) == ["something with a whale"]


def test_a_reload_while_an_answer_is_made_anew_goes_on_with_it(visit, look):
    ina = visit("ina")
    ina.say("something with a fox")
    expect(cards(ina.page)).to_have_count(4)
    ina.page.get_by_role("button", name="Edit").click()
    settled(ina.page)
    ina.page.get_by_label("Your message").fill("something with a whale, no hurry")
    ina.page.get_by_role("button", name="Send", exact=True).click()
    expect(ina.page.get_by_role("button", name="Stop")).to_be_visible()
    ina.page.reload()
    expect(ina.page.get_by_role("button", name="Stop")).to_be_visible()
    assert asked(ina.page) == ["something with a whale, no hurry"]
    look(ina.page, "under-way")
    expect(ina.page.get_by_text("This conversation so far: 2 turns")).to_be_visible()
    expect(cards(ina.page)).to_have_count(4)
    assert asked(ina.page) == ["something with a whale, no hurry"]


def test_a_conversation_branches_and_leads_back(visit, look):
    vic = visit("vic")
    vic.say("something with a boat")
    expect(cards(vic.page)).to_have_count(4)
    vic.say("something with a moon")
    expect(cards(vic.page)).to_have_count(8)
    origin = vic.page.url
    vic.page.get_by_role("button", name="Branch").first.click()
    expect(vic.page.get_by_text("A branch of another conversation.")).to_be_visible()
    expect(cards(vic.page)).to_have_count(4)
    assert vic.page.url != origin
    look(vic.page, "branch")
    vic.page.get_by_role("button", name="Go there").click()
    expect(cards(vic.page)).to_have_count(8)
    assert vic.page.url == origin


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_critique_is_pressed_and_taken_back(visit, look, scheme):
    wim = visit(f"wim-{scheme}", color_scheme=scheme)
    wim.say("something with a bridge")
    expect(cards(wim.page)).to_have_count(4)
    wim.page.get_by_role("button", name="Like this, but…").first.click()
    wim.page.get_by_role("button", name="cheaper", exact=True).click()
    chip = wim.page.locator(".st-key-critiques").get_by_role("button")
    expect(chip).to_have_text(re.compile("cheaper than"))
    settled(wim.page)
    expect(wim.page.get_by_role("button", name="cheaper", exact=True)).to_have_count(0)
    chip.scroll_into_view_if_needed()
    look(wim.page, "in-force")
    if AXE.is_file():
        assert serious(wim.page) == []
    wim.page.set_viewport_size({"width": 390, "height": 844})
    wim.page.wait_for_timeout(600)
    look(wim.page, "narrow")
    assert wim.page.evaluate("document.documentElement.scrollWidth") <= 390
    chip.click()
    expect(chip).to_have_count(0)
    expect(wim.page.get_by_text(re.compile("^Undo “cheaper than"))).to_be_visible()
