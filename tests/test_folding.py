"""The recurrence: what a fold may change, and what it may not."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.folding import (
    MAX_FACTS,
    Fold,
    FoldEdit,
    agreeing_prose,
    apply_edits,
    bounded_prose,
    checked_edits,
    complete_prose,
    finished_part,
    trusted_prose,
)
from agents.strength import ASKED_FOR, CLEAR
from memory.preferences import Edit, Fact, Preference

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BLOCK = ["liked Harbour: A woodcut of a fox in deep blue.", "disliked Gate: A pop art owl.", "wish: something calm"]


def edit(op: str, value: str = "fox", polarity: str = "like", evidence: tuple[int, ...] = (7,)) -> Edit:
    return Edit(op=op, polarity=polarity, aspect="subject", value=value, evidence=evidence)


def fold_edit(value: str, *, polarity: str = "like", evidence: tuple[int, ...] = ()) -> FoldEdit:
    return FoldEdit.model_validate(
        {"op": "add", "polarity": polarity, "aspect": "subject", "value": value, "evidence": evidence}
    )


def fold_of(*edits: FoldEdit) -> Fold:
    return Fold(edits=edits, prose="As before.")


def taste(*edits: Edit, before: Preference | None = None, block: dict[int, str] | None = None) -> Preference:
    start = before or Preference(user_id="ann")
    return apply_edits(start, edits, prose="Likes foxes.", words=60, watermark=9, now=NOW, block=block)


def test_an_added_fact_holds_with_its_evidence_and_the_version_moves_on():
    after = taste(edit("add"))
    [fact] = after.holding
    assert (fact.value, fact.evidence, after.version, after.watermark) == ("fox", (7,), 1, 9)
    assert 0 < fact.strength < CLEAR  # one event alone tells little


def test_a_stated_wish_weighs_more_than_a_like():
    wished = taste(edit("add"), block={7: "wish: a fox"}).holding[0].strength
    assert wished >= ASKED_FOR > taste(edit("add"), block={7: "liked A: a fox"}).holding[0].strength


def test_later_evidence_strengthens_weakens_and_retracts():
    once = taste(edit("add"))
    assert taste(edit("strengthen"), before=once).holding[0].strength > once.holding[0].strength
    often = taste(edit("add", evidence=(1, 2, 3, 4)))
    assert 0 < taste(edit("weaken"), before=often).holding[0].strength < often.holding[0].strength
    retracted = taste(edit("retract"), before=once)
    assert not retracted.holding
    assert retracted.facts[0].retracted


def test_each_event_counts():
    strengths = [taste(edit("add", evidence=tuple(range(1, n + 1)))).holding[0].strength for n in range(1, 8)]
    assert strengths == sorted(set(strengths))
    twice = taste(edit("add", evidence=(7, 8)))
    assert not taste(edit("weaken", evidence=(9, 10, 11)), before=twice).holding


def test_the_newer_of_two_opposite_facts_wins():
    after = taste(edit("add", polarity="dislike", evidence=(8,)), before=taste(edit("add")))
    [fact] = after.holding
    assert (fact.polarity, fact.evidence) == ("dislike", (8,))


@pytest.mark.parametrize("op", ["add", "strengthen", "weaken", "retract"])
def test_a_pinned_fact_survives_every_edit(op):
    pinned = Fact(polarity="like", aspect="subject", value="fox", strength=0.9, since=NOW, pinned=True)
    before = Preference(user_id="ann", facts=(pinned,))
    assert taste(edit(op, polarity="dislike"), before=before).facts == (pinned,)


def test_a_version_names_no_edit_of_a_pinned_fact():
    pinned = Fact(polarity="like", aspect="subject", value="fox", strength=0.9, since=NOW, pinned=True)
    after = taste(edit("strengthen"), edit("add", "owl"), before=Preference(user_id="ann", facts=(pinned,)))
    assert [one.value for one in after.edits] == ["owl"]


def test_without_a_prose_that_holds_the_facts_speak():
    edits = [edit("add", "fox"), edit("add", "owl"), edit("add", "neon", "dislike")]
    after = apply_edits(Preference(user_id="ann"), edits, prose="", words=60, watermark=9, now=NOW)
    assert after.prose == "They like fox and owl. They avoid neon."


@pytest.mark.parametrize("said", ["no foxes please", "I hate foxes", "I don't like foxes any more", "less fox, more"])
def test_what_is_refused_is_never_liked_whatever_the_model_says(said):
    [kept] = checked_edits(fold_of(fold_edit("fox", evidence=(1,))), [f"wish: {said}"], [7], [])
    assert (kept.polarity, kept.reason, kept.evidence) == ("dislike", "asked to avoid it", (7,))


@pytest.mark.parametrize("said", ["a fox please", "I don't know, maybe a fox", "no owls but a fox", "why not a fox?"])
def test_what_is_asked_for_stays_liked(said):
    [kept] = checked_edits(fold_of(fold_edit("fox", evidence=(1,))), [f"wish: {said}"], [7], [])
    assert kept.polarity == "like"


def test_an_event_supports_no_opposite():
    block = ["disliked Gate: A pop art fox.", "liked Harbour: A woodcut owl."]
    edits = [fold_edit("fox", evidence=(1,)), fold_edit("owl", polarity="dislike", evidence=(2,))]
    assert checked_edits(fold_of(*edits), block, [7, 8], []) == ()


WHOLE = '{"edits":[{"value":"fox","aspect":"subject","evidence":[1],"op":"add","polarity":"like","reason":"liked"},'


@pytest.mark.parametrize(
    "cut", ['{"value":"ow', '{"value":"owl","aspect":"subject","evid', "", '{"value":"owl","op":"ad']
)
def test_of_an_answer_cut_short_the_finished_edits_are_kept(cut):
    kept = finished_part(WHOLE + cut)
    assert kept is not None
    assert [one.value for one in kept.edits] == ["fox"]


@pytest.mark.parametrize("nothing", ["", "{", '{"edits":[{"value":"fo', "[]", "no idea", '{"edits":7}', "null"])
def test_an_answer_without_a_finished_edit_gives_nothing(nothing):
    assert finished_part(nothing) is None


def test_a_fact_keeps_the_day_it_was_first_held():
    first = taste(edit("add"))
    later = apply_edits(first, [edit("strengthen")], prose="x", words=60, watermark=10, now=NOW + timedelta(days=3))
    assert later.holding[0].since == NOW


def test_an_edit_without_ground_in_the_events_is_left_out():
    fold = Fold(
        edits=(
            FoldEdit(op="add", polarity="like", aspect="subject", value="fox", evidence=(1,)),
            FoldEdit(op="add", polarity="like", aspect="subject", value="whale", evidence=(1,)),  # nobody said whale
            FoldEdit(op="strengthen", polarity="like", aspect="subject", value="fox"),  # not held yet
        ),
        prose="Likes foxes.",
    )
    [kept] = checked_edits(fold, BLOCK, [31, 32, 33], ())
    assert (kept.value, kept.evidence) == ("fox", (31,))


@pytest.mark.parametrize("told", [(), (9,), (2,), (1, 2)])
def test_evidence_is_only_what_names_the_value(told):
    fold = Fold(edits=(FoldEdit(op="add", polarity="like", aspect="subject", value="fox", evidence=told),), prose="x")
    [kept] = checked_edits(fold, BLOCK, [31, 32, 33], ())
    assert kept.evidence == (31,)


def test_a_sentence_that_shares_no_word_with_what_was_read_is_left_out():
    fold = Fold(edits=(), prose="They like quiet foxes. Lately they lean towards stis and st.")
    assert trusted_prose(fold, (), "", ["liked A: a fox, quiet"]) == "They like quiet foxes."
    assert (
        trusted_prose(fold.model_copy(update={"prose": "They love stis."}), (), "before", ["liked A: a fox"])
        == "before"
    )
    assert trusted_prose(fold, (), "") == fold.prose


def test_prose_that_speaks_of_a_groundless_edit_is_left_out_sentence_by_sentence():
    whale = FoldEdit(op="add", polarity="like", aspect="subject", value="whale", evidence=(1,))
    fold = Fold(edits=(whale,), prose="They like foxes. Lately they lean towards whales.")
    assert trusted_prose(fold, (), "before") == "They like foxes."
    assert trusted_prose(fold.model_copy(update={"prose": "They love the whale."}), (), "before") == "before"


def test_a_fact_already_held_may_be_edited_without_being_named_again():
    held = taste(edit("add", value="whale")).facts
    fold = Fold(edits=(FoldEdit(op="retract", polarity="like", aspect="subject", value="whale"),), prose="x")
    assert [kept.op for kept in checked_edits(fold, BLOCK, [1, 2, 3], held)] == ["retract"]


def test_one_fold_learns_one_thing_of_a_value_and_nothing_where_acts_disagree():
    block = ["liked A: a calm fox", "disliked B: a calm owl", "disliked C: a neon owl", "wish: something calm"]

    def learned(events, *told):
        edits = [FoldEdit(op="add", polarity=polarity, aspect="a", value=value) for polarity, value in told]
        made = checked_edits(Fold(edits=edits, prose="x"), events, range(1, len(events) + 1), ())
        return [(edit.polarity, edit.value) for edit in made]

    assert learned(block[:3], ("like", "calm")) == learned(block[:3], ("dislike", "calm")) == []
    assert learned(block[:3], ("dislike", "owl"), ("like", "fox")) == [("dislike", "owl"), ("like", "fox")]
    assert learned(block[1:], ("like", "calm")) == [("like", "calm")]
    assert learned(block, ("like", "calm"), ("dislike", "calm"), ("like", "calm")) == [("like", "calm")]


def test_what_a_wish_plainly_welcomes_is_liked_whatever_the_model_made_of_it():
    edits = [FoldEdit(op="add", polarity="dislike", aspect="subject", value=value) for value in ("owl", "fox")]
    made = checked_edits(Fold(edits=edits, prose="x"), ["wish: I love owls", "wish: I'm done with a fox"], (1, 2), ())
    assert [(edit.polarity, edit.value) for edit in made] == [("like", "owl"), ("dislike", "fox")]


def test_prose_that_says_the_opposite_of_a_fact_is_left_out():
    facts = (
        Fact(polarity="like", aspect="subject", value="fox", strength=0.5, since=NOW),
        Fact(polarity="dislike", aspect="palette", value="neon", strength=0.5, since=NOW),
        Fact(polarity="dislike", aspect="mood", value="gloomy", strength=0.5, since=NOW, retracted=True),
    )
    held = "They like fox. They avoid neon. They like gloomy pictures."
    assert agreeing_prose(held, facts) == held
    assert agreeing_prose("They avoid fox. They like deep blue and neon. They like owls.", facts) == "They like owls."
    assert agreeing_prose("Lately they lean towards neon and owl. They like owls.", facts) == "They like owls."
    assert agreeing_prose("Their aversion to neon is strong.", facts) == "Their aversion to neon is strong."


@pytest.mark.parametrize(
    ("prose", "wanted"),
    [
        ("They avoid neon.", "They like fox and owl. They avoid neon."),
        ("They like fox.", "They avoid neon. They like fox."),
        ("Foxes above all, nothing in neon.", "Foxes above all, nothing in neon."),
        ("", ""),
    ],
)
def test_prose_that_names_nothing_of_what_is_clearly_liked_or_disliked_is_completed(prose, wanted):
    facts = (
        Fact(polarity="like", aspect="subject", value="fox", strength=0.7, since=NOW),
        Fact(polarity="like", aspect="subject", value="owl", strength=0.5, since=NOW),
        Fact(polarity="like", aspect="mood", value="calm", strength=0.2, since=NOW),
        Fact(polarity="dislike", aspect="palette", value="neon", strength=0.5, since=NOW),
        Fact(polarity="like", aspect="mood", value="gloomy", strength=0.9, since=NOW, retracted=True),
    )
    assert complete_prose(prose, facts) == wanted


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        ("They like deep blue, deep blue and deep blue.", "They like deep blue."),
        ("They like fox, owl and fox.", "They like fox and owl."),
        ("They like fox, owl, fox and hare.", "They like fox, owl and hare."),
        ("They like black and white, and the sea.", "They like black and white, and the sea."),
        ("They like fox.", "They like fox."),
    ],
)
def test_no_value_is_told_twice_in_a_list(told, wanted):
    assert agreeing_prose(told, ()) == wanted


def test_prose_is_cut_after_the_last_whole_sentence_that_fits():
    assert bounded_prose("Likes foxes. Avoids crowds and noise.", 4) == "Likes foxes."
    assert bounded_prose("one two three four", 2) == "one two"


values = st.sampled_from([f"value {n}" for n in range(40)])
edits = st.builds(
    edit,
    op=st.sampled_from(["add", "strengthen", "weaken", "retract"]),
    value=values,
    polarity=st.sampled_from(["like", "dislike", "must", "must_not"]),
    evidence=st.tuples(st.integers(1, 50)),
)


@given(st.lists(st.lists(edits, max_size=12), max_size=12), st.text(max_size=400))
def test_whatever_is_folded_the_taste_stays_bounded_and_its_strengths_in_range(blocks, prose):
    preference = Preference(user_id="ann")
    for block in blocks:
        preference = apply_edits(preference, block, prose=prose, words=12, watermark=1, now=NOW)
    assert preference.version == len(blocks)
    assert len(preference.holding) <= MAX_FACTS
    assert len(preference.prose.split()) <= 12
    assert all(0 <= fact.strength <= 1 for fact in preference.facts)
    assert len({fact.fact_id for fact in preference.facts}) == len(preference.facts)


def test_a_fold_whose_prose_forgets_what_was_clear_before_it_is_completed():
    before = Preference(
        user_id="ann",
        prose="They like fox.",
        facts=(Fact(polarity="like", aspect="subject", value="fox", strength=0.7, since=NOW),),
    )
    told = apply_edits(before, (), prose="They avoid neon.", words=60, watermark=3, now=NOW)
    assert told.prose == "They like fox. They avoid neon."


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("asked for it" * 9, "asked for it"),
        ("liked the fox, liked the fox, liked", "liked the fox"),
        ("asked for it twice", "asked for it twice"),
        ("banana", "banana"),
    ],
)
def test_a_reason_ends_where_it_begins_to_stutter(told, kept):
    edit = {"op": "add", "polarity": "like", "aspect": "subject", "value": "fox", "reason": told}
    assert FoldEdit.model_validate(edit).reason == kept
