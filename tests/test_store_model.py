"""Random operations of many users on the store and on a plain model of it: equal answers, and nobody sees another's.

Short by default; `PALATE_OPERATIONS=20000 pytest tests/test_store_model.py` is the long run.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from langgraph.store.base import GetOp, PutOp, SearchOp

from memory.chroma_store import ChromaStore
from memory.embedding import index_for
from memory.labels import id_of, label_of
from memory.records import matches
from memory.vectors import EXACT_LIMIT
from tests.word_embedder import WordEmbedder

OPERATIONS = int(os.environ.get("PALATE_OPERATIONS", "300"))
STEPS = 60  # of one machine, which keeps its directory
ODD = ["ann", "ann.b", "ann%", "ann*", "an", "Ann", "ann\n", "ann:0", "ann/..", " ann", "ännu", "a" * 200]
USERS = [*ODD, *(f"user {number}" for number in range(50 - len(ODD)))]
WORDS = ["red", "blue", "fox", "owl", "whale", "barn", "newt"]
EMBEDDER = WordEmbedder(dims=64)

users = st.sampled_from(USERS[:6]) | st.sampled_from(USERS)
keys = st.sampled_from(["k", "k2", "ann", "", "ä🦊", "k.k"])
texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)
numbers = st.integers(0, 5)
conditions = st.sampled_from([{"n": {"$gte": 3}}, {"n": 1}, {"n": {"$ne": 2}, "deep": {"odd": True}}])


class Users(RuleBasedStateMachine):
    """The store of fifty users. The model: user → key → (value, whether it has a vector)."""

    counted = 0

    @initialize(way=st.sampled_from(["exact", "index", "many"]))
    def open(self, way: str) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="model-")
        self.exact = EXACT_LIMIT if way == "exact" else 0
        self.small = pytest.MonkeyPatch()
        if way == "many":
            self.small.setattr("memory.nearness._SMALL", -1)
        self.model: dict[str, dict[str, tuple[dict[str, Any], bool]]] = {user: {} for user in USERS}
        self._open()

    def _open(self) -> None:
        path = str(Path(self.folder.name) / "chroma")
        self.store = ChromaStore.open(path, index=index_for(EMBEDDER), exact_limit=self.exact)

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.small.undo()
            self.store.close()
            self.folder.cleanup()

    @rule(user=users, key=keys, text=texts, number=numbers, indexed=st.booleans())
    def put(self, user: str, key: str, text: str, number: int, indexed: bool) -> None:
        value = {"text": text, "n": number, "owner": user, "deep": {"odd": number % 2 == 1}}
        self.store.put(_place(user), key, value, index=None if indexed else False)
        self.model[user][key] = value, indexed
        Users.counted += 1

    @rule(user=users, key=keys)
    def delete(self, user: str, key: str) -> None:
        self.store.delete(_place(user), key)
        self.model[user].pop(key, None)
        Users.counted += 1

    @rule(user=users, key=keys)
    def get(self, user: str, key: str) -> None:
        entry = self.store.get(_place(user), key)
        assert (entry.value if entry else None) == self.model[user].get(key, (None,))[0]
        Users.counted += 1

    @rule(user=users, condition=st.none() | conditions, offset=st.integers(0, 2), limit=st.integers(0, 4))
    def look(self, user: str, condition: dict[str, Any] | None, offset: int, limit: int) -> None:
        own = self._own(user, condition)
        hits = self.store.search(_place(user), filter=condition, limit=limit, offset=offset)
        assert [(hit.key, hit.value) for hit in hits] == [
            (key, own[key]) for key in sorted(own)[offset : offset + limit]
        ]
        Users.counted += 1

    @rule(user=users, query=texts, condition=st.none() | conditions)
    def search(self, user: str, query: str, condition: dict[str, Any] | None) -> None:
        own = self._own(user, condition)
        scores = {key: self._cosine(query, own[key]["text"]) for key in own if self.model[user][key][1]}
        hits = self.store.search(_place(user), query=query, filter=condition, limit=50)
        assert {hit.key: hit.value for hit in hits} == own
        assert {hit.value["owner"] for hit in hits} <= {user}
        found = {hit.key: hit.score for hit in hits if hit.score is not None}
        assert found == pytest.approx(scores, abs=1e-5)
        assert list(found.values()) == sorted(found.values(), reverse=True)
        Users.counted += 1

    @rule(user=users, other=users, key=keys, text=texts)
    def batch(self, user: str, other: str, key: str, text: str) -> None:
        """Reads stand before writes, and of two puts the last is kept."""
        values = [{"text": text, "n": n, "owner": user, "deep": {"odd": n == 1}} for n in (1, 2)]
        before = self.model[other].get(key, (None,))[0]
        first, second = (PutOp(_place(user), key, value) for value in values)
        reads = GetOp(_place(other), key), SearchOp(_place(other), limit=50)
        results = self.store.batch([first, *reads, second, PutOp(_place(other), "gone", None)])
        assert (results[1].value if results[1] else None) == before
        assert {hit.key: hit.value for hit in results[2]} == self._own(other, None)
        self.model[user][key] = values[1], True
        self.model[other].pop("gone", None)
        Users.counted += 5

    @rule()
    def list_users(self) -> None:
        listed = {id_of(namespace[1]) for namespace in self.store.list_namespaces(prefix=("notes",), limit=1000)}
        assert listed == {user for user, own in self.model.items() if own}
        Users.counted += 1

    @rule()
    def reopen(self) -> None:
        self.store.close()
        self._open()
        Users.counted += 1

    def _own(self, user: str, condition: dict[str, Any] | None) -> dict[str, dict[str, Any]]:
        return {
            key: json.loads(json.dumps(value))
            for key, (value, _) in self.model[user].items()
            if matches(value, condition)
        }

    def _cosine(self, left: str, right: str) -> float:
        one, other = EMBEDDER.embed([left, right])
        return float(one @ other)


def _place(user: str) -> tuple[str, str]:
    return "notes", label_of(user)


@pytest.mark.timeout(3600)
def test_the_store_answers_as_a_plain_model_and_nobody_sees_anothers():
    Users.counted, machines = 0, 0
    while Users.counted < OPERATIONS:
        run_state_machine_as_test(
            Users,
            settings=settings(
                max_examples=max(6, (OPERATIONS - Users.counted) // (2 * STEPS)),  # the first is always trivial
                stateful_step_count=STEPS,
                deadline=None,
                derandomize=OPERATIONS <= 300,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
        machines += 1
    print(f"{Users.counted} operations by {len(USERS)} users, equal")
    assert Users.counted >= OPERATIONS
