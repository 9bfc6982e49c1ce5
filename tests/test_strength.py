"""How strong a fact is: likes against how often a value is shown at all, and what an edit may make of it."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.commonness import Commonness
from agents.folding import EVIDENCE_OF_RETRACTED, MAX_RETRACTED, apply_edits
from agents.strength import AGEING, ASKED_FOR, CLEAR, aged, liking_of, strength_of
from agents.wording import event_line
from memory.interactions import Interaction
from memory.preferences import Counts, Edit, Preference

NOW = datetime(2026, 1, 1, tzinfo=UTC)
amounts = st.floats(0, 50)
many = st.builds(Counts, liked=amounts, disliked=amounts, passed=amounts)
shares = st.floats(0.001, 1)


def edit(op: str, value: str = "fox", polarity: str = "like", evidence: tuple[int, ...] = (7,)) -> Edit:
    return Edit(op=op, polarity=polarity, aspect="subject", value=value, evidence=evidence)


def lived(*lines: str, before: Preference | None = None, edits: tuple[Edit, ...] = (), shown: float = 0.1):
    """The taste after one fold of these events."""
    start = before or Preference(user_id="ann")
    first = start.watermark + 1
    block = dict(enumerate(lines, first))
    return apply_edits(
        start, edits, prose="x", words=60, watermark=first + len(lines) - 1, now=NOW, block=block, shown=lambda _: shown
    )


def somebody_who_hates_neon() -> Preference:
    lines = ["disliked A: neon", "liked B: an owl"] * 8
    return lived(*lines, edits=(edit("add", "neon", "dislike", tuple(range(1, 17, 2))),))


def held(taste: Preference, value: str = "fox"):
    return next(fact for fact in taste.facts if fact.value == value)


def test_a_value_that_is_on_everything_gathers_no_strength_by_likes_alone():
    everything, rare, common = Counts(liked=10, disliked=10), Counts(liked=5), Counts(liked=5, disliked=5)
    assert strength_of(rare, everything, 0.25, liked=True) > CLEAR
    assert strength_of(common, everything, 0.5, liked=True) < CLEAR


def test_of_somebody_who_only_likes_what_the_catalogue_shows_anyway_is_not_their_taste():
    everything = Counts(liked=20)
    assert strength_of(Counts(liked=12), everything, 0.6, liked=True) < CLEAR
    assert strength_of(Counts(liked=12), everything, 0.05, liked=True) > CLEAR


def test_one_like_is_slight_and_each_further_one_makes_it_surer():
    strengths = [strength_of(Counts(liked=n), Counts(liked=n), 0.05, liked=True) for n in range(1, 9)]
    assert 0 < strengths[0] < CLEAR < strengths[-1] < 1
    assert strengths == sorted(set(strengths))


def test_looking_on_without_a_word_speaks_against_but_less_than_a_dislike():
    whole = Counts(liked=10, disliked=10)
    none, passed, disliked = Counts(liked=4), Counts(liked=4, passed=3), Counts(liked=4, disliked=3)
    assert (
        strength_of(none, whole, 0.1, liked=True)
        > strength_of(passed, whole, 0.1, liked=True)
        > strength_of(disliked, whole, 0.1, liked=True)
    )


@given(many, many, shares)
def test_a_strength_is_in_range_and_nothing_is_clearly_liked_and_disliked(own, rest, shown):
    whole = Counts(liked=own.liked + rest.liked, disliked=own.disliked + rest.disliked, passed=own.passed + rest.passed)
    liked, disliked = (strength_of(own, whole, shown, liked=way) for way in (True, False))
    assert 0 <= liked <= 1
    assert 0 <= disliked <= 1
    assert min(liked, disliked) < CLEAR


def test_counts_weigh_less_the_more_follows_whether_looked_at_often_or_once():
    once = aged(Counts(liked=4, passed=2), 100)
    assert once.liked == pytest.approx(4 * AGEING**100, abs=1e-3)
    step = Counts(liked=4, passed=2)
    for at in range(10, 101, 10):
        step = aged(step, at)
    assert step.liked == pytest.approx(once.liked, abs=0.01)


@pytest.mark.parametrize("kind", ["like", "dislike", "purchase", "view", "rating"])
@pytest.mark.parametrize("value", [1.0, 2.5, 3.0, 4.0, 5.0])
def test_an_event_counts_as_its_interaction_says(kind, value):
    event = Interaction(user_id="a", catalogue="c", kind=kind, item_id="i", value=value, at=NOW)
    assert liking_of(event_line(kind, title="disliked liked", summary="liked", value=value)) == event.liking


def test_every_event_that_names_a_held_value_is_counted_though_no_edit_speaks_of_it():
    once = lived("liked A: a fox", "liked B: an owl", edits=(edit("add", evidence=(1,)),))
    later = lived("viewed C: a fox", "disliked D: a fox", "liked E: an owl", before=once)
    counts = held(later).counts
    assert (counts.liked, counts.disliked, counts.passed) == (pytest.approx(AGEING**3, abs=1e-3), 1, 1)
    assert later.counts.at == 5
    assert held(later).strength == held(once).strength  # a strength moves only by an edit, which tells why


def test_a_single_like_does_not_turn_what_is_clearly_disliked():
    hated = somebody_who_hates_neon()
    after = lived("liked B: neon", before=hated, edits=(edit("add", "neon", "like", (17,)),))
    assert held(after, "neon").polarity == "dislike"
    assert held(after, "neon").strength < held(hated, "neon").strength
    assert [(one.op, one.polarity) for one in after.edits] == [("weaken", "dislike")]


def test_what_is_asked_for_turns_it_at_once():
    hated = somebody_who_hates_neon()
    after = lived("wish: something neon", before=hated, edits=(edit("add", "neon", "like", (17,)),))
    assert held(after, "neon").polarity == "like"
    assert held(after, "neon").strength >= ASKED_FOR


def test_a_change_of_heart_is_followed_by_acts_alone():
    taste = lived(*["liked A: a fox"] * 8, edits=(edit("add", evidence=tuple(range(1, 9))),))
    for number in range(9, 49, 2):
        way = "weaken" if held(taste).polarity == "like" and not held(taste).retracted else "add"
        polarity = "like" if way == "weaken" else "dislike"
        taste = lived(
            "disliked B: a fox", "liked C: an owl", before=taste, edits=(edit(way, "fox", polarity, (number,)),)
        )
    assert (held(taste).polarity, held(taste).retracted) == ("dislike", False)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["add", "strengthen", "weaken", "retract"]),
            st.sampled_from(["like", "dislike"]),
            st.sampled_from(["liked", "disliked", "viewed"]),
        ),
        max_size=25,
    )
)
def test_no_edit_moves_a_strength_the_other_way_than_it_says(steps):
    taste = Preference(user_id="ann")
    for number, (op, polarity, verb) in enumerate(steps, 1):
        before = taste
        taste = lived(f"{verb} A: a fox", before=before, edits=(edit(op, "fox", polarity, (number,)),))
        old = next((fact for fact in before.holding), None)
        for made in taste.edits:
            new = held(taste)
            if old is None or new.polarity != old.polarity:
                continue
            if made.op in ("add", "strengthen"):
                assert new.strength >= old.strength
            if made.op == "weaken":
                assert new.strength <= old.strength


def test_what_no_longer_holds_is_kept_only_so_long():
    taste = Preference(user_id="ann")
    for number in range(1, 201):
        taste = lived(
            f"liked A: value{number}x", before=taste, edits=(edit("add", f"value{number}x", "like", (number,)),)
        )
    retracted = [fact for fact in taste.facts if fact.retracted]
    assert len(retracted) == MAX_RETRACTED


def test_a_fact_that_no_longer_holds_names_its_latest_events_only():
    often = lived(*["liked A: a fox"] * 30, edits=(edit("add", evidence=tuple(range(1, 31))),))
    gone = lived("wish: no foxes", before=often, edits=(edit("retract", evidence=(31,)),))
    assert held(gone).retracted
    assert held(gone).evidence == tuple(range(32 - EVIDENCE_OF_RETRACTED, 32))
    assert len(held(often).evidence) == 30


def test_how_common_a_value_is_is_looked_up_once():
    asked = []
    views = ["a fox in neon", "an owl in neon", "a cat"]

    def look():
        asked.append(1)
        return views

    common = Commonness()
    assert common.share("neon", look) > common.share("fox", look) > common.share("whale", look) > 0
    assert common.share("NEON", look) == common.share("neon", look)
    assert len(asked) == 1
