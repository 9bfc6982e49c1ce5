"""What the item index owes: items found by text and by summary, summaries tied to what they were made from."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from catalog.items import AttributeSpec, Catalogue, Item
from memory.chroma_store import ChromaStore
from memory.embedding import index_for
from memory.errors import EmbedderFailed
from memory.item_index import ItemIndex, ItemSummary, content_of, described
from memory.kept_texts import KeptTexts
from tests.word_embedder import WordEmbedder

SCHEMA = (
    AttributeSpec(name="genres", kind="list", label="genre"),
    AttributeSpec(name="maker", kind="text"),
    AttributeSpec(name="price", kind="number"),
)
FOX = Item(item_id="fox", title="Quiet Hour", text="red fox", picture="a" * 64, attributes={"genres": ("calm", "dark")})
WHALE = Item(item_id="whale", title="Deep", text="blue whale", attributes={"maker": "Ida", "price": 3.0})
BARN = Item(item_id="barn", title="Field", text="red barn")


def shop(*items: Item, name: str = "shop") -> Catalogue:
    return Catalogue(name, SCHEMA, items)


def written(text: str, *, model: str = "m", prompt: str = "item_summarizer@1") -> ItemSummary:
    return ItemSummary(text=text, model=model, prompt=prompt, at=datetime(2026, 3, 1, tzinfo=UTC))


@pytest.fixture
def embedder() -> WordEmbedder:
    return WordEmbedder()


@pytest.fixture
def store(tmp_path: Path, embedder: WordEmbedder) -> Iterator[ChromaStore]:
    with ChromaStore.from_conn_string(str(tmp_path), index=index_for(embedder)) as opened:
        yield opened


@pytest.fixture
def index(store: ChromaStore, embedder: WordEmbedder) -> ItemIndex:
    return ItemIndex(store, embedder)


def test_an_item_is_described_by_title_words_and_text_but_not_by_numbers():
    assert described(FOX, SCHEMA) == "Quiet Hour. genre: calm, dark. red fox"
    assert described(WHALE, SCHEMA) == "Deep. maker: Ida. blue whale"


def test_the_nearest_items_come_first_and_only_of_the_catalogue_asked(index):
    index.put_items(shop(FOX, WHALE, BARN))
    index.put_items(shop(FOX, name="shop.old"))
    assert [item for item, _ in index.nearest("shop", "red fox", limit=2)] == ["fox", "barn"]
    assert [item for item, _ in index.nearest("shop.old", "blue whale", limit=5)] == ["fox"]
    assert index.nearest("nowhere", "red fox", limit=5) == []
    assert index.nearest("shop", "  ", limit=5) == index.nearest("shop", "fox", limit=0) == []


def test_importing_again_embeds_only_what_changed_and_drops_what_is_gone(index, embedder):
    assert index.put_items(shop(FOX, WHALE)) == 2
    embedder.calls.clear()
    assert index.put_items(shop(FOX, WHALE)) == 0
    assert embedder.calls == []
    changed = FOX.model_copy(update={"text": "grey wolf"})
    assert index.put_items(shop(changed, BARN)) == 2
    assert {item for item, _ in index.nearest("shop", "blue whale", limit=9)} == {"fox", "barn"}
    [(best, _), *_] = index.nearest("shop", "grey wolf", limit=1)
    assert best == "fox"


def test_progress_counts_every_item_to_the_end(index):
    seen: list[tuple[int, int | None]] = []
    many = shop(*(Item(item_id=str(n), title=f"t{n}") for n in range(600)))
    index.put_items(many, lambda done, total: seen.append((done, total)))
    assert seen == [(512, 600), (600, 600)]
    assert index.put_items(shop(name="empty")) == 0


def test_an_import_that_is_interrupted_goes_on_where_it_stopped(index):
    many = shop(*(Item(item_id=str(n), title=f"t{n}") for n in range(600)))

    def stop(done: int, total: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        index.put_items(many, stop)
    assert index.put_items(many) == 88


def test_a_failing_embedder_keeps_the_index_as_it_was(index, store, embedder, monkeypatch):
    index.put_items(shop(FOX))

    def fail(texts):
        raise EmbedderFailed("words", "out of order", "try later")

    monkeypatch.setattr(embedder, "embed", fail)
    with pytest.raises(EmbedderFailed):
        index.put_items(shop(FOX.model_copy(update={"text": "grey wolf"})))
    assert "red fox" in store.get(("items", "shop"), "fox").value["text"]


def test_an_item_is_found_by_what_its_picture_shows_once_it_is_summarised(index):
    index.put_items(shop(FOX, WHALE, BARN))
    index.put_summary("shop", BARN, written("green turtle"))
    [(best, score), *_] = index.nearest("shop", "green turtle", limit=3)
    assert (best, round(score, 5)) == ("barn", 1.0)
    assert len(index.nearest("shop", "green turtle", limit=9)) == 3  # each item once


def test_a_summary_belongs_to_the_content_it_was_made_from(index):
    index.put_summary("shop", FOX, written("a fox at dusk"))
    assert index.summary("shop", FOX) == written("a fox at dusk")
    assert index.summary("other", FOX) is None
    for changed in ({"picture": "b" * 64}, {"title": "Loud"}, {"text": "wolf"}, {"picture": None}):
        assert index.summary("shop", FOX.model_copy(update=changed)) is None
    assert index.summary("shop", FOX.model_copy(update={"attributes": {"price": 9.0}})) is not None


def test_what_another_prompt_or_model_wrote_does_not_count_but_is_remembered(index):
    old, new = written("old words", model="m1"), written("new words", model="m2", prompt="item_summarizer@2")
    index.put_summary("shop", FOX, old)
    index.put_summary("shop", FOX, new)
    assert index.summary("shop", FOX) == new
    assert index.summary("shop", FOX, prompt=old.prompt, model="m1") == old
    assert index.summary("shop", FOX, prompt=old.prompt, model="m2") is None
    assert index.nearest("shop", "old words", limit=1)[0][1] < 0.6


def test_what_lacks_a_summary_is_listed_in_catalogue_order(index):
    catalogue = shop(WHALE, FOX, BARN)
    assert index.unsummarised(catalogue) == [WHALE, FOX, BARN]
    index.put_summaries("shop", [(FOX, written("one")), (BARN, written("two", model="other"))])
    assert index.unsummarised(catalogue) == [WHALE]
    assert index.unsummarised(catalogue, prompt="item_summarizer@1", model="m") == [WHALE, BARN]
    assert index.unsummarised(catalogue, prompt="item_summarizer@2") == [WHALE, FOX, BARN]
    assert index.summaries("shop", catalogue) == {"fox": "one", "barn": "two"}
    assert index.summaries("shop", []) == {}


def test_a_changed_item_is_no_longer_found_by_its_old_picture(index):
    index.put_items(shop(FOX))
    index.put_summary("shop", FOX, written("green turtle"))
    index.put_items(shop(FOX.model_copy(update={"picture": "b" * 64})))
    [(_, score)] = index.nearest("shop", "green turtle", limit=1)
    assert score < 0.5


def test_dropping_a_catalogue_leaves_the_others(index, store):
    for name in ("shop", "shop%", "shop2"):
        index.put_items(shop(FOX, name=name))
        index.put_summary(name, FOX, written("a fox"))
    index.drop("shop")
    index.drop("unknown")
    assert {namespace[1] for namespace in store.list_namespaces()} == {"shop%25", "shop2"}


def test_content_tells_picture_title_and_text_apart():
    parts = [
        Item(item_id="x", title="a", text="b"),
        Item(item_id="x", title="ab"),
        Item(item_id="x", title="a", text="b", picture="c"),
        Item(item_id="x", title="a", text="bc"),
    ]
    assert len({content_of(item) for item in parts}) == 4
    assert content_of(parts[0]) == content_of(parts[0].model_copy(update={"item_id": "y"}))


def test_summaries_that_were_read_are_read_anew_once_they_changed(index):
    index.put_items(shop(FOX, WHALE))
    assert index.summaries("shop", [FOX, WHALE]) == {}
    index.put_summary("shop", FOX, written("a fox"))
    assert index.summaries("shop", [FOX, WHALE]) == {"fox": "a fox"}
    index.put_summary("shop", FOX, written("a red fox"))
    assert index.summaries("shop", [FOX]) == {"fox": "a red fox"}
    repainted = FOX.model_copy(update={"text": "green fox"})
    assert index.summaries("shop", [repainted]) == {}
    index.put_items(shop(repainted, WHALE))
    index.put_items(shop(FOX, WHALE))
    assert index.summaries("shop", [FOX]) == {}, "what told of another text is gone, though the first one is back"
    index.put_summary("shop", WHALE, written("a whale"))
    assert index.summaries("shop", [WHALE]) == {"whale": "a whale"}
    index.drop("shop")
    assert index.summaries("shop", [FOX, WHALE]) == {}


def test_what_was_read_while_another_wrote_is_not_kept():
    texts = KeptTexts(limit=2)
    before = texts.version
    texts.drop("shop")
    texts.keep("shop", {("fox", "c"): "old"}, version=before)
    assert texts.get("shop", [("fox", "c")]) == {}
    texts.keep("shop", {("fox", "c"): "new"}, version=texts.version)
    texts.keep("shop", {("whale", "c"): "", ("barn", "c"): "red"}, version=texts.version)
    kept = texts.get("shop", [("fox", "c"), ("whale", "c"), ("barn", "c")])
    assert kept == {("whale", "c"): "", ("barn", "c"): "red"}, "bounded: the older make room"
