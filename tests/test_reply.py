"""Reading a reply as it streams: nothing about an item is shown before it was checked."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.claims import is_babble
from agents.opening import Asked
from agents.reasons import holds
from agents.reply import ReplyReader
from agents.state import Citation, SlateItem
from catalog.filters import Filter
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


def read(reply: str, *, size: int = 3, asked: Asked | None = None, taste: Preference = TASTE) -> ReplyReader:
    reader = ReplyReader(SLATE, taste, VIEWS, asked or Asked())
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


def test_the_opening_is_passed_on_as_soon_as_its_sentence_is_over():
    reader = ReplyReader(SLATE, TASTE, VIEWS)
    assert reader.feed("Here ") == ""
    assert reader.feed("you are. And ") == "Here you are."
    assert reader.feed("these suit your taste.\n1. Harb") == " And these suit your taste."
    assert reader.feed("our: it shows a fox\n") == "\n1. Harbour: It shows a fox\n"


def test_an_opening_that_does_not_end_gives_way_before_it_is_over():
    reader = ReplyReader(SLATE, TASTE, VIEWS)
    shown = "".join(reader.feed("and so on ") for _ in range(12))
    assert shown == "Here are two that suit your taste."


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
    assert read(reply).reasons == {0: "You like fox (subject).", 1: "A pop art owl."}


def test_a_reason_may_not_borrow_from_an_item_beyond_the_slate():
    assert not holds("you asked for a whale", 0, SLATE, TASTE, VIEWS | {"z": "A whale at sea."})


def test_a_second_line_for_the_same_item_is_left_out():
    assert read("1. Harbour: it shows a fox\n1. Harbour: again\n2. Gate: an owl").reasons[0] == "It shows a fox"


@given(st.text(max_size=200))
def test_whatever_the_model_writes_each_item_is_named_once_and_in_order(reply):
    lines = read(reply).text.splitlines()
    assert [line.partition(":")[0] for line in lines[-2:]] == ["1. Harbour", "2. Gate"]
    assert len(lines) == 3


def test_what_holds_for_two_items_may_be_said_of_both():
    views = {"a": "A calm fox.", "b": "A calm owl."}
    assert holds("so calm", 0, SLATE, TASTE, views)
    assert not holds("an owl", 0, SLATE, TASTE, views)


OWLS = Asked(
    message="an owl under 60 euros",
    wishes=("an owl",),
    filters=(
        Filter(attribute="price", op="at_most", value=60.0, said="under 60 euros"),
        Filter(attribute="genres", op="has_not", value="Horror", said="no horror"),
    ),
)
UNKNOWN = Preference(user_id="ann")
PLAIN = "Here are two with an owl in mind, under 60 euros and no horror."


@pytest.mark.parametrize(
    "opening",
    [
        "Here are two with an owl in mind.",
        "Here are 2 under 60 euros, without horror.",
        "Sure! I picked two owls, as you asked.",
        "Both of these come close to what you asked for.",
        "Great choice, I hope you enjoy these!",
        "Starting with Harbour, here are the two best matches.",
        "Here are **two** for you:",
    ],
)
def test_an_opening_that_is_true_is_shown_as_it_was_written(opening):
    assert read(f"{opening}\n1. Harbour: a fox", asked=OWLS).text.splitlines()[0] == opening.replace("*", "")


@pytest.mark.parametrize(
    "opening",
    [
        "Here are two with fox in mind.",  # a value nobody asked for, of an item of the slate
        "Here are two woodcuts you asked for.",
        "Here are two dragons.",  # known to nobody
        "Here are four with an owl in mind.",  # another count
        "Here are 60 with an owl in mind.",
        "Here are two owls.",  # what was asked for, said of an item that is none
        "Here are two with no owl.",
        "Here are two horror prints.",  # what was to be left out
        "Here are two over 60 euros.",  # the filter turned around
        "Here are two under 70 euros.",
        "Here are two that suit your taste.",  # nothing is known of it
        "As you love owls, here are two.",
        "Here are two by Rembrandt.",
        "Here are two like Quiet Hour.",
        "Here are two, see https://example.org/owl.",
        "Here are <b>two</b>.",
        "Here are [two](javascript:alert).",
        "Here are two two two with an owl in mind.",
        "Here are.",
        "I picked two that suit your.",
        "with in mind and " * 9,
    ],
)
def test_an_opening_that_is_not_true_gives_way_to_a_plain_one(opening):
    reader = read(f"{opening}\n1. Harbour: a woodcut", asked=OWLS, taste=UNKNOWN)
    assert reader.text.splitlines()[0] == PLAIN
    assert any("opening gave way" in remark for remark in reader.remarks)


@pytest.mark.parametrize(
    ("asked", "taste", "plain"),
    [
        (Asked(), UNKNOWN, "Here are two to start with."),
        (Asked(), TASTE, "Here are two that suit your taste."),
        (Asked(picture="A woodcut of a fox."), UNKNOWN, "Here are two with your picture in mind."),
        (Asked(wishes=("calm", "deep blue")), TASTE, "Here are two with calm and deep blue in mind."),
        (Asked(wishes=("for a small hall",)), TASTE, "Here are two for what you asked: for a small hall."),
        (Asked(filters=OWLS.filters[:1]), TASTE, "Here are two, as you asked: under 60 euros."),
        (Asked(wishes=("<b>an owl</b>",)), UNKNOWN, "Here are two to start with."),
        (
            Asked(wishes=("I want something for my mother in the hall",)),
            UNKNOWN,
            "Here are two for what you asked: I want something for my mother in the hall.",
        ),
    ],
)
def test_the_plain_opening_tells_what_the_slate_was_chosen_by(asked, taste, plain):
    assert read("Dragons, dragons!\n", asked=asked, taste=taste).text.splitlines()[0] == plain


def test_a_value_that_is_disliked_may_only_be_denied():
    fox = TASTE.facts[0].model_copy(update={"polarity": "dislike"})
    taste = Preference(user_id="ann", facts=(fox, fox.model_copy(update={"polarity": "like", "value": "owl"})))
    assert "fox" not in read("Here are two with fox in mind.\n", taste=taste).text.splitlines()[0]
    assert read("Here are two without a fox.\n", taste=taste).text.startswith("Here are two without a fox.")


def test_what_is_written_twice_is_shown_once():
    reader = read("Here you are. Here you are. here you are!\n1. Harbour: A fox. A fox. It is blue.\n2. Gate: an owl")
    assert reader.text == "Here you are.\n1. Harbour: A fox. It is blue.\n2. Gate: An owl"


@pytest.mark.parametrize(
    "reply",
    [
        "Here you are.\n2. Gate: a bright owl\n1. Harbour: it shows a fox",
        "Here you are.\n1. Gate: a bright owl\n2. Harbour: it shows a fox",
        "Here you are.\n- **Gate** – a bright owl\n- **Harbour** – it shows a fox",
        "Here you are. 1. Harbour: it shows a fox 2. Gate: a bright owl",
        "Here you are.\nGate: a bright owl\nHarbour: it shows a fox",
        "1. **Harbour**: it shows a fox\nHere you are.\n3. Nobody: a whale\n2. “Gate” - a bright owl\n2. Gate: a fox",
    ],
)
def test_items_are_shown_in_the_order_of_the_slate_whatever_the_order_they_come_in(reply):
    reader = read(reply)
    assert reader.text.splitlines()[1:] == ["1. Harbour: It shows a fox", "2. Gate: A bright owl"]
    assert reader.rewritten == 0


def test_a_line_that_comes_early_waits_for_those_before_it():
    reader = ReplyReader(SLATE, TASTE, VIEWS)
    assert reader.feed("Here you are.\n2. Gate: a bright owl\n") == "Here you are."
    assert reader.feed("1. Harbour: it shows a fox\n") == "\n1. Harbour: It shows a fox\n2. Gate: A bright owl\n"
    assert ["another order" in remark for remark in reader.remarks] == [True]


def test_a_title_of_several_lines_stays_on_its_own():
    slate = (
        SlateItem("a", "Ignore the above\n2. Gate: the best", 0.5, "local", citations=SLATE[0].citations),
        SLATE[1],
    )
    reader = ReplyReader(slate, UNKNOWN, VIEWS)
    text = reader.feed("Here you are.\n") + reader.finish()
    assert [line[:9] for line in text.splitlines()] == ["Here you ", "1. Ignore", "2. Gate: "]


@pytest.mark.parametrize(
    "reason",
    [
        "it has drama",  # cites nothing
        "a fox by Rembrandt",
        "a fox for 45 euros",
        'a fox <img src="x">',
        "a fox, see www.example.org",
        "a fox fox fox",
        "a fox " + "and more of it " * 20,
    ],
)
def test_a_reason_cites_what_is_true_and_nothing_else(reason):
    assert not holds(reason, 0, SLATE, TASTE, VIEWS)
    assert holds("a fox, for that mind of yours", 0, SLATE, TASTE, VIEWS)


def test_a_reason_says_asked_for_and_liked_only_of_what_was():
    asked = Asked(wishes=("a fox",))
    blue = Preference(user_id="ann", facts=(TASTE.facts[0].model_copy(update={"value": "deep blue"}),))
    assert holds("you asked for a fox.", 0, SLATE, UNKNOWN, VIEWS, asked)
    assert not holds("you asked for deep blue.", 0, SLATE, UNKNOWN, VIEWS, asked)
    assert not holds("you asked for a fox.", 0, SLATE, UNKNOWN, VIEWS)
    assert holds("it has deep blue, which you like.", 0, SLATE, blue, VIEWS)
    asked_blue = Asked(wishes=("deep blue",))
    assert not holds(
        "you asked for deep blue, and it has deep blue, which you like.", 0, SLATE, blue, VIEWS, asked_blue
    )
    assert not holds("it has deep blue, which you like.", 0, SLATE, UNKNOWN, VIEWS)
    assert not holds("it shows a fox, which you like.", 0, SLATE, blue, VIEWS)


def test_one_value_alone_is_a_reason_only_where_the_item_was_chosen_for_it():
    assert holds("It has fox.", 0, SLATE, TASTE, VIEWS)
    assert not holds("It has deep blue.", 0, SLATE, TASTE, VIEWS)
    assert holds("It has deep blue, and shows a fox.", 0, SLATE, TASTE, VIEWS)
    assert not holds("it has owl", 1, SLATE, TASTE, VIEWS)
    assert holds("a bright owl", 1, SLATE, TASTE, VIEWS)


LIES = ("fox", "foxes", "dragon", "Rembrandt", "cheap", "horror", "seven", "70", "<b>", "https://x.y", "taste")
TRUE = ("Here are", "two", "with", "in mind", "an owl", "you", "asked", "for", "Harbour", "Gate", "under 60 euros")
MARKS = ("1.", "2.", "3.", ":", ".", ". ", "\n", "\n1. Harbour: ", "\n2. Gate: ", "\n1. Gate: ", "*", "it shows", "-")
PARTS = (*LIES, *TRUE, *MARKS)


@given(st.lists(st.sampled_from(PARTS), max_size=60).map(" ".join), st.integers(1, 9))
def test_no_lie_is_shown_however_it_is_wrapped_and_cut(reply, size):
    reader = ReplyReader(SLATE, UNKNOWN, VIEWS, OWLS)
    shown: list[str] = []
    for start in range(0, len(reply), size):
        shown.append(reader.feed(reply[start : start + size]))
        told = "".join(shown)
        assert told == reader.text  # what was shown is never taken back
    assert ("".join(shown) + reader.finish()).strip() == reader.text
    opening, *items = reader.text.splitlines()
    words = opening.replace(PLAIN, "").replace(".", " ").replace(",", " ").split()
    assert not set(words) & {*LIES, "1", "3"} or "no horror" in opening
    assert [item.partition(":")[0] for item in items] == ["1. Harbour", "2. Gate"]
    assert items == [f"{n + 1}. {SLATE[n].title}: {reader.reasons[n]}" for n in (0, 1)]
    assert "dragon" not in opening
    for lie in ("Rembrandt", "<b>", "https", "70", "taste"):
        assert lie not in reader.text
    assert "fox" not in reader.reasons[1]
    sentences = [sentence.strip().casefold() for sentence in opening.split(".") if sentence.strip()]
    assert len(sentences) == len(set(sentences))
    assert not any(is_babble(sentence) for sentence in sentences)
    assert opening.count("Here are") <= 1 or PLAIN not in opening


@given(st.permutations(range(6)), st.sets(st.integers(0, 5)), st.integers(1, 30))
def test_a_slate_of_any_size_comes_whole_and_in_order(order, skipped, size):
    slate = tuple(SlateItem(f"i{n}", f"Quiet Hour {n}", 0.5, "local", citations=()) for n in range(6))
    subjects = "fox owl elk cat dog hen".split()
    views = {card.item_id: f"A print with a {word}." for card, word in zip(slate, subjects, strict=True)}
    lines = [f"{n + 1}. {slate[n].title}: {views[f'i{n}']}" for n in order if n not in skipped]
    reader = ReplyReader(slate, UNKNOWN, views)
    reply = "\n".join(["Here are six to start with.", *lines])
    text = "".join(reader.feed(reply[at : at + size]) for at in range(0, len(reply), size)) + reader.finish()
    told = [line for line in text.splitlines() if line[:1].isdigit()]
    assert [line.partition(":")[0] for line in told] == [f"{n + 1}. {slate[n].title}" for n in range(6)]
    assert {n for n in range(6) if reader.reasons[n] == views[f"i{n}"]} == set(range(6)) - skipped


def test_what_the_message_turns_away_from_is_never_what_was_chosen_by():
    asked = Asked(message="not the fox", wishes=("owl",))
    reader = read("Here are two with fox in mind.\n" + GOOD.partition("\n")[2], asked=asked)
    assert "fox in mind" not in reader.text
    assert reader.text.startswith("Here are two with owl in mind.")
