"""What a message asks for: intents, wishes and what they mean beside a picture, in whole turns and alone."""

import pytest

from agents.intents import INTENTS, names_things_only
from agents.understanding import merged_filters
from agents.wishes import own_words, split_wishes, wish_text
from catalog.filters import Filter
from models.decisions import Choice
from tests.world import any_picture, played, polite, talk
from tracing.events import StepEnded


@pytest.fixture
def session(start):
    return start()


async def test_what_is_refused_is_no_wish_and_takes_an_earlier_one_back(session):
    first, _ = await talk(session, "ann", "show me a fox")
    asked = [step.rule for step in first.funnel]
    second, _ = await talk(session, "ann", "no foxes please", thread_id=first.thread_id)
    trace = session.services.traces.get(second.trace_id)
    changed = [event.state_changes for event in trace.of(StepEnded) if event.step == "understand"]
    assert asked
    assert changed
    assert not changed[0].get("wishes")  # the model named "a fox" both times
    assert not changed[0].get("new_wishes")


async def test_a_plain_request_is_not_in_vain_where_the_model_names_no_wish(session):
    played(session).played_chat.answer = lambda text: "none" if "List what they wish for" in text else polite(text)
    result, _ = await talk(session, "ann", "show me something for a nursery, cheerful")
    trace = session.services.traces.get(result.trace_id)
    [changed] = [event.state_changes for event in trace.of(StepEnded) if event.step == "understand"]
    assert changed["wishes"] == ["nursery, cheerful"]
    refused, _ = await talk(session, "bob", "anything but neon, please")
    trace = session.services.traces.get(refused.trace_id)
    [changed] = [event.state_changes for event in trace.of(StepEnded) if event.step == "understand"]
    assert not changed.get("wishes")
    assert changed["intent"] == "recommend"
    assert "filters" not in changed


def test_a_bound_replaces_the_same_bound_and_exclusions_add_up():
    cheap, cheaper = (Filter(attribute="price", op="below", value=value) for value in (60.0, 40.0))
    dear = Filter(attribute="price", op="at_least", value=20.0)
    no_horror, no_drama = (Filter(attribute="genres", op="has_not", value=value) for value in ("Horror", "Drama"))
    assert merged_filters((cheap, dear, no_horror), (cheaper, no_drama), ()) == (dear, no_horror, cheaper, no_drama)
    assert merged_filters((cheap, no_horror), (), ("price",)) == (no_horror,)


@pytest.mark.parametrize(
    ("intent", "message", "names_only"),
    [
        ("correct_taste", "A joyful woodcut.", True),
        ("correct_taste", "owls", True),
        ("correct_taste", "I have never liked owls", False),
        ("correct_taste", "your idea of my taste is wrong", False),
        ("correct_taste", "no owls any more", False),
        ("correct_taste", "owls? always liked them", False),
        ("correct_taste", "from now on avoid deep blue", False),
        ("correct_taste", "please forget the thing about owls", False),
        ("correct_taste", "Ive no use for owls", False),
        ("correct_taste", "Id rather never see an owl again", False),
        ("correct_taste", "an owl is always welcome", False),
        ("feedback", "blue", True),
        ("feedback", "great!", False),
        ("feedback", "the blue one is lovely", False),
        ("small_talk", "blue", False),
        ("small_talk", "birds and gardens", True),
        ("small_talk", "a fox at night", True),
        ("small_talk", "some owls, then", True),
        ("small_talk", "a fox has been here", False),
        ("small_talk", "a busy day at work", False),
        ("small_talk", "the owl in you", False),
        ("feedback", "a heron in snow", True),
        ("small_talk", "bread and butter please, how are you", False),
        ("correct_taste", "owls and mice always bored me", False),
    ],
)
def test_who_only_names_things_looks_for_them(intent, message, names_only):
    told = ["a joyful woodcut of an owl in deep blue.", "a fox in deep blue.", "a fox.", "an owl.", "a cat."]
    assert names_things_only(intent, message, told) is names_only


async def test_a_bare_name_is_looked_for_though_a_model_takes_it_for_a_correction(start):
    session = start(decide=lambda state, question: "correct_taste" if isinstance(question, Choice) else 0.5)
    result, _ = await talk(session, "ann", "foxes")
    assert result.slate
    corrected, _ = await talk(session, "ann", "I have never liked foxes")
    assert not corrected.slate


def test_the_wishes_of_a_message_without_any_are_none():
    assert wish_text("show me something please") == ""
    assert split_wishes("None.") == ()
    assert split_wishes("calm; deep blue.\n") == ("calm", "deep blue")


def test_what_was_not_said_is_not_wished():
    assert own_words(("calm", "cats", "deep blue"), "a calm cat, in deep blue") == ("calm", "cats", "deep blue")
    assert own_words(("a whale",), "a calm cat") == ()


async def test_a_wish_the_model_invents_never_enters_memory(start):
    session = start(answer=lambda prompt: "a giraffe" if "wish for" in prompt else polite(prompt))
    await talk(session, "ann", "what about a fox")
    assert [one.text for one in session.services.log.of_user("ann", "prints")] == ["what about a fox"]


def test_every_intent_can_be_asked_for():
    assert list(INTENTS) == ["recommend", "critique", "feedback", "question", "correct_taste", "small_talk"]


@pytest.mark.parametrize("words", ["anything like it?", "I saw this one in a café. Do you have anything like it?"])
async def test_a_picture_is_what_is_asked_for_now_whatever_was_asked_before(start, words):
    """After calm owls, somebody shows a fox and asks for the like: foxes, and the reason says so."""

    def answer(prompt):
        return "an owl" if "List what they wish for" in prompt else polite(prompt)

    session = start(answer=answer, decide=lambda state, question: "recommend" if isinstance(question, Choice) else 0.5)
    first, _ = await talk(session, "ann", "I would love an owl, please")
    picture = session.pictures.read(any_picture(session))
    result, _ = await talk(session, "ann", words, picture=picture, thread_id=first.thread_id)
    assert "fox" in session.catalogue[result.slate[0].item_id].text
    [shared] = [one for one in result.slate[0].citations if one.kind == "picture"]
    assert shared.text == "fox"
    assert not any(one.kind == "wish" for card in result.slate for one in card.citations)


async def test_beside_a_picture_it_is_never_the_item_spoken_of_before(start):
    session = start(decide=lambda state, question: "recommend" if isinstance(question, Choice) else 0.5)
    first, _ = await talk(session, "ann", "show me something")
    owl = next(at for at, card in enumerate(first.slate) if "fox" not in session.catalogue[card.item_id].text)
    place = ("first", "second", "third", "fourth")[owl]
    await talk(session, "ann", f"the {place} is lovely", thread_id=first.thread_id)
    picture = session.pictures.read(any_picture(session))
    result, _ = await talk(session, "ann", "anything like it?", picture=picture, thread_id=first.thread_id)
    assert not any(one.likeness for one in result.critiques)
    assert "fox" in session.catalogue[result.slate[0].item_id].text


async def test_words_about_a_picture_are_no_wish_of_their_own(start):
    session = start(answer=lambda prompt: "a castle" if "List what they wish for" in prompt else polite(prompt))
    picture = session.pictures.read(any_picture(session))
    await talk(session, "ann", "I saw this one in a cafe, anything like it?", picture=picture)
    kept = [one.text for one in session.services.log.of_user("ann", "prints")]
    assert kept == ["something like this picture: A woodcut of a fox."]


async def test_what_was_shown_stays_asked_for_until_something_else_is(start):
    def answer(prompt):
        if "List what they wish for" not in prompt:
            return polite(prompt)
        return "an owl" if "love an owl" in prompt else "none"

    session = start(answer=answer, decide=lambda state, question: "recommend" if isinstance(question, Choice) else 0.5)
    picture = session.pictures.read(any_picture(session))
    shown, _ = await talk(session, "ann", "anything like it?", picture=picture)
    cheaper, _ = await talk(session, "ann", "under 100 euros", thread_id=shown.thread_id)
    asked = played(session).played_decider.heard
    assert "They ask now for: A woodcut of a fox." in asked[-1].state
    await talk(session, "ann", "I would love an owl, please", thread_id=cheaper.thread_id)
    assert "They ask now for: an owl" in asked[-1].state
    kept = [one.text for one in session.services.log.of_user("ann", "prints") if one.text.startswith("something like")]
    assert len(kept) == 1  # said once, learned once


async def test_what_a_request_refuses_leaves_the_rest_of_it_a_wish(session):
    session.services.models.played_chat.answer = lambda prompt: "none" if "List what" in prompt else polite(prompt)
    result, _ = await talk(session, "ann", "something happy for a nursery, no neon")
    changed = [
        event.state_changes
        for event in session.services.traces.get(result.trace_id).of(StepEnded)
        if event.step == "understand"
    ]
    assert changed[0]["new_wishes"] == ("happy for a nursery",) or changed[0]["new_wishes"] == ["happy for a nursery"]


@pytest.mark.parametrize("guessed", ["critique", "feedback"])
async def test_where_nothing_is_shown_nothing_is_changed_or_judged(start, guessed):
    session = start(decide=lambda state, question: guessed if isinstance(question, Choice) else 0.5)
    first, _ = await talk(session, "ann", "an elephant")
    second, _ = await talk(session, "ann", "an elephant", thread_id=first.thread_id)
    read = [
        event.state_changes["intent"]
        for turn in (first, second)
        for event in session.services.traces.get(turn.trace_id).of(StepEnded)
        if event.step == "understand"
    ]
    assert read == ["recommend", guessed]


@pytest.mark.parametrize(
    ("said", "wished"),
    [("owls too", ["a fox", "owls"]), ("no, owls only", ["owls"]), ("owls instead", ["owls"])],
)
async def test_what_is_wanted_only_or_instead_takes_the_place_of_what_was(start, said, wished):
    def answer(prompt):
        if "List what they wish for" not in prompt:
            return polite(prompt)
        return "owls" if "owls" in prompt else "a fox"

    session = start(answer=answer, decide=lambda state, question: "critique" if isinstance(question, Choice) else 0.5)
    first, _ = await talk(session, "ann", "show me a fox")
    second, _ = await talk(session, "ann", said, thread_id=first.thread_id)
    turns = await session.turns("ann", second.thread_id)
    assert list(turns[-1].wishes) == wished


async def test_a_no_before_a_comma_refuses_what_was_shown_and_not_what_follows(start):
    def answer(prompt):
        return "a giraffe" if "List what they wish for" in prompt else polite(prompt)

    session = start(answer=answer, decide=lambda state, question: "critique" if isinstance(question, Choice) else 0.5)
    first, _ = await talk(session, "ann", "show me a fox")
    second, _ = await talk(session, "ann", "no, owls only", thread_id=first.thread_id)
    turns = await session.turns("ann", second.thread_id)
    assert list(turns[-1].wishes) == ["owls"]
