"""Catalogues come back from the database as they were saved."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa

from catalog.items import AttributeSpec, Item
from catalog.storage import CatalogueStore, SaveReport, UnknownCatalogue
from memory.database import open_engine

SCHEMA = (
    AttributeSpec(name="price", kind="number", label="price", unit="EUR", aliases=("cost",)),
    AttributeSpec(name="made", kind="date"),
)


def item(item_id: str, title: str = "Quiet Harbour", **attributes: object) -> Item:
    return Item.model_validate({"item_id": item_id, "title": title, "attributes": attributes})


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    engine = open_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def store(engine: sa.Engine) -> CatalogueStore:
    return CatalogueStore(engine)


def test_every_kind_of_value_survives(store: CatalogueStore) -> None:
    full = Item(
        item_id="a/ü 1",
        title="Ein „Hafen“ — 港",
        text="two\nlines",
        attributes={
            "price": 12.5,
            "made": date(1969, 7, 20),
            "tags": ("calm", "sea"),
            "note": "1969-07-20",
            "none": (),
        },
        picture="ab" * 32,
    )
    store.save("prints", SCHEMA, [full, item("b")])
    loaded = store.load("prints")
    assert list(loaded) == [full, item("b")]
    assert loaded.schema == SCHEMA
    assert isinstance(loaded["a/ü 1"].attributes["made"], date)
    assert isinstance(loaded["a/ü 1"].attributes["note"], str)


def test_saving_again_adds_nothing(store: CatalogueStore) -> None:
    items = [item("a", price=1.0), item("b", tags=("x", "y"))]
    assert store.save("prints", SCHEMA, items) == SaveReport(added=2, changed=0, unchanged=0)
    assert store.save("prints", SCHEMA, items) == SaveReport(added=0, changed=0, unchanged=2)
    assert list(store.load("prints")) == items


def test_an_item_that_changed_is_updated_and_one_that_is_gone_stays_at_the_end(store: CatalogueStore) -> None:
    store.save("prints", SCHEMA, [item("a"), item("b"), item("c", price=1.0)])
    report = store.save("prints", SCHEMA[:1], [item("c", price=2.0), item("new"), item("b")])
    assert report == SaveReport(added=1, changed=1, unchanged=1, missing=1)
    assert store.load("prints").item_ids == ("c", "new", "b", "a")
    assert store.load("prints")["c"].attributes == {"price": 2.0}
    assert store.load("prints").schema == SCHEMA[:1]


def test_catalogues_do_not_mix(store: CatalogueStore) -> None:
    store.save("films", (), [item("1", "Alien")])
    store.save("prints", (), [item("1", "Quiet Harbour")])
    store.save("films", (), [item("1", "Aliens")])
    assert store.load("films")["1"].title == "Aliens"
    assert store.load("prints")["1"].title == "Quiet Harbour"


def test_an_unknown_name_lists_the_known_ones(store: CatalogueStore) -> None:
    with pytest.raises(UnknownCatalogue, match="palate import PATH --name prints"):
        store.load("prints")
    store.save("prints", (), [item("a")])
    store.save("films", (), [item("a")])
    with pytest.raises(UnknownCatalogue, match=r"did you mean 'prints'\? there are: films, prints"):
        store.load("print")


def test_names_tell_what_is_in_each(store: CatalogueStore) -> None:
    store.save("prints", (), [item("a"), item("b").model_copy(update={"picture": "ab" * 32})])
    [info] = store.names()
    assert (info.name, info.items, info.pictures) == ("prints", 2, 1)
    assert abs((datetime.now(UTC) - info.imported_at).total_seconds()) < 10


@pytest.mark.parametrize(("items", "said"), [([], "at least one item"), ([item("a"), item("a")], "'a' comes twice")])
def test_an_empty_catalogue_or_a_repeated_id_changes_nothing(
    items: list[Item], said: str, store: CatalogueStore
) -> None:
    store.save("prints", (), [item("kept")])
    with pytest.raises(ValueError, match=said):
        store.save("prints", (), items)
    assert store.load("prints").item_ids == ("kept",)


def test_a_save_that_breaks_off_leaves_the_catalogue_as_it_was(store: CatalogueStore, engine: sa.Engine) -> None:
    store.save("prints", SCHEMA, [item("a", price=1.0)])

    def breaks(*_: object) -> None:
        raise KeyboardInterrupt

    sa.event.listen(engine, "commit", breaks)
    with pytest.raises(KeyboardInterrupt):
        store.save("prints", (), [item("a", price=2.0), item("b")])
    sa.event.remove(engine, "commit", breaks)
    loaded = store.load("prints")
    assert (list(loaded), loaded.schema) == ([item("a", price=1.0)], SCHEMA)


def test_two_imports_at_once_both_arrive_whole(engine: sa.Engine, store: CatalogueStore) -> None:
    items = [item(f"i{number:03}") for number in range(300)]
    failures: list[BaseException] = []

    def save() -> None:
        try:
            CatalogueStore(engine).save("prints", SCHEMA, items)
        except BaseException as error:  # reported below, in the thread that asserts
            failures.append(error)

    threads = [threading.Thread(target=save) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert list(store.load("prints")) == items


def test_loading_five_thousand_items_is_quick(store: CatalogueStore) -> None:
    words = tuple(f"word {number}" for number in range(12))
    items = [item(f"f{number}", price=float(number), genres=words, made=date(1999, 1, 1)) for number in range(5000)]
    store.save("films", SCHEMA, items)
    start = time.process_time()
    assert len(store.load("films")) == 5000
    assert time.process_time() - start < 1.0  # about 0.1 s where nothing else runs


def test_a_catalogue_is_removed_with_its_items_and_no_other(store: CatalogueStore) -> None:
    for name in ("prints", "wines"):
        store.save(name, SCHEMA, [item("a"), item("b")])
    store.remove("prints")
    store.remove("unknown")
    with pytest.raises(UnknownCatalogue):
        store.load("prints")
    assert [(info.name, info.items) for info in store.names()] == [("wines", 2)]
    assert store.save("prints", SCHEMA, [item("a")]) == SaveReport(1, 0, 0)


def test_pictures_that_items_have_are_told_among_many(store: CatalogueStore) -> None:
    hashes = [f"{n:064x}" for n in range(1200)]
    store.save("prints", SCHEMA, [item("a"), item("b").model_copy(update={"picture": hashes[1100]})])
    assert store.with_items(hashes) == {hashes[1100]}
    assert store.with_items([]) == set()
