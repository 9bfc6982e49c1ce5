"""The journeys of a person through the app, in a real browser. `make test-browser`; skipped where no browser is."""

from __future__ import annotations

import base64
import re

import pytest

from tests.browser_world import AXE, CHROMIUM, LIKED, browser, cards, expect, look, serious, settled, shop, visit

__all__ = ["browser", "look", "shop", "visit"]  # fixtures
PAGES = ("", "taste", "catalogue", "traces", "models", "results")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="no Chromium is installed; name one in PALATE_CHROMIUM"),
]


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
        expect(cards(bob.page).nth(place).get_by_text("Liked", exact=True)).to_be_visible()
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
    expect(kim.page.get_by_test_id("stGraphVizChart").get_by_text("update preference")).to_be_visible()
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
    kim.page.get_by_role("link", name="a calm print under 90 EUR").click()
    kim.page.get_by_text(re.compile(r"^responder · ")).last.click()
    expect(kim.page.get_by_text("You recommend items").first).to_be_visible()
    kim.page.reload()
    expect(kim.page.get_by_role("heading", name="One turn")).to_be_visible()
    kim.page.go_back()
    expect(kim.page.get_by_role("heading", name="Traces")).to_be_visible()


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
    before = joe.page.locator(".st-key-item-summary").inner_text()
    joe.page.get_by_role("button", name="Summarise again").click()
    expect(joe.page.get_by_text("Written just now.")).to_be_visible()
    assert joe.page.locator(".st-key-item-summary").inner_text() == before, "the scripted model says the same again"
    settled(joe.page)
    look(joe.page, "summarised-again")
    joe.page.reload()
    expect(joe.page.get_by_text("What a model saw")).to_be_visible()


PICTURE = """(data) => {
  const given = new DataTransfer(), bytes = Uint8Array.from(atob(data), (one) => one.charCodeAt(0));
  given.items.add(new File([bytes], 'mine.png', {type: 'image/png'}));
  return given;
}"""


def give_picture(page, data: bytes, way: str) -> None:
    """What a browser does with a picture that is pasted into the field, or dragged over it and dropped."""
    given = page.evaluate_handle(PICTURE, base64.b64encode(data).decode())
    area = page.get_by_test_id("stChatInputTextArea")
    if way == "paste":
        area.evaluate(
            "(area, given) => area.dispatchEvent(new ClipboardEvent('paste', {clipboardData: given, bubbles: true}))",
            given,
        )
        return
    for event in ("dragenter", "dragover"):
        area.dispatch_event(event, {"dataTransfer": given})
    expect(page.get_by_text("Drag and drop a file here")).to_be_visible()
    page.locator('[data-testid="stChatInput"] [role="presentation"]').first.dispatch_event(
        "drop", {"dataTransfer": given}
    )


@pytest.mark.parametrize("way", ["button", "paste", "drop"])
def test_a_picture_is_sent_and_described(visit, look, tmp_path, way):
    from tests.ui_world import picture_bytes

    (tmp_path / "mine.png").write_bytes(picture_bytes("orange"))
    pia = visit(f"pia-{way}")
    expect(pia.page.get_by_text("items in the catalogue")).to_be_visible()
    settled(pia.page)
    if way == "button":
        pia.page.locator('input[type="file"]').first.set_input_files(tmp_path / "mine.png")
    else:
        give_picture(pia.page, picture_bytes("orange"), way)
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
    expect(ned.page.get_by_text("0.740 [0.660, 0.810]")).to_be_visible()
    expect(ned.page.get_by_role("button", name="Run", exact=True)).to_be_visible()
    settled(ned.page)
    look(ned.page, "kept")
    ned.page.get_by_role("button", name="Run", exact=True).click()
    expect(ned.page.get_by_text(re.compile("^Gauging the memory"))).to_be_visible()
    look(ned.page, "under-way")
    ned.page.get_by_role("link", name="Chat").click()
    expect(ned.page.get_by_role("heading", name="What are you in the mood for?")).to_be_visible()
    ned.page.get_by_role("link", name="Results").click()
    ned.page.get_by_role("button", name="Stop").click()
    expect(ned.page.get_by_text("Stopped; nothing of it was kept.")).to_be_visible()
    expect(ned.page.get_by_role("button", name="Run", exact=True)).to_be_visible()


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed: `make test-browser` does it where npm is")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_any_page(visit, scheme):
    sam = visit(f"sam-{scheme}", color_scheme=scheme)
    sam.say("something with a moon")
    cards(sam.page).first.get_by_role("radio").first.click()
    expect(sam.page.get_by_text(LIKED)).to_be_visible()
    settled(sam.page)
    why = cards(sam.page).first.get_by_role("link", name="Why this?").get_attribute("href")
    places = [*(f"/{name}?person=sam-{scheme}" for name in PAGES), "/catalogue?item=print-0003", f"/{why.lstrip('/')}"]
    found = {place: serious(sam.open(place)) for place in places} | {"the conversation": serious(sam.page)}
    assert not any(found.values()), found
