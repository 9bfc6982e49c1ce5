"""Search by meaning: scores, what is embedded, what stays findable."""

from __future__ import annotations

import pytest
from langgraph.store.base import IndexConfig, PutOp

from tests.conformance.base import DIMS, Maker, embed, keys


class Search(Maker):
    def test_the_nearest_comes_first_with_its_cosine_as_score(self, searchable):
        for key, text in {"both": "red fox", "one": "red barn", "none": "blue whale"}.items():
            searchable.put(("u",), key, {"text": text})
        hits = searchable.search(("u",), query="red fox")
        assert keys(hits) == ["both", "one", "none"]
        assert [hit.score for hit in hits] == pytest.approx([1, 0.5, 0], abs=1e-5)

    def test_there_is_a_score_only_where_there_is_a_query(self, searchable):
        searchable.put(("u",), "k", {"text": "red fox"})
        assert searchable.search(("u",))[0].score is None

    def test_a_search_stays_under_its_prefix_and_its_filter(self, searchable):
        searchable.put(("u", "ann"), "k", {"text": "red fox", "n": 1})
        searchable.put(("u", "ann", "deep"), "k", {"text": "red fox too", "n": 2})
        searchable.put(("u", "annabel"), "k", {"text": "red fox", "n": 1})
        assert [hit.namespace for hit in searchable.search(("u", "ann"), query="red fox")] == [
            ("u", "ann"),
            ("u", "ann", "deep"),
        ]
        assert keys(searchable.search(("u", "annabel"), query="red fox", filter={"n": 1})) == ["k"]
        assert searchable.search(("u", "annabel"), query="red fox", filter={"n": 2}) == []

    def test_the_limit_counts_entries_after_the_filter(self, searchable):
        for n in range(12):
            searchable.put(("u",), f"k{n}", {"text": "fox " * (n + 1) + "den", "even": n % 2 == 0})
        assert len(searchable.search(("u",), query="fox", filter={"even": True}, limit=5)) == 5

    def test_what_is_not_indexed_follows_without_a_score(self, searchable):
        searchable.put(("u",), "silent", {"text": "red fox"}, index=False)
        searchable.put(("u",), "loud", {"text": "blue whale"})
        hits = searchable.search(("u",), query="red fox")
        assert [(hit.key, hit.score is None) for hit in hits] == [("loud", False), ("silent", True)]

    def test_a_put_may_name_what_is_embedded(self, searchable):
        searchable.put(("u",), "title", {"text": "blue whale", "title": "red fox"}, index=["title"])
        searchable.put(("u",), "text", {"text": "blue whale", "title": "red fox"})
        assert keys(searchable.search(("u",), query="red fox")) == ["title", "text"]

    def test_a_path_reaches_into_nested_values(self, searchable):
        searchable.put(("u",), "k", {"about": {"names": ["one", "red fox"]}}, index=["about.names[1]"])
        [hit] = searchable.search(("u",), query="red fox")
        assert hit.score == pytest.approx(1, abs=1e-5)

    def test_the_best_of_several_vectors_counts_and_the_entry_comes_once(self, searchable):
        searchable.put(("u",), "many", {"parts": ["red fox", "blue whale", "red fox"]}, index=["parts[*]"])
        searchable.put(("u",), "one", {"text": "red barn"})
        hits = searchable.search(("u",), query="blue whale")
        assert keys(hits) == ["many", "one"]
        assert [hit.score for hit in hits] == pytest.approx([1, 0], abs=1e-5)

    def test_overwriting_changes_the_meaning(self, searchable):
        searchable.put(("u",), "k", {"text": "red fox"})
        searchable.put(("u",), "k", {"text": "blue whale"})
        [hit] = searchable.search(("u",), query="red fox")
        assert hit.score == pytest.approx(0, abs=1e-5)

    def test_overwriting_without_an_index_takes_the_old_meaning_away(self, searchable):
        searchable.put(("u",), "k", {"text": "red fox"})
        searchable.put(("u",), "k", {"text": "red fox"}, index=False)
        assert [hit.score for hit in searchable.search(("u",), query="red fox")] == [None]

    def test_what_is_deleted_is_not_found(self, searchable):
        searchable.put(("u",), "k", {"text": "red fox"})
        searchable.delete(("u",), "k")
        assert searchable.search(("u",), query="red fox") == []

    def test_the_same_text_may_stand_twice_in_a_batch(self, searchable):
        searchable.batch([PutOp(("u",), str(n), {"text": "red fox"}) for n in range(3)])
        assert sorted(keys(searchable.search(("u",), query="red fox"))) == ["0", "1", "2"]

    def test_pages_of_a_search_by_meaning_never_repeat(self, searchable):
        for n in range(5):
            searchable.put(("u",), f"scored {n}", {"text": "fox " * (n + 1) + "den"})
            searchable.put(("u",), f"silent {n}", {"text": "fox"}, index=False)
        pages = [searchable.search(("u",), query="fox", limit=3, offset=offset) for offset in range(0, 12, 3)]
        paged = [key for page in pages for key in keys(page)]
        assert paged[:5] == [f"scored {n}" for n in (4, 3, 2, 1, 0)]
        assert sorted(paged[5:]) == [f"silent {n}" for n in range(5)]

    def test_blank_and_missing_fields_are_kept_and_not_scored(self, searchable):
        searchable.put(("u",), "missing", {"other": "x"})
        assert [(hit.key, hit.score) for hit in searchable.search(("u",), query="x")] == [("missing", None)]

    def test_without_an_index_a_query_is_an_ordinary_listing(self, store):
        store.put(("u",), "k", {"text": "red fox"})
        assert [(hit.key, hit.score) for hit in store.search(("u",), query="whale")] == [("k", None)]

    async def test_an_embedder_may_be_awaited(self):
        async def awaited(texts):
            return embed(texts)

        if self.vectors:
            pytest.skip(self.vectors)
        with self.make(index=IndexConfig(dims=DIMS, embed=awaited, fields=["text"])) as store:
            await store.aput(("u",), "k", {"text": "red fox"})
            [hit] = await store.asearch(("u",), query="red fox")
            assert hit.score == pytest.approx(1, abs=1e-5)

    def test_the_whole_value_is_embedded_where_no_field_is_named(self):
        if self.vectors:
            pytest.skip(self.vectors)
        with self.make(index=IndexConfig(dims=DIMS, embed=embed)) as store:
            store.put(("u",), "k", {"any": "red fox"})
            assert store.search(("u",), query="red")[0].score is not None
