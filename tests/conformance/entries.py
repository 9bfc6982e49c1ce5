"""What is put comes back: values, keys, times, batches, threads, asynchronous calls."""

from __future__ import annotations

import asyncio
import threading
import time
from datetime import timedelta

import pytest
from langgraph.store.base import GetOp, InvalidNamespaceError, ListNamespacesOp, PutOp, SearchOp

from tests.conformance.base import Maker, keys

HARD_TEXTS = {
    "nul": "NUL \x00 inside",
    "lone_surrogate": "lone \ud800 surrogate",
    "unicode": "naïve 🦊 日本 \u2028",
    "newline": "line\nbreak\r",
    "quotes": "a \"b\" 'c' \\ % _ ; --",
    "empty": "",
}


class Entries(Maker):
    def test_what_is_put_comes_back(self, store):
        value = {"text": "sea", "n": 1, "deep": {"list": [1, None, {"x": True}]}, "ratio": 0.1, "big": 2**40}
        store.put(("u", "ann"), "k", value)
        entry = store.get(("u", "ann"), "k")
        assert (entry.value, entry.key, entry.namespace) == (value, "k", ("u", "ann"))

    def test_what_was_never_put_is_none(self, store):
        store.put(("u",), "k", {"n": 1})
        assert store.get(("u",), "other") is None
        assert store.get(("u", "k"), "k") is None

    def test_what_is_deleted_is_gone_and_deleting_what_is_not_there_is_no_error(self, store):
        store.put(("u",), "k", {"n": 1})
        store.delete(("u",), "k")
        store.delete(("u",), "never there")
        assert store.get(("u",), "k") is None
        assert store.search(("u",)) == []

    def test_overwriting_replaces_the_whole_value(self, store):
        store.put(("u",), "k", {"a": 1, "b": 2})
        store.put(("u",), "k", {"b": 3})
        assert store.get(("u",), "k").value == {"b": 3}
        assert len(store.search(("u",))) == 1

    def test_created_at_survives_overwriting(self, store):
        first = self._twice(store)[0]
        assert store.get(("u",), "k").created_at == first.created_at

    def test_updated_at_moves_on(self, store):
        first, second = self._twice(store)
        assert second.updated_at > first.updated_at

    def test_both_times_know_their_zone(self, store):
        store.put(("u",), "k", {})
        entry = store.get(("u",), "k")
        assert entry.created_at.utcoffset() == entry.updated_at.utcoffset() == timedelta(0)

    def _twice(self, store):
        store.put(("u",), "k", {"text": "one"})
        first = store.get(("u",), "k")
        time.sleep(1.1)  # some keep whole seconds
        store.put(("u",), "k", {"text": "two"})
        return first, store.get(("u",), "k")

    def test_a_value_is_a_copy_on_the_way_in(self, store):
        value = {"tags": ["a"]}
        store.put(("u",), "k", value)
        value["tags"].append("b")
        assert store.get(("u",), "k").value == {"tags": ["a"]}

    def test_a_value_is_a_copy_on_the_way_out(self, store):
        store.put(("u",), "k", {"tags": ["a"]})
        store.get(("u",), "k").value["tags"].append("b")
        store.search(("u",))[0].value["tags"].append("c")
        assert store.get(("u",), "k").value == {"tags": ["a"]}

    @pytest.mark.parametrize("text", HARD_TEXTS.values(), ids=HARD_TEXTS)
    def test_any_text_survives_as_value(self, store, text):
        store.put(("u",), "k", {"said": text, "list": [text], text: "as a name"})
        assert store.get(("u",), "k").value == {"said": text, "list": [text], text: "as a name"}

    @pytest.mark.parametrize("text", HARD_TEXTS.values(), ids=HARD_TEXTS)
    def test_any_text_survives_as_key(self, store, text):
        store.put(("u",), text, {"n": 1})
        assert store.get(("u",), text).value == {"n": 1}
        assert keys(store.search(("u",))) == [text]

    def test_a_key_becomes_text(self, store):
        store.put(("u",), 5, {"n": 1})
        assert store.get(("u",), "5").key == "5"

    def test_a_value_that_json_cannot_hold_is_refused_and_nothing_of_its_batch_is_kept(self, store):
        with pytest.raises((TypeError, ValueError)):
            store.batch([PutOp(("u",), "good", {"a": 1}), PutOp(("u",), "bad", {"a": object()})])
        assert store.get(("u",), "good") is None

    def test_a_namespace_and_a_key_cannot_be_confused_with_another_pair(self, store):
        pairs = [(("a",), "b.c"), (("a", "b"), "c"), (("ab",), "c"), (("a",), 'b", "c'), (("a", "b", "c"), "")]
        for number, (namespace, key) in enumerate(pairs):
            store.put(namespace, key, {"n": number})
        assert [store.get(*pair).value["n"] for pair in pairs] == list(range(len(pairs)))

    @pytest.mark.parametrize(
        "namespace",
        [("a.b",), ("",), (), ("langgraph", "x"), (5,)],
        ids=["dot", "empty_label", "empty", "reserved", "number"],
    )
    def test_a_malformed_namespace_is_refused(self, store, namespace):
        with pytest.raises(InvalidNamespaceError):
            store.put(namespace, "k", {})

    @pytest.mark.parametrize("namespace", [("a.b",), ("",), ()], ids=["dot", "empty_label", "empty"])
    def test_a_malformed_namespace_is_refused_inside_a_batch(self, store, namespace):
        with pytest.raises(InvalidNamespaceError):
            store.batch([PutOp(namespace, "k", {})])

    # batches

    def test_results_stand_in_the_order_of_the_operations(self, store):
        store.put(("u",), "k", {"n": 0})
        ops = [GetOp(("u",), "k"), PutOp(("u",), "new", {}), ListNamespacesOp(), SearchOp(("u",)), GetOp(("u",), "no")]
        got, put, listed, found, missing = store.batch(ops)
        assert (got.value, put, listed, keys(found), missing) == ({"n": 0}, None, [("u",)], ["k"], None)

    def test_a_batch_reads_before_it_writes(self, store):
        store.put(("u",), "k", {"n": 0})
        results = store.batch([PutOp(("u",), "k", {"n": 1}), GetOp(("u",), "k"), SearchOp(("u",))])
        assert [results[1].value, results[2][0].value] == [{"n": 0}, {"n": 0}]
        assert store.get(("u",), "k").value == {"n": 1}

    def test_the_last_put_of_a_key_wins(self, store):
        store.batch([PutOp(("u",), "k", {"n": 1}), PutOp(("u",), "k", {"n": 2})])
        store.batch([PutOp(("u",), "gone", {"n": 3}), PutOp(("u",), "gone", None)])
        store.batch([PutOp(("u",), "back", None), PutOp(("u",), "back", {"n": 4})])
        assert {hit.key: hit.value["n"] for hit in store.search(("u",))} == {"k": 2, "back": 4}

    def test_an_empty_batch_has_no_results(self, store):
        assert store.batch([]) == []

    def test_a_large_batch_is_kept_whole(self, store):
        store.batch([PutOp(("u", str(n % 7)), str(n), {"n": n}) for n in range(1500)])
        assert len(store.search(("u",), limit=5000)) == 1500
        assert [entry.value["n"] for entry in store.batch([GetOp(("u", str(n % 7)), str(n)) for n in range(1500)])] == [
            *range(1500)
        ]

    # side by side

    def test_threads_write_and_read_side_by_side(self, store):
        failures: list[BaseException] = []

        def work(name: str) -> None:
            try:
                for n in range(6):
                    store.put(("u", name), str(n), {"n": n})
                    assert {hit.namespace for hit in store.search(("u", name))} == {("u", name)}
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=work, args=(f"t{n}",)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert len(store.search(("u",), limit=100)) == 24

    async def test_the_asynchronous_calls_do_the_same(self, store):
        await store.aput(("u",), "k", {"n": 1})
        assert (await store.aget(("u",), "k")).value == {"n": 1}
        assert keys(await store.asearch(("u",), filter={"n": 1})) == ["k"]
        assert await store.alist_namespaces() == [("u",)]
        await store.adelete(("u",), "k")
        assert await store.aget(("u",), "k") is None

    async def test_tasks_write_side_by_side(self, store):
        await asyncio.gather(*(store.aput(("u",), str(n), {"n": n}) for n in range(20)))
        found = await asyncio.gather(*(store.aget(("u",), str(n)) for n in range(20)))
        assert [entry.value["n"] for entry in found] == list(range(20))
