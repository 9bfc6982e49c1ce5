"""A long conversation: earlier slates are folded to their pictures, and come back whole."""

from __future__ import annotations

import pytest

from tests.ui_world import open_page, say, texts

pytest_plugins = ("tests.ui_world",)


@pytest.fixture(autouse=True)
def two_open(monkeypatch):
    """As there are too few items for a long conversation."""
    monkeypatch.setattr("ui.folded.OPEN", 2)


def keys(page) -> set[str]:
    return {one.key for one in page.button if one.key}


def folded(page) -> list[str]:
    return sorted(key for key in keys(page) if key.startswith("unfold-"))


def talked(*messages: str):
    page = open_page()
    for message in messages:
        page = say(page, message)
    return page


def test_earlier_slates_are_folded_and_brought_back_by_a_button(real):
    page = talked("a fox", "an owl")
    assert folded(page) == []
    page = say(page, "a whale")
    assert folded(page) == ["unfold-0"]
    assert {"more_like-turn-1-0", "more_like-turn-2-0"} <= keys(page)
    assert keys(page).isdisjoint({"more_like-turn-0-0", "edit-0"})
    assert "a fox" in texts(page), "what was said stays"
    page.button(key="unfold-0").click().run()
    assert folded(page) == []
    assert {"more_like-turn-0-0", "edit-0"} <= keys(page)
    page = say(page, "thank you")
    assert folded(page) == [], "what was unfolded stays so"


def test_a_folded_slate_shows_its_pictures_with_their_titles_and_words(real):
    page = talked("a fox", "an owl", "a whale")
    [turn] = page.session_state.talk.turns[:1]
    [row] = [one.proto.imgs for one in page.image if len(one.proto.imgs) > 1]
    assert [one.caption for one in row] == [card.title for card in turn.cards]
    assert all(one.alt.startswith(card.title) for one, card in zip(row, turn.cards, strict=True))


def test_an_item_of_a_folded_slate_without_its_picture_is_told_by_its_title(real):
    page = talked("a fox", "an owl")
    [turn] = page.session_state.talk.turns[:1]
    for item in real.catalogue:
        real.pictures.discard(item.picture)
    page = say(page, "a whale")
    assert " · ".join(card.title for card in turn.cards) in texts(page)
