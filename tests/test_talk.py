"""Answers in words: whatever a model writes, what is shown of items, taste and memory is what was told to it."""

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.answers import asked_attributes, item_facts
from agents.context import attribute_lines
from agents.events import TextDelta
from agents.parsing.index import index_of
from agents.talk import TalkGround, TalkReader
from catalog.items import AttributeSpec, Catalogue, Item
from memory.item_index import ItemSummary
from memory.preferences import Fact, Preference
from models.errors import ModelTimeout
from tests.world import fond_of_foxes, open_session, polite, talk
from tracing.events import ModelCall

SCHEMA = (
    AttributeSpec(name="price", kind="number", label="price", unit="EUR", aliases=("cost",)),
    AttributeSpec(name="width_cm", kind="number", label="size", unit="cm", aliases=("width",)),
    AttributeSpec(name="year", kind="number", label="year", unit="year", aliases=("printed in",)),
    AttributeSpec(name="edition", kind="number", label="edition", unit="prints", aliases=("print run",)),
    AttributeSpec(name="paper", kind="list", label="paper", aliases=("printed on",)),
    AttributeSpec(name="director", kind="text", label="director"),
    AttributeSpec(name="genres", kind="list", label="genre"),
)
HARBOUR = Item(
    item_id="a",
    title="Harbour of 1999",
    text="A print of a calm owl. A translator made it between two jobs.",
    attributes={"price": 45.5, "width_cm": 60.0, "year": 1987.0, "edition": 50.0, "paper": ("hemp", "linen")},
)
GATE = Item(
    item_id="b",
    title="Gate",
    text="It shows a fox.",
    attributes={"price": 20.0, "year": 2001.0, "director": "Ida Lund", "genres": ("Drama",), "paper": ("cotton",)},
)
SHOP = Catalogue("shop", SCHEMA, (HARBOUR, GATE, Item(item_id="c", title="Quiet Lane")))
FOX = Fact(polarity="like", aspect="subject", value="fox", strength=0.5, since=datetime(2026, 1, 1, tzinfo=UTC))
UNKNOWN, KNOWN = Preference(user_id="ann"), Preference(user_id="ann", prose="Likes a fox.", facts=(FOX,))


def ground(message: str, *items: Item, **more) -> TalkGround:
    told = [(item, f"{item.text}; {attribute_lines(SHOP, item)}") for item in items]
    more = {"asks": bool(items), "preference": UNKNOWN} | more
    return TalkGround(message=message, index=index_of(SHOP), items=item_facts(told, message, SHOP), **more)


def read(answer: str, about: TalkGround, *, size: int = 4) -> TalkReader:
    reader = TalkReader(about)
    shown = "".join(reader.feed(answer[at : at + size]) for at in range(0, len(answer), size))
    assert (shown + reader.finish()).strip() == reader.text
    return reader


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("how much is it?", ["price"]),
        ("what does Harbour of 1999 cost?", ["price"]),
        ("is the first one expensive?", ["price"]),
        ("which is cheaper?", ["price"]),
        ("when was it made?", ["year"]),
        ("how old is it", ["year"]),
        ("what year is Gate from?", ["year"]),
        ("how big is the second?", ["width_cm"]),
        ("what size is it?", ["width_cm"]),
        ("how wide is it?", ["width_cm"]),
        ("how many copies are there?", ["edition"]),
        ("how many prints exist?", ["edition"]),
        ("what is it printed on?", ["paper"]),
        ("what kind of paper is it?", ["paper"]),
        ("what kind is it?", ["genres"]),
        ("who directed it?", ["director"]),
        ("the price and the size please", ["price", "width_cm"]),
        ("tell me about it", []),
        ("who is the old man in it?", []),
        ("what happens in Harbour of 1999?", []),
        ("is it scary?", []),
        ("is it from 1980?", ["year"]),
        ("was the second made in the 1980s?", ["year"]),
    ],
)
def test_what_a_question_asks_for_is_read_from_the_schema(question, names):
    assert [spec.name for spec in asked_attributes(question, [HARBOUR.title, GATE.title], SHOP)] == names


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("how much is it?", "Harbour of 1999 costs 45.5 EUR."),
        ("how much is it?", "Sure! It costs €45.50."),
        ("when was it made?", "Harbour of 1999 is from 1987."),
        ("what paper is it on?", "It is on hemp and linen paper."),
        ("tell me about it", "Harbour of 1999 is a print of a calm owl. A translator made it."),
        ("is there a whale in it?", "No, it does not show a whale."),
        ("who directed Jaws?", "I do not know that."),
    ],
)
def test_an_answer_that_says_what_was_told_is_shown_as_it_was_written(question, answer):
    item = (HARBOUR,) if "Jaws" not in question else ()
    reader = read(answer, ground(question, *item, asks=True))
    assert (reader.text, reader.replaced) == (answer, "")


@pytest.mark.parametrize(
    ("question", "answer", "composed"),
    [
        ("how much is it?", "Harbour of 1999 costs 10 EUR.", "price 45.5 EUR"),  # made up
        ("how much is it?", "Harbour of 1999 costs 60 EUR.", "price 45.5 EUR"),  # another attribute's figure
        ("how much is it?", "I do not know that about Harbour of 1999.", "price 45.5 EUR"),
        ("how much is it?", "It is from 1987.", "price 45.5 EUR"),  # not what was asked
        ("how much is it?", "", "price 45.5 EUR"),
        ("how much is it?", "forty-five euros", "price 45.5 EUR"),
        ("what size is it?", "It is two metres wide.", "size 60 cm"),
        ("what paper is it on?", "It is on hemp paper.", "paper hemp, linen"),  # half of it
        ("what paper is it on?", "It is on hemp, linen and cotton.", "paper hemp, linen"),
        ("who directed it?", "It was directed by Ida Lund.", "the catalogue does not give the director"),
        ("who directed it?", "It is calm.", "the catalogue does not give the director"),
        ("tell me about it", "Harbour of 1999 costs 1987 EUR.", "A print of a calm owl"),
        ("tell me about it", "It is 45.5 cm wide.", "A print of a calm owl"),
        ("tell me about it", "It costs $45.5.", "A print of a calm owl"),
        ("who made it?", "I do not know that about Harbour of 1999.", "A translator made it between two jobs"),
        ("who painted it?", "I do not know that.", "A translator made it between two jobs"),
        ("who made it?", "It was made by Rembrandt.", "A translator made it between two jobs"),
        ("is there a whale in it?", "Yes, there is a whale.", "A print of a calm owl"),
        ("tell me about it", "It shows a fox.", "A print of a calm owl"),  # the other item's
        ("tell me about it", "It shows a dragon.", "A print of a calm owl"),  # nobody's
        ("tell me about it", "It is a drama.", "A print of a calm owl"),
        ("tell me about it", "A <b>calm</b> owl.", "A print of a calm owl"),
        ("tell me about it", "See https://example.org for the owl.", "A print of a calm owl"),
        ("tell me about it", "It shows a calm owl owl owl.", "A print of a calm owl"),
    ],
)
def test_an_answer_that_says_anything_else_gives_way_to_the_catalogue(question, answer, composed):
    reader = read(answer, ground(question, HARBOUR))
    assert reader.text.startswith(f"Harbour of 1999: {composed}")
    assert reader.remarks
    assert "composed from the catalogue" in reader.remarks[0]


STUTTER = "It is on recycled paper and the edition of the edition of "


@pytest.mark.parametrize("size", [1, 4, 9, 200])
def test_a_model_that_stutters_is_not_waited_for(size):
    about = ground("How much is the harbour?", HARBOUR)
    whole, reader = read(STUTTER * 20, about), TalkReader(about)
    fed = 0
    while not reader.lost:
        reader.feed((STUTTER * 20)[fed : fed + size])
        fed += size
    reader.finish()
    assert fed <= len(STUTTER) + 1 + size
    assert (reader.text, reader.replaced) == (whole.text, whole.replaced)
    assert reader.text == "Harbour of 1999: price 45.5 EUR."
    assert len(reader.remarks) == 1


@pytest.mark.parametrize(
    "answer", ["It costs 45.5 EUR, and that is is", "It costs 45.5 EUR, on on", "A print of a calm ca"]
)
def test_a_word_under_way_is_no_stutter(answer):
    reader = TalkReader(ground("How much is the harbour?", HARBOUR))
    for letter in answer:
        reader.feed(letter)
    assert not reader.lost


def test_each_item_is_told_its_own_value():
    both = ground("which is cheaper?", HARBOUR, GATE)
    composed = "Harbour of 1999: price 45.5 EUR.\nGate: price 20 EUR."
    assert read("Gate costs 45.5 EUR. Harbour of 1999 costs 20 EUR.", both).text == composed
    assert read("Gate is cheaper.", both).text == composed
    said = "Harbour of 1999 costs 45.5 EUR. Gate costs 20 EUR."
    assert read(said, both).text == said


def test_a_later_sentence_that_was_made_up_is_left_out_and_one_said_twice_is_said_once():
    reader = read(
        "It costs 45.5 EUR. It costs 45.5 EUR. It was in the Louvre. It is calm.", ground("the price?", HARBOUR)
    )
    assert reader.text == "It costs 45.5 EUR. It is calm."
    assert len(reader.remarks) == 1


def test_nothing_is_shown_before_the_value_in_question_was_told():
    reader = TalkReader(ground("the price?", HARBOUR))
    assert reader.feed("Sure! It is calm. ") == ""
    assert reader.feed("It costs 45.5 EUR. ") == "Sure! It is calm. It costs 45.5 EUR."


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        ("Noted: now like subject: owl.", "Noted: now like subject: owl."),
        ("I will keep that in mind: you like the owl.", "I will keep that in mind: you like the owl."),
        ("Noted: now like subject: bridge.", "Noted: now like subject: owl."),
        ("Noted: now dislike subject: owl.", "Noted: now like subject: owl."),
        ("You no longer like the owl.", "Noted: now like subject: owl."),
        ("Try Harbour of 1999 for 20 EUR.", "Noted: now like subject: owl."),
        ("", "Noted: now like subject: owl."),
        ("No", "Noted: now like subject: owl."),
    ],
)
def test_what_was_learned_is_confirmed_as_it_was_learned(answer, shown):
    about = ground("I like it", learns=True, news="now like subject: owl", asks=False)
    assert read(answer, about).text == shown


def test_what_was_let_go_is_not_confirmed_as_liked():
    about = ground("I am over the owl", learns=True, news="no longer like subject: owl", asks=False)
    assert read("Noted: you like the owl.", about).text == "Noted: no longer like subject: owl."


@pytest.mark.parametrize(
    ("message", "taste", "answer", "shown"),
    [
        ("hi", UNKNOWN, "Hello! Tell me what you like.", "Hello! Tell me what you like."),
        ("hi", UNKNOWN, "Hello! You like drama.", "Hello!"),
        ("hi", KNOWN, "Try Quiet Lane!", "Tell me what you are looking for, or ask for a suggestion."),
        ("hi", KNOWN, "Everything is 5 EUR.", "Tell me what you are looking for, or ask for a suggestion."),
        ("what is my taste?", KNOWN, "I do not know your taste yet.", "This is what I know: Likes a fox."),
        ("what is my taste?", KNOWN, "You like a fox.", "You like a fox."),
        ("what is my taste?", KNOWN, "You avoid a fox.", "This is what I know: Likes a fox."),
        ("what is my taste?", KNOWN, "You like fox and fox.", "This is what I know: Likes a fox."),
        ("what is my taste?", UNKNOWN, "I do not know your taste yet.", "I do not know your taste yet."),
    ],
)
def test_small_talk_names_no_value_title_or_figure_that_was_not_told(message, taste, answer, shown):
    assert read(answer, ground(message, preference=taste, asks=False)).text == shown


LIES = ("10 EUR", "1999 EUR", "drama", "cotton", "Rembrandt", "a dragon", "<i>", "www.x.y", "two thousand", "Ida Lund")
TRUTH = ("Harbour of 1999", "costs", "45.5 EUR", "it is", "from 1987", "on", "hemp", "a calm owl", ".", ". ", "!", "\n")


@given(st.lists(st.sampled_from((*LIES, *TRUTH)), max_size=30).map(" ".join), st.integers(1, 9), st.booleans())
def test_no_lie_about_an_item_is_shown_however_it_is_wrapped_and_cut(answer, size, asks_price):
    about = ground("how much is it?" if asks_price else "tell me about it", HARBOUR)
    reader = TalkReader(about)
    shown = ""
    for at in range(0, len(answer), size):
        shown += reader.feed(answer[at : at + size])
        assert shown == reader.text  # what was shown is never taken back
    assert (shown + reader.finish()).strip() == reader.text
    assert reader.text
    for lie in ("10 EUR", "1999 EUR", "drama", "cotton", "Rembrandt", "dragon", "<i>", "www", "thousand", "Ida"):
        assert lie not in reader.text
    if asks_price:
        assert "45.5" in reader.text
    sentences = [part.strip() for part in reader.text.replace("45.5", "").replace("!", ".").split(".") if part.strip()]
    assert len(sentences) == len(set(sentences))


@pytest.fixture
async def session(tmp_path):
    session = open_session(tmp_path)
    yield session
    await session.aclose()


def saying(session, line):
    """The responder writes this; all else stays polite."""
    ours = ("You recommend items", "You help one person choose")
    session.services.models.played_chat.answer = lambda prompt: line if prompt.startswith(ours) else polite(prompt)


def notes(session, result):
    trace = session.traces.get(result.trace_id)
    return [note.detail for note in trace.events if note.type == "note"]


def streamed(events):
    return "".join(piece.text for piece in events if isinstance(piece, TextDelta)).strip()


async def test_a_question_is_answered_from_the_catalogue_and_the_trace_says_so(session):
    first, _ = await talk(session, "ann", "show me a fox")
    item = session.catalogue[first.slate[0].item_id]
    for lie in ("It costs 7 EUR.", "I do not know that.", "", ModelTimeout("m", 60)):
        saying(session, lie)
        result, events = await talk(session, "ann", "how much is the first one?", thread_id=first.thread_id)
        assert result.reply == f"{item.title}: price {item.attributes['price']:g} EUR." == streamed(events)
        if lie != "" and isinstance(lie, str):
            assert any("composed from the catalogue" in note for note in notes(session, result))


async def test_a_model_that_stutters_is_stopped_and_the_trace_says_so(session):
    first, _ = await talk(session, "ann", "show me a fox")
    item = session.catalogue[first.slate[0].item_id]
    saying(session, "the edition of " * 300)
    result, events = await talk(session, "ann", "how much is the first one?", thread_id=first.thread_id)
    assert result.reply == f"{item.title}: price {item.attributes['price']:g} EUR." == streamed(events)
    assert result.error == ""
    [call] = [one for one in session.traces.get(result.trace_id).of(ModelCall) if one.role == "responder"]
    assert call.output.split() == "the edition of the edition".split()
    assert call.error == "it was not read to its end, so what it took is not known"


async def test_a_feedback_is_confirmed_without_what_was_not_learned(session):
    first, _ = await talk(session, "ann", "show me a fox")
    saying(session, "Noted: now like subject: bridge.")
    result, events = await talk(session, "ann", "I like the first one", thread_id=first.thread_id)
    assert result.reply == f"Noted: now like {first.slate[0].title}." == streamed(events)


WRITTEN = (
    "Here are four with a fox in mind.", "Here are nine dragons by Rembrandt.", "Sure!", "<b>Look</b>", "horror",
    "1. Quiet Hour 0: it shows a fox", "2. Quiet Hour 4: a fox for 7 EUR", "3. Quiet Hour 8: https://x.y",
    "4. Quiet Hour 1: an owl", "1. Quiet Hour 8: a fox", "7. Alien: a whale", "Quiet Hour 0 is 3 EUR.", "",
)  # fmt: skip


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(WRITTEN), max_size=10).map("\n".join))
async def test_whatever_the_model_writes_the_shown_reply_is_the_slate_once_in_order_and_true(tmp_path_factory, written):
    session = open_session(tmp_path_factory.mktemp("home"), decide=fond_of_foxes)
    try:
        saying(session, written)
        result, events = await talk(session, "ann", "show me a fox")
        lines = result.reply.splitlines()
        told = [line for line in lines if line[:1].isdigit()]
        assert told == [f"{place}. {card.title}: {card.reason}" for place, card in enumerate(result.slate, 1)]
        assert lines[1:] == told
        for lie in ("dragon", "Rembrandt", "nine", "<b>", "https", "Alien", "7 EUR", "3 EUR", "horror"):
            assert lie not in result.reply
        assert streamed(events) == result.reply
        [ended] = [step for step in session.traces.get(result.trace_id).events if step.type == "turn_ended"]
        assert ended.reply == result.reply
        if "Rembrandt" in written.split("\n")[0]:
            assert any("opening gave way" in note for note in notes(session, result))
    finally:
        await session.aclose()


async def test_what_the_catalogue_says_beside_the_summary_answers_too(session):
    first, _ = await talk(session, "ann", "show me a fox")
    item = session.catalogue[first.slate[0].item_id]
    summary = ItemSummary(text="A woodcut.", model="m", prompt="item_summarizer@1", at=datetime(2026, 1, 1, tzinfo=UTC))
    session.services.items.put_summary(session.catalogue.name, item, summary)
    saying(session, "I do not know that.")
    result, _ = await talk(session, "ann", "is there a fox in the first one?", thread_id=first.thread_id)
    assert result.reply == f"{item.title}: It shows a fox."


async def test_why_an_item_was_shown_is_answered_with_its_reason(session):
    first, _ = await talk(session, "ann", "show me a fox")
    saying(session, "I do not know that.")
    result, _ = await talk(session, "ann", "why did you pick the second one?", thread_id=first.thread_id)
    assert result.reply == f"{first.slate[1].title}: {first.slate[1].reason}"


@pytest.mark.parametrize(
    ("message", "fits"),
    [("thanx a lot", True), ("you are great", True), ("very kind of you", True), ("hmm", False), ("hang on", False)],
)
def test_thanks_are_answered_where_somebody_thanked(message, fits):
    assert bool(ground(message).doubt("You are welcome.")) is not fits
