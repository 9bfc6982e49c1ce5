"""Other people's catalogues become items, pictures and interactions; what cannot is refused with reason and remedy."""

from __future__ import annotations

import gzip
import io
import json
import os
import tempfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from catalog.importers import Format, ImportFailed, ImportResult, RefusedRow, import_path
from catalog.importers.encodings import detect_encoding
from catalog.importers.mapping import FolderMapping
from catalog.importers.movielens import split_title
from catalog.importers.report import SHOWN_PER_KIND, Refusals
from catalog.importers.tables import Table
from catalog.importers.values import is_missing, to_date, to_number, to_time, to_words
from catalog.pictures import PictureStore, PictureStoreError

DATA = Path(os.environ.get("PALATE_DATA", Path(__file__).resolve().parents[1] / ".." / "shared" / "data"))

BILLION_LAUGHS = "kinds: [&a0 [ha]" + "".join(f", &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12))
BILLION_LAUGHS += "]\ntitle: *a11\n"


def jpeg(colour: str = "red") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (20, 30), colour).save(buffer, "JPEG")
    return buffer.getvalue()


class Folder:
    """A folder to import, and the import of it."""

    def __init__(self, root: Path) -> None:
        self.root, self.store = root / "source", PictureStore(root / "kept")
        self.root.mkdir()

    def put(self, name: str, content: str | bytes) -> Folder:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return self

    def read(
        self, name: str = "", format: Format = "auto", progress: Callable[[int, int | None], None] | None = None
    ) -> ImportResult:
        seen = progress or (lambda done, total: None)
        return import_path(self.root / name, name="mine", format=format, pictures=self.store, progress=seen)

    def failure(self, name: str = "") -> ImportFailed:
        with pytest.raises(ImportFailed) as failed:
            self.read(name)
        assert failed.value.remedy
        return failed.value


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def places(rows: list[RefusedRow]) -> list[tuple[int, bool]]:
    return [(row.line, row.kept) for row in rows]


class TestAPlainFolder:
    YAML = """
    id: sku
    title: called
    text: [about, care]
    picture: photo
    attributes:
      price: {column: eur, kind: number, unit: EUR, aliases: [cost]}
      materials: {kind: list, separator: "/"}
      since: {kind: date, format: "%d %m %Y"}
      maker: text
    interactions:
      file: log.csv
      user: who
      item: what
      kind: did
      kinds: {Basket: purchase, look: view}
      timestamp: when
    """

    def test_is_read_as_its_mapping_says(self, folder: Folder) -> None:
        folder.put("palate.yaml", self.YAML).put("shots/a.jpg", jpeg())
        folder.put(
            "items.csv",
            "sku,called,about,care,photo,eur,materials,since,maker,other\n"
            'a1,"Lamp, tall",Bright.,Dust it.,shots/a.jpg,"1.234,50 €",oak/ steel /oak,20 07 1969,Ada & Co,x\n'
            "a2,Chair,,,,,,,,\n",
        )
        folder.put("log.csv", "who,what,did,when\nu1,a2,look,2024-03-01T10:00:00+01:00\nu1,a1,basket,1709280000\n")
        result = folder.read()
        lamp, chair = result.items
        assert (lamp.item_id, lamp.title, lamp.text) == ("a1", "Lamp, tall", "Bright.\nDust it.")
        assert lamp.attributes == {
            "price": 1234.5, "materials": ("oak", "steel"), "since": date(1969, 7, 20), "maker": "Ada & Co",
        }  # fmt: skip
        assert lamp.picture in folder.store
        assert (chair.attributes, chair.picture) == ({}, None)
        price = result.schema[0]
        assert (price.name, price.kind, price.label, price.unit, price.aliases) == (
            "price",
            "number",
            "price",
            "EUR",
            ("cost",),
        )
        first, second = result.interactions
        assert (first.kind, first.item_id, first.at) == ("purchase", "a1", datetime(2024, 3, 1, 8, tzinfo=UTC))
        assert (second.kind, second.at.astimezone(UTC).hour) == ("view", 9)
        assert {event.source for event in result.interactions} == {"import:mine"}
        assert result.refused == []

    def test_without_a_mapping_is_guessed_from_names_and_values(self, folder: Folder) -> None:
        folder.put(
            "items.csv",
            "id;name;description;price;colours;published;url;shop_id;in stock\n"
            "007;Red Fox;A long text about the fox.;$12.50;red|brown;2001-02-03;https://example.org/1;5;true\n"
            "008;Blue Owl;Another text.;$8;blue;2002-03-04;https://example.org/2;6;false\n",
        )
        folder.put("pictures/007.png", jpeg()).put(
            "ratings.csv", "user,item,stars,date\nu,007,8,2020-01-01\nu,008,10,2020-01-02\n"
        )
        result = folder.read()
        fox = result.items[0]
        assert (fox.item_id, fox.title, fox.text) == ("007", "Red Fox", "A long text about the fox.")
        assert fox.attributes == {
            "price": 12.5, "colours": ("red", "brown"), "published": date(2001, 2, 3), "in_stock": "true",
        }  # fmt: skip
        assert fox.picture in folder.store
        assert [(spec.name, spec.kind, spec.unit) for spec in result.schema] == [
            ("price", "number", "USD"), ("colours", "list", ""), ("published", "date", ""), ("in_stock", "text", ""),
        ]  # fmt: skip
        assert [(event.kind, event.value) for event in result.interactions] == [("rating", 4.0), ("rating", 5.0)]
        assert any("shop_id" in note for note in result.notes)

    def test_comes_as_json_lines_gzip_or_parquet_too(self, folder: Folder) -> None:
        rows = [
            {"id": 1, "title": "Fox", "tags": ["red", "quick"], "price": 3.5},
            {"id": 2, "title": "Owl", "tags": []},
        ]
        lines = "\n".join(map(json.dumps, rows))
        folder.put("items.jsonl", lines)
        plain = folder.read().items
        assert plain[0].attributes == {"tags": ("red", "quick"), "price": 3.5}
        folder.put("items.jsonl.gz", gzip.compress(lines.encode()))
        assert folder.read("items.jsonl.gz").items == plain
        pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
        rows[0]["image"], rows[1]["image"] = {"bytes": jpeg(), "path": None}, None
        parquet.write_table(pyarrow.Table.from_pylist(rows), folder.root / "x.parquet")
        fox, owl = folder.read("x.parquet").items
        assert (fox.item_id, fox.attributes, owl.item_id) == ("1", plain[0].attributes, "2")
        assert fox.picture in folder.store
        assert owl.picture is None

    def test_read_again_gives_the_same(self, folder: Folder) -> None:
        folder.put("items.csv", "id,title,image\n1,Fox,images/1.jpg\n2,Owl,\n").put("images/1.jpg", jpeg())
        folder.put("likes.csv", "user,item\nu,1\nu,1\nu,2\n")
        first, second = folder.read(), folder.read()
        assert first == second
        keys = [event.key for event in first.interactions]
        assert len(set(keys)) == 3
        assert [event.kind for event in first.interactions] == ["like"] * 3
        assert len(list(folder.store.root.rglob("*.jpg"))) == 1

    def test_tells_how_far_it_is(self, folder: Folder) -> None:
        folder.put("items.csv", "id,title\n" + "".join(f"{n},Fox {n}\n" for n in range(120)))
        told: list[tuple[int, int | None]] = []
        folder.read(progress=lambda done, total: told.append((done, total)))
        assert {1, 51, 101, 120} <= {done for done, _ in told}
        assert told[-1] == (120, 120)
        assert all(total is not None and done <= total for done, total in told)

    def test_the_same_folder_under_two_names_gives_events_of_their_own(self, folder: Folder) -> None:
        folder.put("items.csv", "id,title\n1,Fox\n").put("likes.csv", "user,item,time\nu,1,9\n")
        keys = {
            import_path(folder.root, name=name, pictures=folder.store).interactions[0].key for name in ("one", "two")
        }
        assert len(keys) == 2

    def test_the_documented_mapping_is_valid(self) -> None:
        page = (Path(__file__).resolve().parents[1] / "docs" / "catalogue.md").read_text(encoding="utf-8")
        example = yaml.safe_load(page.split("```yaml\n")[1].split("```")[0])
        assert set(example) <= set(FolderMapping.model_fields)
        mapping = FolderMapping.model_validate(example)
        assert mapping.attributes is not None
        assert mapping.attributes["country"].kind == "text"

    def test_stopped_in_the_middle_can_simply_be_started_again(self, folder: Folder) -> None:
        folder.put("items.csv", "id,title\n" + "".join(f"{n},Fox {n}\n" for n in range(60)))
        for n in range(60):
            folder.put(f"images/{n}.jpg", jpeg(f"#{n * 4:02x}00ff"))

        def stop(done: int, total: int | None) -> None:
            if done > 50:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            folder.read(progress=stop)
        assert not list(folder.store.root.rglob(".new-*"))
        assert len({item.picture for item in folder.read().items}) == 60

    def test_stops_when_its_pictures_cannot_be_kept(self, folder: Folder) -> None:
        folder.put("items.csv", "id,title\n1,Fox\n").put("1.jpg", jpeg())
        folder.store.root.write_text("a file where the folder should be")
        with pytest.raises(PictureStoreError, match="free some space"):
            folder.read()

    def test_a_title_of_thousands_of_characters_is_cut_and_stays_readable_as_text(self, folder: Folder) -> None:
        folder.put("items.csv", f"id,title\n1,{'fox ' * 900}\n")
        [fox] = folder.read().items
        assert len(fox.title) <= 202
        assert fox.text.startswith(fox.title[:-2])


class TestBadRows:
    def test_are_refused_one_by_one_with_their_line(self, folder: Folder) -> None:
        folder.put("palate.yaml", "id: id\ntitle: title\nattributes: {price: number}")
        folder.put(
            "items.csv",
            "id,title,price\n"  # 1
            "1,Fox,3\n"
            "2,Owl\n"  # 3: a cell short
            ",Nobody,1\n"  # 4: no id
            "5,,1\n"  # 5: no title
            "1,Fox again,4\n"  # 6: the id of line 2
            "7,Hare,cheap\n"  # 7: no number, the item stays
            '8,"Bad "quote",1\n'  # 8
            '9,"never closed,1\n'  # 9
            "10,Bear,n/a\n"
            '11,"two\nlines",5\n'  # 11 and 12
            f"{'x' * 300},Long,1\n",  # 13: an id beyond measure
        )
        result = folder.read()
        assert [item.item_id for item in result.items] == ["1", "7", "10", "11"]
        assert result.items[1].attributes == {}
        assert result.items[3].title == "two lines"
        assert sorted(places(result.refused)) == [
            (3, False), (4, False), (5, False), (6, False), (7, True), (8, False), (9, False), (13, False),
        ]  # fmt: skip
        assert all(row.reason and row.remedy and row.source == "items.csv" for row in result.refused)
        assert "items.csv:2" in next(row.reason for row in result.refused if row.line == 6)

    def test_of_interactions_are_refused_too(self, folder: Folder) -> None:
        folder.put("items.csv", "id,title\n1,Fox\n")
        folder.put(
            "ratings.csv",
            "user,item,rating,timestamp\nu,1,5,1\nu,9,5,1\n,1,5,1\nu,1,7,1\nu,1,good,1\nu,1,5,soon\nu,1,,1\nu,1,nan,1\n",
        )
        folder.put("palate.yaml", "interactions: {scale: 5}")
        result = folder.read()
        assert len(result.interactions) == 1
        assert [row.line for row in result.refused] == [3, 4, 5, 6, 7, 8, 9]

    def test_of_json_lines(self, folder: Folder) -> None:
        folder.put(
            "items.jsonl",
            b'{"id": 1, "title": "F\xc3\xb6x"}\n{broken\n[1]\n\n'
            b'{"id": 5, "title": "Owl \xff"}\n{"id": 6, "title": null}\n' + b"[" * 100_000,
        )
        result = folder.read()
        assert [item.item_id for item in result.items] == ["1"]
        assert [row.line for row in result.refused] == [2, 3, 5, 6, 7]

    def test_by_the_million_do_not_fill_the_memory(self) -> None:
        refused = Refusals()
        for line in range(5000):
            refused.add("items.csv", line, f"bad {line}", "correct it")
        rows = refused.rows()
        assert len(rows) == SHOWN_PER_KIND + 1
        assert str(rows[-1]) == "items.csv: 4,800 more rows like those listed; correct it"

    def test_when_all_are_bad_the_import_fails_and_says_why(self, folder: Folder) -> None:
        failed = folder.put("items.csv", "id,title\n,Fox\n,Owl\n").failure()
        assert "no id in column 'id'" in failed.what
        assert len(failed.refused) == 2

    def test_pictures_that_are_bad_are_left_out_and_the_item_stays(self, folder: Folder) -> None:
        names = [
            "gone.jpg",
            "../secret.jpg",
            "/etc/hostname",
            "link.jpg",
            "text.jpg",
            "cut.jpg",
            "sub",
            "pipe.jpg",
            "good.jpg",
            "x\x00y",
        ]
        (folder.root.parent / "secret.jpg").write_bytes(jpeg())
        (folder.root / "link.jpg").symlink_to(folder.root.parent / "secret.jpg")
        os.mkfifo(folder.root / "pipe.jpg")
        folder.put("text.jpg", "hello").put("cut.jpg", jpeg()[:200]).put("sub/x", "").put("good.jpg", jpeg())
        rows = [{"id": str(n), "title": f"Item {n}", "image": name} for n, name in enumerate(names)]
        folder.put("items.jsonl", "\n".join(map(json.dumps, rows)))
        result = folder.read()
        assert len(result.items) == len(names)
        assert [item.item_id for item in result.items if item.picture] == ["8"]
        assert all(kept for _, kept in places(result.refused))
        reasons = " ".join(row.reason for row in result.refused)
        for said in ("missing", "outside the folder", "it is text", "cut short", "no file"):
            assert said in reasons


class TestEncodings:
    TITLE = "Crème brûlée – 5 €"

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
    def test_are_told_from_the_bytes(self, encoding: str, folder: Folder) -> None:
        folder.put("items.csv", f"id,title\r\n1,{self.TITLE}\r\n".encode(encoding))
        result = folder.read()
        assert [(item.item_id, item.title) for item in result.items] == [("1", self.TITLE)]
        assert any("judged by its bytes" in note for note in result.notes) == (not encoding.startswith("utf-8"))

    def test_a_bad_byte_among_good_ones_costs_its_row_only(self, folder: Folder) -> None:
        folder.put("items.csv", b"id,title\n1,Cr\xc3\xa8me\n2,Br\xfbl\xe9e\n3,Fl\xc3\xa4n\n4,zero\x00byte\n")
        result = folder.read()
        assert [item.title for item in result.items] == ["Crème", "Flän"]
        assert [row.line for row in result.refused] == [3, 5]

    def test_can_be_given(self, folder: Folder) -> None:
        folder.put("palate.yaml", "encoding: cp1251").put("items.csv", "id,title\n1,Лиса\n".encode("cp1251"))
        result = folder.read()
        assert (result.items[0].title, any("judged" in note for note in result.notes)) == ("Лиса", False)
        assert "no encoding is called" in folder.put("palate.yaml", "encoding: klingon").failure().what
        assert "not written in" in folder.put("palate.yaml", "encoding: utf-16").failure().what

    @given(st.binary(max_size=300))
    @settings(max_examples=100, deadline=None)
    def test_any_bytes_have_one_that_python_knows(self, data: bytes) -> None:
        data.decode(detect_encoding(io.BytesIO(data)), "replace")


class TestWhatCannotBeImported:
    @pytest.mark.parametrize(
        ("files", "said"),
        [
            ({}, "no table of items"),
            ({"a.csv": "id,title\n", "b.csv": "id,title\n"}, "2 tables"),
            ({"items.csv": ""}, "is empty"),
            ({"items.csv": "id,title\n"}, "holds no items"),
            ({"items.csv": "id,title,title\n1,a,b\n"}, "'title' twice"),
            ({"items.csv": "1,2\n1,2\n"}, "looks like the title"),
            ({"items.jsonl": "nonsense\n"}, "is empty"),
            ({"items.parquet": "no parquet"}, "no readable Parquet file"),
            ({"items.csv.gz": "no gzip"}, "damaged or cut short"),
            ({"items.jsonl.gz": gzip.compress(b'{"id": 1, "title": "Fox"}\n' * 999)[:-9]}, "damaged or cut short"),
            ({"items.csv": "id,title\n1,a\n", "palate.yaml": "titel: x"}, "unknown key `titel`"),
            ({"items.csv": "id,title\n1,a\n", "palate.yaml": "attributes: {x: {kind: numbr}}"}, "attributes.x.kind"),
            (
                {"items.csv": "id,title\n1,a\n", "palate.yaml": "attributes: {price: number}"},
                "'price', which items.csv does not have",
            ),
            ({"items.csv": "id,title\n1,a\n", "palate.yaml": "title: name"}, "maps `title` to 'name'"),
            ({"items.csv": "id,title\n1,a\n", "palate.yaml": "title: [a: b"}, "cannot be read"),
            ({"items.csv": "id,title\n1,a\n", "palate.yaml": BILLION_LAUGHS}, "`title` is"),
            ({"items.csv": "id,title\n1,a\n", "palate.yaml": "- a"}, "no `key: value` lines"),
            ({"palate.yaml": "items: ../../etc/passwd"}, "no file in source"),
            ({"items.csv": "id,title\n1,a\n", "palate.yaml": "interactions: {user: who}"}, "has no interactions file"),
            ({"items.csv": "id,title\n1,a\n", "ratings.csv": "a,b\n1,2\n"}, "looks like the user"),
        ],
    )
    def test_says_what_is_wrong_and_what_to_write(
        self, files: dict[str, str | bytes], said: str, folder: Folder
    ) -> None:
        for name, content in files.items():
            folder.put(name, content)
        assert said in str(folder.failure())

    def test_a_path_a_name_or_a_format_that_is_wrong(self, folder: Folder) -> None:
        assert "does not exist" in folder.failure("nowhere").what
        for options in ({"name": "../x"}, {"name": ""}, {"name": "ok", "format": "csv"}):
            with pytest.raises(ImportFailed, match=r"no name|no format"):
                import_path(folder.root, pictures=folder.store, **options)  # type: ignore[arg-type]

    def test_one_endless_line_is_refused_without_being_held_whole(self, folder: Folder) -> None:
        folder.put("items.jsonl", '{"id": 1, "title": "Fox"}\n' + "x" * (9 << 20) + '\n{"id": 3, "title": "Owl"}\n')
        result = folder.read()
        assert [item.item_id for item in result.items] == ["1", "3"]
        assert result.refused[0].line == 2


class TestMovieLens:
    def test_the_original_files_are_recognised(self, folder: Folder) -> None:
        folder.put(
            "movies.csv", 'movieId,title,genres\n1,"Matrix, The (1999)",Action|Sci-Fi\n2,Untold,(no genres listed)\n'
        )
        folder.put("ratings.csv", "userId,movieId,rating,timestamp\n7,1,4.5,964982703\n7,2,0.5,964982000\n")
        folder.put("tags.csv", "userId,movieId,tag,timestamp\n7,1,cyber,1\n8,1,Cyber,1\n8,1,slow,1\n").put(
            "posters/1.jpg", jpeg()
        )
        result = folder.read()
        matrix, untold = result.items
        assert (matrix.item_id, matrix.title) == ("1", "The Matrix")
        assert matrix.attributes == {"year": 1999, "genres": ("Action", "Sci-Fi"), "user_tags": ("cyber", "slow")}
        assert matrix.picture in folder.store
        assert (untold.title, untold.attributes) == ("Untold", {})
        assert [(e.item_id, e.value, e.liking) for e in result.interactions] == [("2", 0.5, -1), ("1", 4.5, 1)]

    def test_the_cut_with_posters_is_recognised(self, folder: Folder) -> None:
        folder.put(
            "items.csv",
            "item_id,title,year,genres,keywords,user_tags,image\n1,Alien,1979,Horror|Sci-Fi,space|ship,,images/1.jpg\n",
        )
        folder.put("interactions.csv", "user_id,item_id,rating,timestamp\nu1,1,4.0,951182566\n").put(
            "images/1.jpg", jpeg()
        )
        result = folder.read()
        assert [(spec.name, spec.kind) for spec in result.schema] == [
            ("year", "number"), ("genres", "list"), ("keywords", "list"), ("user_tags", "list"),
        ]  # fmt: skip
        assert result.items[0].attributes == {
            "year": 1979,
            "genres": ("Horror", "Sci-Fi"),
            "keywords": ("space", "ship"),
        }

    @pytest.mark.parametrize(
        ("text", "title", "year"),
        [
            ("Toy Story (1995)", "Toy Story", "1995"),
            ("City of Lost Children, The (Cité des enfants perdus, La) (1995)",
             "The City of Lost Children (Cité des enfants perdus, La)",
             "1995"),
            ("Avventura, L' (1960)", "L'Avventura", "1960"),
            ("2001: A Space Odyssey (1968)", "2001: A Space Odyssey", "1968"),
            ("Fawlty Towers (1975-1979)", "Fawlty Towers", "1975"),
            ("Babylon 5", "Babylon 5", ""),
            ("Good, Bad, Ugly", "Good, Bad, Ugly", ""),
        ],
    )  # fmt: skip
    def test_titles_lose_their_year_and_get_their_article_back(self, text: str, title: str, year: str) -> None:
        assert split_title(text) == (title, year)


class TestAmazon:
    META: ClassVar[dict[str, Any]] = {
        "main_category": "All Beauty", "title": "Soap &amp; Glory", "average_rating": 4.5, "rating_number": 12,
        "features": ["Soft<br>", "Clean"], "description": [], "price": 9.99, "store": "Glory",
        "categories": ["Beauty", "Bath"],
        "images": [{"variant": "MAIN", "large": "https://example.org/images/I/71abc._AC_.jpg", "hi_res": None}],
        "details": {"Brand": "Glory Inc"}, "parent_asin": "B01", "videos": [], "bought_together": None,
    }  # fmt: skip

    def test_items_and_reviews_come_from_json_lines(self, folder: Folder) -> None:
        plain = {**self.META, "parent_asin": "B02", "price": "None", "details": "{}", "images": [], "store": None}
        odd = {
            **plain,
            "parent_asin": "B03",
            "price": "from 12.99",
            "details": json.dumps({"Brand": "X"}),
            "images": {"large": [], "thumb": [None]},
        }
        lines = "\n".join(map(json.dumps, [self.META, plain, odd, {**plain, "title": ""}]))
        folder.put("meta_All_Beauty.jsonl.gz", gzip.compress(lines.encode())).put("images/71abc._AC_.jpg", jpeg())
        review = {
            "user_id": "AE",
            "parent_asin": "B01",
            "asin": "B01-red",
            "rating": 5.0,
            "timestamp": 1588687728923,
            "text": "good",
        }
        folder.put("All_Beauty.jsonl", json.dumps(review) + "\n" + json.dumps({**review, "parent_asin": "B99"}) + "\n")
        result = folder.read()
        soap, bare, dear = result.items
        assert (soap.item_id, soap.title, soap.text.split()) == ("B01", "Soap & Glory", ["Soft", "Clean"])
        assert soap.attributes == {
            "price": 9.99, "categories": ("Beauty", "Bath"), "brand": "Glory Inc", "store": "Glory",
            "department": "All Beauty", "average_rating": 4.5, "rating_number": 12,
        }  # fmt: skip
        assert soap.picture in folder.store
        assert (bare.picture, "price" in bare.attributes, "brand" in bare.attributes) == (None, False, False)
        assert (dear.attributes["price"], dear.attributes["brand"]) == (12.99, "X")
        [event] = result.interactions
        assert (event.user_id, event.item_id, event.value, event.at.year) == ("AE", "B01", 5.0, 2020)
        assert [(row.source, row.line) for row in result.refused] == [
            ("meta_All_Beauty.jsonl.gz", 4),
            ("All_Beauty.jsonl", 2),
        ]

    def test_a_single_meta_file_is_recognised(self, folder: Folder) -> None:
        folder.put("beauty.jsonl", json.dumps(self.META))
        assert folder.read("beauty.jsonl").items[0].item_id == "B01"


class TestMicroLens:
    @pytest.mark.parametrize("header", ["item,title\n", ""])
    def test_sequences_keep_their_order(self, header: str, folder: Folder) -> None:
        folder.put("MicroLens-50k_titles.csv", f'{header}1,"duck, fried"\n2,armour\n3,sing\n')
        folder.put("MicroLens-50k_pairs.tsv", "7\t3 1 2\n8\t2 99\n").put("covers/2.jpg", jpeg())
        result = folder.read()
        assert [(item.item_id, item.picture is not None) for item in result.items] == [
            ("1", False),
            ("2", True),
            ("3", False),
        ]
        mine = [event for event in result.interactions if event.user_id == "7"]
        assert [(event.item_id, event.kind) for event in mine] == [("3", "like"), ("1", "like"), ("2", "like")]
        assert mine[0].at < mine[1].at < mine[2].at
        assert [(row.source, row.line) for row in result.refused] == [("MicroLens-50k_pairs.tsv", 2)]

    def test_pairs_with_a_time_are_read_too(self, folder: Folder) -> None:
        folder.put("titles.csv", "item,title\n1,duck\n").put("pairs.csv", "user,item,timestamp\n5,1,1662984066409\n")
        assert folder.read().interactions[0].at.year == 2022


class TestAnything:
    """Whatever bytes a file holds, the import gives a result or fails with words for a person."""

    CELL = st.sampled_from(
        [b"1", b"2", b"Fox", b'"a', b'"', b"\xff", b"\xc3\xa9", b"\x00", b"\r", b"{", b'{"id":1,"title":"x"}', b""]
    )
    MARK = st.sampled_from([b",", b";", b"\n", b"\n", b"|", b"\t"])

    @given(st.lists(st.tuples(CELL, MARK), max_size=25), st.sampled_from(["items.csv", "items.jsonl", "items.tsv"]))
    @settings(max_examples=30, deadline=None)
    def test_is_imported_or_refused(self, parts: list[tuple[bytes, bytes]], name: str) -> None:
        with tempfile.TemporaryDirectory() as place:
            folder = Folder(Path(place))
            folder.put(name, b"id,title\n" + b"".join(cell + mark for cell, mark in parts))
            try:
                told = [str(item) for item in folder.read().items]
            except ImportFailed as failed:
                told = [failed.what, failed.remedy]
        assert all(told)
        assert told


class TestValues:
    @pytest.mark.parametrize(
        ("text", "number"),
        [("12", 12), ("-3.5", -3.5), ("1,234.50", 1234.5), ("1.234,50", 1234.5), ("12,50 €", 12.5), ("$9", 9),
         ("1,234", 1234), ("1 234", 1234), ("from 12.99", 12.99), ("1e3", 1000), (".5", 0.5), ("40 cm", 40),
         (7, 7), ("13%", 13)],
    )  # fmt: skip
    def test_numbers_may_wear_a_unit(self, text: object, number: float) -> None:
        assert to_number(text) == number

    @pytest.mark.parametrize(
        "text", ["cheap", "12-15", "3 of 5", "1.2.3", "inf", float("inf"), True, [1], "", "9" * 400, "1e999"]
    )
    def test_what_is_no_number_is_refused(self, text: object) -> None:
        with pytest.raises(ValueError, match="is no"):
            to_number(text)

    @given(st.one_of(st.text(max_size=80), st.integers(), st.floats(), st.binary(max_size=5), st.booleans()))
    def test_any_cell_is_a_value_or_a_value_error(self, cell: Any) -> None:
        is_missing(cell)
        to_words(cell, "|")
        for read in (to_number, to_date, to_time):
            try:
                read(cell)
            except ValueError:
                continue

    def test_times_are_told_by_their_size_and_always_have_a_zone(self) -> None:
        moment = datetime(2020, 5, 5, 14, 8, 48, tzinfo=UTC)
        for written in (
            1588687728,
            "1588687728",
            1588687728000,
            1588687728000000,
            "2020-05-05T14:08:48Z",
            "2020-05-05 16:08:48+02:00",
        ):
            assert to_time(written) == moment
        assert (
            to_time("20200505")
            == to_time("2020-05-05")
            == to_time(date(2020, 5, 5))
            == datetime(2020, 5, 5, tzinfo=UTC)
        )

    def test_lists_come_written_out_or_cut(self) -> None:
        assert to_words('["a", "b"]') == to_words("['a', 'b']") == to_words("a| b |a||", "|") == ("a", "b")
        assert to_words("[" * 5000 + "]" * 5000) != ()

    def test_a_table_with_tabs_semicolons_or_old_line_ends_is_read(self, tmp_path: Path) -> None:
        for mark, end in ((";", "\r"), ("\t", "\r\n"), ("|", "\n")):
            path = tmp_path / "items.csv"
            path.write_text(f'id{mark}"the,title"{end}1{mark}Fox{end}', newline="")
            assert Table(path).sample() == [{"id": "1", "the,title": "Fox"}]


@pytest.mark.data
class TestRealSets:
    @pytest.fixture
    def read(self, tmp_path: Path) -> Callable[[str], ImportResult]:
        def read(name: str) -> ImportResult:
            if not (DATA / name).is_dir():
                pytest.skip(f"{DATA / name} is not there; set PALATE_DATA to the folder of the data sets")
            return import_path(DATA / name, name=name, pictures=PictureStore(tmp_path))

        return read

    def test_wines(self, read: Callable[[str], ImportResult]) -> None:
        result = read("xwines-test")
        assert (len(result.items), len(result.interactions), result.refused) == (100, 1000, [])
        kinds = {spec.name: spec.kind for spec in result.schema}
        assert (kinds["abv"], kinds["grapes"], kinds["country"]) == ("number", "list", "text")

    @pytest.mark.slow
    def test_garments_and_videos(self, read: Callable[[str], ImportResult]) -> None:
        garments = read("clothing-cc0")
        assert (len(garments.items), garments.refused) == (1930, [])
        videos = read("microlens-50k")
        assert (len(videos.items), len(videos.interactions), videos.refused) == (19220, 323765, [])
