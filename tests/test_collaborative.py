"""What the likings of all users must say, and must not."""

from __future__ import annotations

import csv
import os
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.collaborative import Collaborative
from memory.database import open_engine
from memory.event_log import EventLog
from memory.interactions import Interaction

DATA = Path(os.environ.get("PALATE_DATA", Path(__file__).parents[2] / "shared" / "data")) / "movielens-posters"


def likings(**users: str) -> list[tuple[str, str, int, int]]:
    """`ann="a b -c"`: ann likes a and b and dislikes c."""
    rows = [(user, word) for user, words in users.items() for word in words.split()]
    return [(user, word.lstrip("-"), -1 if word[0] == "-" else 1, n) for n, (user, word) in enumerate(rows, 1)]


SMALL = Collaborative(likings(ann="a b c", bob="a b", cleo="a d", dora="e -a"))


def test_popularity_is_the_logarithm_of_likes_over_the_most_liked():
    assert SMALL.popular(3) == ["a", "b", "c"]
    assert SMALL.popularity("a") == 1
    assert SMALL.popularity("b") == pytest.approx(np.log(3) / np.log(4))
    assert SMALL.popularity("nobody's") == 0
    assert [SMALL.likes(item) for item in "abe?"] == [3, 2, 1, 0]


def test_people_who_like_both_are_counted():
    assert SMALL.kept_by("a", "b") == SMALL.kept_by("b", "a") == 2
    assert SMALL.kept_by("c", "d") == SMALL.kept_by("a", "?") == SMALL.kept_by("?", "a") == 0


def test_items_liked_together_are_similar_and_more_people_say_more():
    assert [item for item, _ in SMALL.similar({"a": 1}, 9)] == ["b", "c", "d"]
    assert SMALL.similar({"a": 1}, 1)[0][1] == pytest.approx(2 / (6**0.5 + 5))
    assert SMALL.similar({"?": 1}, 9) == SMALL.similar({}, 9) == SMALL.similar({"a": 1}, 0) == []
    assert SMALL.similar({"a": -1}, 9) == []


def test_a_dislike_counts_against_its_neighbours_and_nothing_given_comes_back():
    assert "b" in dict(SMALL.similar({"a": 1, "d": -1}, 9))
    assert dict(SMALL.similar({"a": 1, "c": -1}, 9))["b"] < dict(SMALL.similar({"a": 1}, 9))["b"]
    assert not {"a", "c"} & dict(SMALL.similar({"a": 1, "c": -1}, 9)).keys()


def test_a_score_is_the_mean_similarity_to_the_history_in_the_order_asked():
    scores = SMALL.score(["a", "?"], ["c", "b", "?", "a"])
    assert scores == pytest.approx([1 / (3**0.5 + 5) / 2, 2 / (6**0.5 + 5) / 2, 0, 0])
    assert SMALL.score([], ["a", "b"]).tolist() == [0, 0]
    assert SMALL.score(["a"], []).shape == (0,)


def test_the_last_opinion_counts_and_a_view_takes_nothing_back():
    rows = [
        ("ann", "a", 1, 1),
        ("ann", "a", 0, 2),
        ("bob", "a", 1, 3),
        ("bob", "a", -1, 4),
        ("bob", "b", -1, 5),
        ("bob", "b", 1, 6),
    ]
    both = Collaborative(rows)
    assert (both.likes("a"), both.likes("b")) == (1, 1)


def test_nothing_liked_gives_nothing():
    empty = Collaborative([])
    assert empty.popular(5) == empty.similar({"a": 1}, 5) == []
    assert empty.popularity("a") == empty.kept_by("a", "a") == 0
    assert empty.score(["a"], ["a", "b"]).tolist() == [0, 0]


rows = st.lists(st.tuples(st.sampled_from("uvwx"), st.sampled_from("abcde"), st.sampled_from([-1, 0, 1])), max_size=30)


@given(rows)
def test_scores_stay_in_their_ranges_and_agree_with_counting_by_hand(history):
    made = Collaborative([(user, item, liking, n) for n, (user, item, liking) in enumerate(history)])
    last = {(user, item): liking for user, item, liking in history if liking}
    likers = {
        item: {user for (user, other), liking in last.items() if other == item and liking > 0} for item in "abcde"
    }
    for left in "abcde":
        assert made.likes(left) == len(likers[left])
        assert 0 <= made.popularity(left) <= 1
        for right in "abcde":
            assert made.kept_by(left, right) == len(likers[left] & likers[right])
        assert all(0 < score < 1 for _, score in made.similar({left: 1}, 9))
        assert ((made.score([left], list("abcde")) >= 0) & (made.score([left], list("abcde")) < 1)).all()


def test_an_unchanged_log_needs_no_second_reading():
    log = EventLog(open_engine("sqlite://"))
    event = Interaction(user_id="ann", catalogue="shop", kind="like", item_id="a", at=datetime(2026, 1, 1, tzinfo=UTC))
    log.append([event, event.model_copy(update={"catalogue": "other", "item_id": "z"})])
    first = Collaborative.from_log(log, "shop")
    assert Collaborative.from_log(log, "shop", known=first) is first
    assert first.popular(9) == ["a"]
    log.append([event.model_copy(update={"item_id": "b"})])
    second = Collaborative.from_log(log, "shop", known=first)
    assert second.popular(9) == ["a", "b"]
    log.forget("ann")
    assert Collaborative.from_log(log, "shop", known=second).popular(9) == []


@given(rows, rows, st.booleans())
def test_what_grows_event_by_event_is_what_is_read_anew(before, after, at_once):
    """Also where an item is new, a liking is withdrawn, and the matrix takes up what waited."""
    events = [(user, item, liking, n) for n, (user, item, liking) in enumerate([*before, *after], 1)]
    grown = Collaborative(events[: len(before)])
    later = events[len(before) :]
    for part in [later] if at_once else [[one] for one in later]:
        opinions = {(user, item): liking for user, item, liking, _ in part if liking}
        held = (grown.popular(9), grown.score(["a"], list("abcde")).tolist())
        grown, known = grown.grown(opinions, newest=part[-1][3] if part else 0), grown
        assert held == (known.popular(9), known.score(["a"], list("abcde")).tolist())
    anew = Collaborative(events)
    assert grown.popular(9) == anew.popular(9)
    for left in "abcde":
        assert grown.score([left], list("abcde")) == pytest.approx(anew.score([left], list("abcde")))
        assert grown.popularity(left) == anew.popularity(left)
        assert [grown.kept_by(left, right) for right in "abcde"] == [anew.kept_by(left, right) for right in "abcde"]
        assert dict(grown.similar({left: 1}, 9)) == pytest.approx(dict(anew.similar({left: 1}, 9)))


def test_a_liking_is_known_to_the_next_who_asks_and_so_is_its_being_taken_back():
    log = EventLog(open_engine("sqlite://"))

    def did(user, kind, item):
        at = datetime(2026, 1, 1, tzinfo=UTC)
        log.append([Interaction(user_id=user, catalogue="shop", kind=kind, item_id=item, at=at)])
        return Collaborative.from_log(log, "shop", known=known)

    known = None
    known = did("ann", "like", "a")
    known = did("ann", "like", "b")
    assert known.kept_by("a", "b") == 1
    known = did("bob", "view", "a")
    known = did("ann", "take_back", "b")
    assert (known.likes("b"), known.kept_by("a", "b")) == (0, 0)
    known = did("ann", "dislike", "a")
    assert known.popular(9) == []
    known = did("ann", "take_back", "a")
    assert known.popular(9) == Collaborative(log.matrix("shop")).popular(9)


@pytest.mark.data
@pytest.mark.skipif(not DATA.is_dir(), reason="the films are not beside the repository; set PALATE_DATA")
def test_the_films_of_seventy_thousand_ratings_are_read_quickly_and_make_sense():
    with (DATA / "interactions.csv").open() as file:
        ratings = [(row["user_id"], row["item_id"], float(row["rating"])) for row in csv.DictReader(file)]
    with (DATA / "items.csv").open() as file:
        titles = {row["item_id"]: row["title"] for row in csv.DictReader(file)}
    likings = [
        (user, item, 1 if value >= 4 else -1 if value <= 2 else 0, n) for n, (user, item, value) in enumerate(ratings)
    ]
    start = time.process_time()
    films = Collaborative(likings)
    assert time.process_time() - start < 1
    toys = next(item for item, title in titles.items() if title == "Toy Story")
    assert "Toy Story 2" in [titles[item] for item, _ in films.similar({toys: 1}, 5)]
