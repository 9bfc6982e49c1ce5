"""Critiques: what is asked of the items shown changes the slate, is told, is taken back, and leaves the taste alone."""

import dataclasses
import re

import pytest

from agents.critiques import added, called, leaning, offered
from agents.events import TextDelta, TurnDone
from agents.parsing.axes import pole_of
from agents.state import Critique, TurnState
from catalog.items import Item
from tests.world import ITEMS, SUBJECTS, event, fond_of_foxes, open_session, polite, talk

MOODS = ("dark and gloomy", "bright and sunny", "plain")
SHADED = tuple(
    Item(**{**item.model_dump(), "text": f"It shows a {SUBJECTS[n % 4]}, {MOODS[n // 4 % 3]}."})
    for n, item in enumerate(ITEMS)
)


@pytest.fixture
async def session(tmp_path):
    session = open_session(tmp_path, items=SHADED, answer=no_wishes)
    yield session
    await session.aclose()


def no_wishes(prompt):
    return "none" if "List what they wish for" in prompt else polite(prompt)


async def said(session, *messages, user_id="ann"):
    """A conversation; the results of its turns."""
    results = []
    for message in messages:
        thread_id = results[-1].thread_id if results else None
        results.append((await talk(session, user_id, message, thread_id=thread_id))[0])
    return results


def ids(result):
    return [card.item_id for card in result.slate]


def prices(session, item_ids):
    return [session.catalogue[item_id].attributes["price"] for item_id in item_ids]


async def test_cheaper_than_one_item_is_a_filter_told_with_its_count(session):
    first, second = await said(session, "show me something", "cheaper than the third one")
    [limit] = prices(session, ids(first)[2:3])
    [critique] = second.critiques
    assert critique.said == f"cheaper than {limit:g} EUR"
    assert critique.about == (ids(first)[2],)
    assert all(price < limit for price in prices(session, ids(second)))
    below = sum(price < limit for price in prices(session, session.catalogue.item_ids))
    assert second.reply.startswith(f"Cheaper than {limit:g} EUR: {below} of 12 left. ")
    assert ("critiques", below) in [(step.step, step.count) for step in second.funnel]


async def test_cheaper_alone_means_than_all_that_were_shown_where_enough_is_left(tmp_path):
    dear = "i08", "i09", "i10", "i11"
    session = open_session(
        tmp_path, answer=no_wishes, decide=lambda state, question: 0.9 if any(
            f"€{one}" in question.text or session.catalogue[one].title in question.text for one in dear) else 0.1
        if not hasattr(question, "options") else "recommend",
    )  # fmt: skip
    first, second = await said(session, "something above 85 euros", "cheaper, any price")
    assert min(prices(session, ids(first))) == 90
    assert second.critiques[0].said in ("cheaper than 90 EUR",)
    assert max(prices(session, ids(second))) < 90
    await session.aclose()


async def test_where_too_little_is_cheaper_the_middle_of_what_was_shown_is_the_bound(session):
    first, second = await said(session, "something under 45 euros", "cheaper")
    assert sorted(prices(session, ids(first))) == [10, 20, 30, 40]
    assert second.slate == ()  # all below 45 were shown
    assert [one.said for one in second.critiques] == ["cheaper than 10 EUR"]
    assert "Nothing in the catalogue meets" in second.reply
    assert "without" not in second.reply  # all that a milder filter lets through was shown as well
    results = await said(session, "show me something", "newer than Quiet Hour 10", "cheaper than Quiet Hour 8")
    assert results[-1].slate == ()
    assert len(results[-1].critiques) == 2  # and not applied
    assert results[-1].quick_replies == ("Undo newer than 2015",)  # all that is newer was shown before
    mended, _ = await talk(session, "ann", results[-1].quick_replies[0], thread_id=results[-1].thread_id)
    assert mended.slate
    assert [one.said for one in mended.critiques] == ["cheaper than 90 EUR"]


async def test_bounds_add_up_and_the_last_is_taken_back_first(session):
    results = await said(session, "show me something", "cheaper than the third one", "newer", "undo that", "undo")
    start, _, newer, undone, bare = results
    assert len(newer.critiques) == 2
    assert [one.said for one in undone.critiques] == [newer.critiques[0].said]
    assert undone.reply.startswith(f"Undone: {newer.critiques[1].said}. ")
    assert ids(undone) == ids(results[1])  # what was on the screen is there again
    assert bare.critiques == ()
    assert ids(bare) == ids(start)


async def test_one_critique_among_several_is_taken_back_by_its_name(session):
    results = await said(session, "show me something", "cheaper than the third one", "newer", "forget the cheaper")
    assert [one.said.split()[0] for one in results[-1].critiques] == ["newer"]
    assert "critiques" in [step.step for step in results[-1].funnel]
    again = await talk(session, "ann", "undo that", thread_id=results[-1].thread_id)
    assert [one.said.split()[0] for one in again[0].critiques] == ["cheaper", "newer"]


async def test_any_price_lifts_what_was_cheaper(session):
    results = await said(session, "show me something", "cheaper than the third one", "any price")
    assert results[-1].critiques == ()


async def test_undo_takes_back_a_filter_as_well(session):
    results = await said(session, "show me something", "no horror", "undo that")
    assert results[1].funnel[1].count == 8
    assert results[2].funnel[1].count == 12


async def test_with_nothing_to_undo_it_says_so(session):
    [result] = await said(session, "undo that")
    assert result.reply.startswith("There is nothing to undo")
    assert result.slate == ()


async def test_darker_moves_the_order_along_what_summaries_show(session):
    first, darker, brighter = await said(session, "show me something", "darker", "brighter")
    dark = {f"i{n:02}" for n in range(4)}
    left = dark - set(ids(first))
    assert set(ids(darker)[: len(left)]) == left  # all that is dark and was not shown
    assert darker.reply.startswith(f"Darker: {len(left)} of 8 lean that way, and they come first.")
    assert any(
        citation.kind == "critique" for card in darker.slate for citation in card.citations if card.item_id in dark
    )
    bright = {f"i{n:02}" for n in range(4, 8)} - set(ids(first)) - set(ids(darker))
    assert set(ids(brighter)[: len(bright)]) == bright  # the later of the two holds


async def test_a_quality_that_nothing_shows_changes_nothing_and_says_so(session):
    [*_, result] = await said(session, "show me something", "more velvet")
    assert result.reply.startswith("More velvet: nothing here is known to be, so the order is as it was.")


async def test_no_critique_reaches_the_taste_or_the_record(session):
    results = await said(session, "show me something", "darker", "cheaper than the third one", "undo that")
    assert session.taste("ann").version == results[0].preference.version
    events = session.services.log.of_user("ann", "prints")
    assert not [one for one in events if "dark" in (one.text or "") or "cheap" in (one.text or "")]


async def test_critiques_belong_to_their_thread(session):
    await said(session, "show me something", "cheaper than the third one")
    [elsewhere] = await said(session, "show me something")
    assert elsewhere.critiques == ()


async def test_more_like_the_second_leads_with_what_both_show(session):
    first, like = await said(session, "show me something", "more like the second")
    [critique] = like.critiques
    assert critique.about == (ids(first)[1],)
    assert critique.likeness == session.catalogue[ids(first)[1]].text.rstrip(".") + ". genres: " + ", ".join(
        session.catalogue[ids(first)[1]].attributes["genres"]
    )
    [*_, back] = await said(session, "show me something", "more like the second", "undo that")
    assert back.critiques == ()


async def test_who_names_something_loved_and_wants_its_like_gets_it_without_itself(session):
    [result] = await said(session, "I loved Quiet Hour 4, anything like it?")
    assert result.slate[0].item_id in ("i00", "i08")
    assert "i04" not in ids(result)
    assert "Here you are" in result.reply or "like Quiet Hour 4" in result.reply
    assert [one.said for one in result.critiques] == ["more like “Quiet Hour 4”"]


async def test_what_is_like_an_item_is_not_said_to_be_like_a_picture(session):
    session.services.models.played_chat.answer = lambda prompt: (
        "Here are nine dragons." if "You recommend" in prompt else "none"
    )
    first, like = await said(session, "show me something", "more like the second")
    assert like.reply.startswith(f"Here are four like {first.slate[1].title}.")


async def test_a_button_gives_a_critique_of_one_item_and_takes_it_back(session):
    [first] = await said(session, "show me something")
    events = [one async for one in session.critique("ann", "i06", "cheaper", thread_id=first.thread_id)]
    result = events[-1].result
    assert isinstance(events[-1], TurnDone)
    assert [one.said for one in result.critiques] == ["cheaper than 70 EUR"]
    assert all(price < 70 for price in prices(session, ids(result)))
    assert "".join(one.text for one in events if isinstance(one, TextDelta)).strip() == result.reply
    back = [one async for one in session.undo_critique("ann", "cheaper than 70 EUR", thread_id=first.thread_id)]
    assert back[-1].result.critiques == ()
    with pytest.raises(KeyError):
        await anext(session.critique("ann", "nowhere", "cheaper"))


async def test_no_item_against_a_bound_is_shown_whatever_the_model_prefers(tmp_path):
    session = open_session(tmp_path, answer=no_wishes, decide=fond_of_foxes, interactions=[event("ann", "i00")])
    results = await said(session, "show me something", "newer than the second", "cheaper than the third", "bigger")
    for result in results[1:]:
        for card in result.slate:
            for critique in result.critiques:
                assert critique.condition is None or critique.condition.matches(session.catalogue[card.item_id])
    await session.aclose()


def test_a_critique_said_again_takes_the_place_of_itself_and_one_likeness_of_the_other():
    dark, like, other = (
        Critique("darker"),
        Critique("more like “A”", likeness="a"),
        Critique("more like “B”", likeness="b"),
    )
    assert added((dark, like), (other, dark)) == (other, dark)


def test_a_name_finds_the_latest_critique_that_has_all_its_words():
    held = (Critique("cheaper than 40 EUR"), Critique("darker"), Critique("cheaper than 30 EUR"))
    assert called(held, "cheaper") is held[2]
    assert called(held, "cheaper than 40 EUR") is held[0]
    assert called(held, "brighter") is None
    assert called(held, "the") is None


@pytest.mark.parametrize(
    ("view", "sign"),
    [("A fox in deep blue.", 1), ("A fox in pastel pink.", -1), ("A fox in black and white.", 0), ("A fox.", 0)],
)
def test_a_summary_leans_by_the_words_it_names_the_longest_first(view, sign):
    pole = pole_of("dark")
    found = leaning(view, (Critique("darker", quality=pole.name, towards=pole.towards, away=pole.away),))
    assert (found > 0) - (found < 0) == sign
    turned = leaning(view, (Critique("brighter", quality=pole.name, towards=pole.away, away=pole.towards),))
    assert turned == -found


def test_what_is_offered_suits_the_catalogue(tmp_path):
    session = open_session(tmp_path)
    assert offered(session.catalogue)[0] == "cheaper"
    assert "bigger" not in offered(session.catalogue)
    session.services.close()


def test_every_critique_is_of_plain_values_so_that_a_checkpoint_holds_it():
    assert {field.name for field in dataclasses.fields(Critique)} >= {"said", "condition", "towards"}
    assert TurnState(critiques=(Critique("darker"),)).conditions == ()


async def test_a_turn_that_changes_nothing_asked_for_leaves_nothing_to_undo(session):
    results = await said(session, "show me something", "darker", "I like the first one", "show me more", "undo that")
    assert results[-1].reply.startswith("Undone: darker.")
    assert results[-1].critiques == ()


async def test_what_was_undone_is_named_also_where_it_was_a_filter(session):
    *_, undone = await said(session, "show me something", "under 60 euros", "undo that")
    assert undone.reply.startswith("Undone: under 60 euros. ")


async def test_a_filter_is_taken_back_by_its_words(session):
    *_, lifted = await said(session, "a comedy under 60 euros", "forget the comedy")
    assert lifted.reply.startswith("Undone: comedy. ")
    assert lifted.slate
    assert max(prices(session, ids(lifted))) < 60
    genres = {session.catalogue[one].attributes["genres"] for one in ids(lifted)}
    assert genres != {("Comedy",)}


async def test_what_is_not_wanted_and_no_list_names_comes_last(session):
    first, without = await said(session, "show me something", "no owls")
    assert re.match(r"No owls: \d+ of \d+ do not fit, and they come last\. ", without.reply)
    assert not any("owl" in session.catalogue[one].text for one in ids(without))
    assert any("owl" in item.text for item in session.catalogue if item.item_id not in ids(first))


async def test_what_nothing_shows_anyway_is_said_to_be_shown_by_nothing(session):
    _, without = await said(session, "show me something", "no dragons")
    assert without.reply.startswith("No dragons: nothing here is known to show that. ")
