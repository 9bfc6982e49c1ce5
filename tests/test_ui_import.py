"""A catalogue sent through the page: looked at, its columns named, imported, and what was refused."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from catalog.importers import ImportFailed
from graphs.uploading import Columns, import_upload, lay_down, preview
from tests.ui_world import made_host, open_page, picture_bytes, texts

pytest_plugins = ("tests.ui_world",)
TABLE = b"code,called,about,picture,price\na,Red Cup,A cup.,red.png,4\nb,,A plate.,,5\nc,Blue Bowl,A bowl.,none.png,6\n"
FILES = [("my cups.csv", TABLE), ("red.png", picture_bytes("red"))]


def test_what_was_sent_is_shown_with_what_its_columns_look_like():
    with lay_down(FILES) as folder:
        found = preview(Path(folder))
    assert found.columns == ("code", "called", "about", "picture", "price")
    assert [row["called"] for row in found.rows] == ["Red Cup", "", "Blue Bowl"]
    assert found.guessed.picture == "picture"


def test_it_is_imported_with_its_pictures_and_tells_what_was_refused(real):
    steps = []
    with lay_down(FILES) as folder:
        columns = Columns("code", "called", ("about",), "picture")
        done = import_upload(real.services, Path(folder), "cups", columns, lambda *step: steps.append(step))
        with pytest.raises(ImportFailed, match="another name"):
            import_upload(real.services, Path(folder), "cups", columns, lambda *step: None)
    cups = real.services.catalogue("cups")
    assert [(item.title, bool(item.picture)) for item in cups] == [("Red Cup", True), ("Blue Bowl", False)]
    assert (done.items, done.pictured) == (2, 1)
    assert any("my cups.csv:3" in str(row) and not row.kept for row in done.refused)
    assert any(row.kept for row in done.refused), "a picture that is not there is told"
    assert steps


def test_a_file_never_says_who_did_what(real):
    files = [("items.csv", TABLE), ("ratings.csv", b"user,item,rating\nme,a,5\n")]
    with pytest.raises(ImportFailed, match="2 tables"):
        lay_down(files)


@pytest.mark.parametrize("name", ["../../evil.png", "..\\evil.png", "/etc/evil.png"])
def test_no_name_of_a_file_leads_out_of_the_folder(name):
    with lay_down([("items.csv", TABLE), (name, b"x")]) as folder:
        assert sorted(path.name for path in Path(folder).iterdir()) == ["evil.png", "items.csv"]


def imported(page) -> None:
    """Wait until the import that was begun is over, and draw what came of it."""
    deadline = time.monotonic() + 30
    while not made_host().named("an import").over:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    page.run()
    assert not page.exception, page.exception


def test_the_rows_read_so_far_are_told_and_how_many_were_refused(real):
    rows = "".join(f"{n},{'' if n % 3 == 0 else f'Cup {n}'},4\n" for n in range(1, 301))
    steps = []
    with lay_down([("cups.csv", f"code,called,price\n{rows}".encode())]) as folder:
        import_upload(real.services, Path(folder), "cups", Columns("code", "called"), lambda *step: steps.append(step))
    read = [(what, done, of) for what, done, of in steps if what.startswith("reading the rows")]
    assert read[0] == ("reading the rows", 1, read[0][2])
    assert ("reading the rows (33 refused)", 101) in {(what, done) for what, done, _ in read}
    assert read[-1] == ("reading the rows (100 refused)", 300, 300)


def test_an_import_under_way_is_shown_on_coming_back_and_what_went_wrong_at_its_end(real):
    page = open_page("catalogue")
    page.file_uploader(key="import-files").upload("cups.csv", TABLE, "text/csv").run()
    page.text_input(key="import-name").set_value("cups").run()
    held = threading.Event()
    saved = real.services.catalogues.save

    def save(*given, **named):
        held.wait(20)
        raise OSError("no space left")

    real.services.catalogues.save = save
    page.button(key="import-go").click().run()
    page.switch_page("views/taste.py").run()
    page.switch_page("views/catalogue.py").run()
    assert page.get("progress")[0].proto.text.endswith("loading what search needs")
    assert not page.get("file_uploader"), "one at a time"
    held.set()
    imported(page)
    assert "no space left" in page.error[0].value
    assert page.get("file_uploader"), "and it can be tried again"
    real.services.catalogues.save = saved


def test_the_page_leads_from_the_files_to_the_catalogue(real):
    page = open_page("catalogue")
    page.file_uploader(key="import-files").upload("cups.csv", TABLE, "text/csv").run()
    assert not page.exception, page.exception
    page.text_input(key="import-name").set_value("cups").run()
    page.button(key="import-go").click().run()
    assert not page.exception, page.exception
    imported(page)
    assert "2 items are in cups" in page.success[0].value
    assert any("cups.csv:3" in told for told in texts(page))
    page.button(key="import-open").click().run()
    assert page.query_params["catalogue"] in ("cups", ["cups"])
    assert made_host().session("demo", "cups").catalogue.name == "cups"
