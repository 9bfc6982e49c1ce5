"""What a question is worth: how far the likings of people part along it, and no more than chance allows."""

import random

import pytest

from agents.lift import FEWEST_PEOPLE, Lifts, lift
from memory.collaborative import Collaborative
from tests.world import event, open_session, polite, talk

CALM, LOUD = [f"c{n}" for n in range(40)], [f"l{n}" for n in range(40)]
BOTH = {"calm": set(CALM), "loud": set(LOUD)}


def people(share, count=200, likings=10, seed=1):
    """Half of them like calm things by this share, half loud ones."""
    rng = random.Random(seed)
    made = []
    for number in range(count):
        own, other = (CALM, LOUD) if number % 2 else (LOUD, CALM)
        calm = sum(rng.random() < share for _ in range(likings))
        made.append([*rng.sample(own, calm), *rng.sample(other, likings - calm)])
    return made


def test_likings_that_part_make_a_question_worth_asking():
    assert lift(people(0.9), BOTH) == pytest.approx(0.8, abs=0.15)  # nine in ten instead of five
    assert lift(people(0.9), BOTH) > lift(people(0.7), BOTH) > 0.05


@pytest.mark.parametrize("seed", range(5))
def test_likings_that_do_not_part_make_it_worth_nothing(seed):
    assert lift(people(0.5, seed=seed), BOTH) < 0.05


def test_too_few_people_are_no_evidence():
    assert lift(people(0.9, count=FEWEST_PEOPLE - 1), BOTH) is None
    assert lift(people(0.9, likings=3), BOTH) is None


def test_an_option_that_nobody_likes_anything_of_parts_nobody():
    assert lift(people(0.9), {"calm": set(CALM), "green": {"g1"}}) == 0.0


def test_what_a_question_is_worth_is_found_out_once():
    found, lifts = [], Lifts()
    for _ in range(3):
        assert lifts.of("which?", lambda: found.append(1) or 0.3) == 0.3
    assert found == [1]


def test_likings_are_of_people_taken_evenly_and_follow_what_is_new():
    known = Collaborative([(f"u{n:02}", "a", 1, n) for n in range(10)] + [("u00", "b", 1, 11), ("u01", "a", -1, 12)])
    assert len(known.likings(3)) == 3
    assert sorted(known.likings(100)[0]) == ["a", "b"]
    assert len(known.likings(100)) == 9  # u01 likes nothing any more
    assert ["c"] in known.grown({("zz", "c"): 1}, newest=13).likings(100)


async def test_the_log_decides_which_question_is_asked_and_whether_any_is(tmp_path):
    by_kind = [
        event(f"u{user:02}", f"i{item:02}")
        for user in range(60)
        for item in range(12)
        if item % 3 == user % 3 or item == (user * 5) % 12  # each likes one genre, whatever the price
    ]
    alike = [event(f"u{user:02}", f"i{(user * 7 + n * 5) % 12:02}") for user in range(60) for n in range(7)]
    asked = {}
    for name, likings in (("by kind", by_kind), ("alike", alike)):
        session = open_session(
            tmp_path / name,
            interactions=likings,
            answer=lambda prompt: "none" if "List what they wish for" in prompt else polite(prompt),
            **{"recommend.decide": 4, "recommend.slate": 2},
        )
        asked[name] = (await talk(session, "ann", "recommend something"))[0]
        await session.aclose()
    assert asked["by kind"].reply.startswith("One question first: which genre?")
    assert asked["alike"].slate
