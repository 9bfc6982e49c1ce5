"""Reading a reply as it streams: nothing about an item is shown before it was checked."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.reply import ReplyReader, holds
from agents.state import Citation, SlateItem
from memory.preferences import Fact, Preference

SLATE = (
    SlateItem("a", "Harbour", 0.9, "local", citations=(Citation("fact", "subject:fox", "like subject: fox"),)),
    SlateItem("b", "Gate", 0.8, "local", citations=(Citation("summary", "b", "A pop art owl."),)),
)
VIEWS = {"a": "A woodcut fox in deep blue.", "b": "A pop art owl."}
TASTE = Preference(
    user_id="ann",
    facts=(Fact(polarity="like", aspect="subject", value="fox", strength=0.5, since=datetime(2026, 1, 1, tzinfo=UTC)),),
)
GOOD = "Here you are.\n1. Harbour: it shows a fox\n2) Gate: a bright owl\nEnjoy!"


def read(reply: str, *, size: int = 3) -> ReplyReader:
    reader = ReplyReader(SLATE, TASTE, VIEWS)
    shown = "".join(reader.feed(reply[start : start + size]) for start in range(0, len(reply), size))
    assert (shown + reader.finish()).strip() == reader.text
    return reader


def test_a_good_reply_comes_through_with_its_reasons():
    reader = read(GOOD)
    assert reader.text == "Here you are.\n1. Harbour: It shows a fox\n2. Gate: A bright owl"
    assert (reader.reasons, reader.rewritten) == ({0: "It shows a fox", 1: "A bright owl"}, 0)


@given(st.integers(1, 40))
def test_however_the_reply_is_cut_into_pieces_the_same_is_shown(size):
    assert read(GOOD, size=size).text == read(GOOD, size=1).text


def test_the_opening_is_passed_on_at_once():
    reader = ReplyReader(SLATE, TASTE, VIEWS)
    assert reader.feed("Here ") == "Here "
    assert reader.feed("you are.\n1. Harb") == "you are.\n"


@pytest.mark.parametrize(
    "line",
    [
        "a fox, as you like",  # a taste the item does not meet
        "better than Harbour",  # another item
        "a woodcut",  # what only another item shows
        "",
    ],
)
def test_a_reason_that_claims_what_the_item_does_not_show_gives_way_to_the_evidence(line):
    reader = read(f"Look.\n1. Harbour: it shows a fox\n2. Gate: {line}\n")
    assert reader.reasons[1] == "A pop art owl."
    assert reader.rewritten == 1


@pytest.mark.parametrize("reply", ["", "nothing numbered", "9. Nobody: nothing", "1. Somebody else: a fox", "1.\n2.\n"])
def test_items_the_model_left_out_come_with_their_evidence(reply):
    assert read(reply).reasons == {0: "You like subject: fox.", 1: "A pop art owl."}


def test_a_reason_may_not_borrow_from_an_item_beyond_the_slate():
    assert not holds("you asked for a whale", 0, SLATE, TASTE, VIEWS | {"z": "A whale at sea."})


def test_a_second_line_for_the_same_item_is_left_out():
    assert read("1. Harbour: it shows a fox\n1. Harbour: again\n2. Gate: an owl").reasons[0] == "It shows a fox"


@given(st.text(max_size=200))
def test_whatever_the_model_writes_each_item_is_named_once_and_in_order(reply):
    text = read(reply).text
    lines = [line for line in text.splitlines() if line.startswith(("1. Harbour: ", "2. Gate: "))]
    assert [line.partition(":")[0] for line in lines[-2:]] == ["1. Harbour", "2. Gate"]


def test_what_holds_for_two_items_may_be_said_of_both():
    views = {"a": "A calm fox.", "b": "A calm owl."}
    assert holds("so calm", 0, SLATE, TASTE, views)
    assert not holds("an owl", 0, SLATE, TASTE, views)
