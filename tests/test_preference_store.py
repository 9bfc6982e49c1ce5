"""What the preference store owes: versions in order, each user's own, found by taste, gone when forgotten."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langgraph.store.memory import InMemoryStore

from memory.chroma_store import ChromaStore
from memory.embedding import index_for
from memory.errors import StaleVersion
from memory.preference_store import PreferenceStore
from memory.preferences import Edit, Fact, Preference
from tests.word_embedder import WordEmbedder

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
FACT = Fact(polarity="like", aspect="subject", value="red fox", strength=0.8, evidence=(3, 5), since=AT, pinned=True)


def taste(user: str, version: int = 1, prose: str = "likes foxes") -> Preference:
    edit = Edit(op="add", polarity="like", aspect="subject", value="red fox", reason="liked twice", evidence=(3, 5))
    return Preference(
        user_id=user, version=version, prose=prose, facts=(FACT,), watermark=5, updated_at=AT, edits=(edit,)
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ChromaStore]:
    with ChromaStore.from_conn_string(str(tmp_path), index=index_for(WordEmbedder())) as opened:
        yield opened


@pytest.fixture
def preferences(store: ChromaStore) -> PreferenceStore:
    return PreferenceStore(store)


def test_someone_unknown_has_version_zero_and_leaves_no_trace(preferences, store):
    assert preferences.current("ann", "shop") == Preference(user_id="ann")
    assert preferences.versions("ann", "shop") == []
    assert store.list_namespaces() == []


def test_every_version_comes_back_as_it_was_saved_newest_first(preferences):
    saved = [taste("ann", version, f"likes {version}") for version in range(1, 12)]
    for preference in saved:
        preferences.save(preference, "shop")
    assert preferences.current("ann", "shop") == saved[-1]
    assert preferences.versions("ann", "shop") == saved[::-1]
    assert preferences.current("ann", "films").version == 0


@pytest.mark.parametrize("version", [0, 1, 3])
def test_a_version_that_does_not_follow_is_refused_and_changes_nothing(preferences, version):
    preferences.save(taste("ann"), "shop")
    with pytest.raises(StaleVersion, match=r"'ann' is at version 1.*save version 2"):
        preferences.save(taste("ann", version, "other"), "shop")
    assert preferences.versions("ann", "shop") == [taste("ann")]


class SlowStore(InMemoryStore):
    """Takes its time over every call, so that threads meet in the middle."""

    def batch(self, ops):
        time.sleep(0.01)
        return super().batch(ops)


def test_of_threads_saving_the_same_version_exactly_one_wins():
    preferences = PreferenceStore(SlowStore())
    outcomes: list[str] = []

    def work(name: str) -> None:
        try:
            preferences.save(taste("ann", 1, name), "shop")
            outcomes.append(name)
        except StaleVersion:
            pass

    threads = [threading.Thread(target=work, args=(f"t{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [preferences.current("ann", "shop").prose] == outcomes


def test_users_of_a_near_taste_are_found_by_their_current_prose_only(preferences):
    preferences.save(taste("bob", 1, "red fox"), "shop")
    preferences.save(taste("cleo", 1, "red barn"), "shop")
    preferences.save(taste("dora", 1, "red fox"), "shop")
    preferences.save(taste("dora", 2, "blue whale"), "shop")
    preferences.save(taste("eve", 1, "red fox"), "films")
    preferences.save(taste("mute", 1, ""), "shop")
    near = preferences.similar("red fox", "shop", limit=10)
    assert [(user, round(score, 3)) for user, score in near] == [("bob", 1.0), ("cleo", 0.5), ("dora", 0.0)]
    assert [user for user, _ in preferences.similar("red fox", "shop", limit=1, exclude_user="bob")] == ["cleo"]
    assert preferences.similar("  ", "shop", limit=3) == preferences.similar("fox", "shop", limit=0) == []


def test_forgetting_removes_every_version_in_every_catalogue_and_nobody_elses(preferences, store):
    for user in ("ann", "ann.b", "ann%"):
        preferences.save(taste(user, 1, "red fox"), "shop")
        preferences.save(taste(user, 2, "red fox den"), "shop")
        preferences.save(taste(user, 1, "red fox"), "films.old")
    preferences.forget("ann")
    preferences.forget("ann")
    preferences.forget("never seen")
    assert preferences.versions("ann", "shop") == preferences.versions("ann", "films.old") == []
    assert preferences.current("ann", "shop").version == 0
    assert {user for user, _ in preferences.similar("red fox", "shop", limit=9)} == {"ann.b", "ann%"}
    assert len(preferences.versions("ann.b", "shop")) == 2
    assert {entry.value["preference"]["user_id"] for entry in store.search((), limit=99)} == {"ann.b", "ann%"}
    preferences.save(taste("ann", 1, "starts anew"), "shop")


USERS = ["ann", "ann.b", "ann%", "ann/x", "Ann", "ännu", "*", "ann%2Eb"]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(USERS), st.sampled_from(["save", "forget"])), max_size=15))
def test_whatever_look_alikes_do_each_has_exactly_their_own_versions(operations):
    preferences = PreferenceStore(InMemoryStore())
    truth: dict[str, list[Preference]] = {user: [] for user in USERS}
    for number, (user, what) in enumerate(operations):
        if what == "save":
            truth[user].insert(0, taste(user, len(truth[user]) + 1, f"prose {number}"))
            preferences.save(truth[user][0], "shop")
        else:
            preferences.forget(user)
            truth[user] = []
    for user, own in truth.items():
        assert preferences.versions(user, "shop") == own


def test_the_versions_of_many_users_are_kept_in_one_write_and_only_who_is_stale_is_told(preferences, store):
    preferences.save(taste("bea", 1), "shop")
    before, batches = store.batch, []
    store.batch = lambda ops: batches.append(len(ops)) or before(ops)
    kept = [taste("ann", 1, "likes a"), taste("bea", 1, "stale"), taste("cy", 1, "likes c"), taste("bob", 2, "ahead")]
    outcomes = preferences.save_all(kept, "shop")
    assert [type(one) for one in outcomes] == [type(None), StaleVersion, type(None), StaleVersion]
    assert batches == [4, 4]  # one to read, one to write: two places for each that is kept
    assert [preferences.current(user, "shop").prose for user in ("ann", "bea", "cy", "bob")] == [
        "likes a",
        "likes foxes",
        "likes c",
        "",
    ]
    assert preferences.versions("cy", "shop") == [kept[2]]
