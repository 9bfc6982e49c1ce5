"""Splits that can be judged by: nothing of what is tested can be read off what is trained on."""

import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.interactions import Interaction
from training.finetune.errors import SplitLeaks, TrainingRefused
from training.finetune.leaks import check_leaks
from training.finetune.negatives import Negatives
from training.finetune.splits import Split, Target, make_split, place

START = datetime(2024, 1, 1, tzinfo=UTC)
KINDS = ("leave_last", "time", "user")


def event(number, user="ann", item="a", kind="like", hours=None):
    at = START + timedelta(hours=number if hours is None else hours)
    return Interaction(user_id=user, catalogue="c", kind=kind, item_id=item, at=at, event_id=number)


def log(users=12, each=8, items=30, seed=0):
    """Users who like, dislike, view and wish, in times that overlap."""
    rng, events = random.Random(seed), []
    for number in range(users * each):
        kind = rng.choices(("like", "view", "dislike", "wish"), (6, 2, 1, 1))[0]
        item = "" if kind == "wish" else f"i{rng.randrange(items)}"
        events.append(event(number + 1, f"u{rng.randrange(users)}", item, kind, hours=rng.randrange(200)))
    return events


@given(
    st.sampled_from(KINDS), st.integers(0, 10_000), st.integers(3, 20), st.integers(4, 12), st.sampled_from((0, 0.3))
)
def test_no_split_leaks_whatever_the_log(kind, seed, users, each, cold):
    try:
        split = make_split(log(users, each, seed=seed), kind=kind, cold_items=cold, seed=seed)
    except TrainingRefused:
        return
    check_leaks(split)
    assert all((split.train, split.validation, split.test))


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_log_and_seed_give_the_same_split_in_whatever_order_it_comes(kind):
    events = log()
    shuffled = random.Random(1).sample(events, len(events))
    assert make_split(events, kind=kind, seed=3) == make_split(shuffled, kind=kind, seed=3)


def test_the_target_is_the_latest_liking_and_not_the_most_popular():
    others = [event(100 + n, f"o{n}", item) for n in range(9) for item in ("hit",)]
    mine = [event(1, item="hit"), event(2, item="b"), event(3, item="c"), event(4, item="d"), event(5, item="rare")]
    split = make_split([*mine, *others, *log()])
    [target] = [one for one in split.test if one.event.user_id == "ann"]
    [before] = [one for one in split.validation if one.event.user_id == "ann"]
    assert (target.event.item_id, before.event.item_id) == ("rare", "d")
    assert [one.item_id for one in target.history] == ["hit", "b", "c", "d"]


def test_a_history_never_names_the_item_it_is_to_foretell():
    mine = [event(1, item="x"), event(2, item="seen", kind="view"), event(3, item="seen")]
    split = make_split([*mine, *log()], kind="leave_last")
    [target] = [one for one in (*split.train, *split.held_out) if one.event.event_id == 3]
    assert [one.item_id for one in target.history] == ["x"]


def test_liking_again_is_no_new_target():
    split = make_split([event(n, item=item) for n, item in enumerate("abcaab", 1)] + log())
    mine = [one.event.item_id for one in (*split.train, *split.held_out) if one.event.user_id == "ann"]
    assert sorted(mine) == ["b", "c"]


def test_users_with_one_event_are_counted_and_foretell_nothing():
    split = make_split([event(1, "lonely"), *log()])
    assert split.left_out["a single event"] == 1
    assert not [one for one in (*split.train, *split.held_out) if one.event.user_id == "lonely"]
    assert [one.event_id for one in split.known if one.user_id == "lonely"] == [1]  # still counts for popularity


def test_a_log_of_users_with_one_event_is_refused_with_the_fact():
    with pytest.raises(TrainingRefused, match="5 users, of whom 5 have no liking that follows another event"):
        make_split([event(n, f"u{n}") for n in range(1, 6)])


def test_by_time_training_ends_before_anyone_is_tested():
    split = make_split(log(), kind="time")
    assert max(map(place, split.known)) < min(place(one.event) for one in split.held_out)
    assert max(place(one.event) for one in split.validation) < min(place(one.event) for one in split.test)


def leaking(change):
    """A sound split, and one thing in it changed."""
    kind = next((one for one in ("time", "user") if change.startswith(one)), "leave_last")
    split = make_split(log(30, 12), kind=kind, cold_items=0.4 if change.startswith("cold") else 0.0)
    train, test, known = list(split.train), list(split.test), list(split.known)
    victim = test[0]
    match change:
        case "event in two parts":
            return replace(split, train=(*train, victim))
        case "held-out event read":
            return replace(split, known=(*known, victim.event))
        case "answer known by another event":
            again = victim.event.model_copy(update={"event_id": 9999, "at": START - timedelta(days=9)})
            return replace(split, known=(*known, again))
        case "later event of the same user read" | "time later event of anyone read":
            user = victim.event.user_id if not change.startswith("time") else "somebody new"
            late = event(9999, user, "other", hours=9999)
            return replace(split, known=(*known, late))
        case "history after its target":
            wrong = Target(victim.event, (*victim.history, event(9999, victim.event.user_id, "z", hours=9999)))
            return replace(split, test=(wrong, *test[1:]))
        case "history names the item":
            same = victim.history[0].model_copy(update={"item_id": victim.event.item_id})
            return replace(split, test=(Target(victim.event, (same, *victim.history[1:])), *test[1:]))
        case "history of another user":
            other = victim.history[0].model_copy(update={"user_id": "somebody else"})
            return replace(split, test=(Target(victim.event, (other, *victim.history[1:])), *test[1:]))
        case "time test before validation ends":
            return replace(split, validation=split.test, test=split.validation)
        case "user in training":
            early = event(9999, victim.event.user_id, "z", hours=-9)
            return replace(split, known=(*known, early))
        case "user in validation and test":
            return replace(
                split,
                validation=(
                    *split.validation,
                    replace(victim, event=event(9999, victim.event.user_id, "q", hours=999)),
                ),
            )
        case "cold item in training":
            return replace(split, known=(*known, event(9999, "new", victim.event.item_id, hours=-9)))
        case "cold target is warm":
            warm = next(one.item_id for one in known if one.item_id)
            wrong = Target(victim.event.model_copy(update={"item_id": warm}), ())
            return replace(split, test=(wrong, *test[1:]))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("event in two parts", "is in train and in test"),
        ("held-out event read", "is held out and read in training"),
        ("answer known by another event", "training knows that its user likes its item"),
        ("later event of the same user read", "training reads event 9999, which comes after a held-out one"),
        ("time later event of anyone read", "training reads event 9999, which comes after a held-out one"),
        ("history after its target", "holds what came after it"),
        ("history names the item", "names its item"),
        ("history of another user", "is another user's"),
        ("time test before validation ends", "the test begins before validation ends"),
        ("user in training", "1 users are in training and the test"),
        ("user in validation and test", "1 users are in validation and the test"),
        ("cold item in training", "is in training, by event 9999"),
        ("cold target is warm", "which is not cold"),
    ],
)
def test_every_kind_of_leak_fails_the_build_and_is_named(change, told):
    with pytest.raises(SplitLeaks, match=told):
        check_leaks(leaking(change))


def test_training_negatives_are_drawn_from_what_the_user_has_not_met():
    negatives = Negatives([f"i{n}" for n in range(30)], [])
    touched = {f"i{n}" for n in range(10)}
    for kind in ("uniform", "popularity"):
        drawn = negatives.draw(20, kind=kind, touched=touched, rng=random.Random(0))
        assert len(set(drawn)) == 20
        assert not touched & set(drawn)
    with pytest.raises(TrainingRefused, match="21 items are wanted that a user has not met, and there are 20"):
        negatives.draw(21, kind="uniform", touched=touched, rng=random.Random(0))


def test_popularity_matched_negatives_are_as_popular_as_what_is_liked():
    """Likings fall on items by how popular they are; so do these negatives, while even ones do not."""
    known = [event(n, f"u{n}", f"i{n % 5}") for n in range(1, 501)]
    negatives, rng = Negatives([f"i{n}" for n in range(100)], known), random.Random(0)

    def share(kind):
        drawn = Counter(one for _ in range(500) for one in negatives.draw(1, kind=kind, touched=set(), rng=rng))
        return sum(drawn[f"i{n}"] for n in range(5)) / sum(drawn.values())

    expected = 5 * 101**0.75 / (5 * 101**0.75 + 95)
    assert share("popularity") == pytest.approx(expected, abs=0.07)
    assert share("uniform") == pytest.approx(0.05, abs=0.03)


def test_hard_negatives_are_those_the_model_likes_most_and_not_only_the_very_best():
    negatives = Negatives([f"{n:03}" for n in range(400)], [])
    drawn = []
    for seed in range(50):
        seen = []

        def score(item_ids, seen=seen):
            seen += item_ids
            return [float(item_id) for item_id in item_ids]

        chosen = negatives.draw(4, kind="hard", touched={"399"}, rng=random.Random(seed), score=score)
        assert set(chosen) <= set(sorted(seen)[-8:])
        assert len(set(chosen)) == 4
        drawn.append(sorted(seen)[-4:] == sorted(chosen))
    assert "399" not in seen
    assert not all(drawn)


def test_a_split_knows_what_it_holds_out():
    split = Split("time", (), (1,), (2,), ())
    assert split.held_out == (1, 2)
