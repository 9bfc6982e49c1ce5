"""An import that is stopped: nothing of it is kept, or it can be gone on with, and what is left is told."""

from __future__ import annotations

import signal
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from graphs.setup import finish, unfinished
from graphs.uploading import Columns, ImportStopped, import_upload, lay_down
from tests.test_cli import palate_home, run
from tests.ui_world import made_host, open_page, picture_bytes
from tests.world import event

__all__ = ["palate_home", "run"]  # fixtures
pytest_plugins = ("tests.ui_world",)

COLUMNS = Columns("code", "called", (), "picture")
COLOURS = ("red", "orange", "navy", "teal")  # the last two are also those of prints in the shop
ROWS = "".join(f"c{n},Cup {n},{COLOURS[n % 4]}.png\n" for n in range(12))
TABLE = f"code,called,picture\n{ROWS}".encode()
FILES = [("cups.csv", TABLE), *((f"{colour}.png", picture_bytes(colour)) for colour in COLOURS)]


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    monkeypatch.setattr("memory.item_index._CHUNK", 3)


def stopped_at(services, what: str, done: int):
    """Import, asking it to stop when it tells that; returns what it raised, and what it told."""
    told = []
    with lay_down(FILES) as folder, pytest.raises(ImportStopped) as stopped:
        import_upload(
            services, Path(folder), "cups", COLUMNS, lambda *step: told.append(step),
            lambda: bool(told) and told[-1][0].startswith(what) and told[-1][1] >= done,
        )  # fmt: skip
    return stopped.value, told


def files_of(services) -> set[str]:
    return {path.name for path in services.pictures.root.rglob("*") if path.is_file()}


def imported_whole(services) -> None:
    with lay_down(FILES) as folder:
        import_upload(services, Path(folder), "cups", COLUMNS, lambda *step: None)
    assert len(services.catalogue("cups")) == 12
    assert unfinished(services, services.catalogue("cups")).unindexed == 0
    assert services.items.nearest("cups", "Cup 3", limit=12)


@pytest.mark.parametrize(
    ("what", "done"), [("reading the rows", 1), ("keeping the items", 0), ("reading the items", 6)]
)
def test_wherever_it_is_stopped_nothing_of_it_is_kept_and_its_name_is_free(real, what, done):
    services = real.services
    services.pictures.add(picture_bytes("red"))  # of an older trace, say
    before = files_of(services)
    error, told = stopped_at(services, what, done)
    assert error.left is None
    assert "nothing of 'cups' is kept" in str(error)
    assert told[-1][0].startswith(what), "it ended at once"
    assert told[-1][1] == done
    assert [info.name for info in services.catalogues.names()] == ["prints"]
    assert services.items.nearest("cups", "Cup 3", limit=12) == []
    assert files_of(services) == before
    assert services.pictures.read(next(iter(real.catalogue)).picture)
    imported_whole(services)


def test_a_picture_that_somebody_sent_meanwhile_is_theirs_and_stays(real):
    services = real.services
    kept = []

    def put_items(*given):
        kept.append(real.keep_upload("ann", picture_bytes("red")))
        raise ImportStopped("cups")

    put, services.items.put_items = services.items.put_items, put_items
    with lay_down(FILES) as folder, pytest.raises(ImportStopped):
        import_upload(services, Path(folder), "cups", COLUMNS, lambda *step: None)
    services.items.put_items = put
    assert services.pictures.read(kept[0])


async def test_broken_off_while_it_is_taken_back_it_can_be_gone_on_with(real, monkeypatch):
    services = real.services

    def killed(name):
        raise KeyboardInterrupt

    monkeypatch.setattr(services.catalogues, "remove", killed)
    told = []
    with lay_down(FILES) as folder, pytest.raises(KeyboardInterrupt):
        import_upload(services, Path(folder), "cups", COLUMNS, lambda *step: told.append(step), lambda: len(told) > 3)
    cups = services.catalogue("cups")
    assert unfinished(services, cups).unindexed == 12
    await finish(services, cups)
    assert unfinished(services, cups).unindexed == 0
    assert all(services.pictures.read(item.picture) for item in cups)


def test_where_somebody_used_it_already_it_stays_and_what_is_left_is_told(real):
    services = real.services
    told = []

    def report(*step):
        told.append(step)
        if step[0] == "reading the items":
            services.log.append([event("ann", "c1").model_copy(update={"catalogue": "cups"})])

    with lay_down(FILES) as folder, pytest.raises(ImportStopped) as stopped:
        import_upload(services, Path(folder), "cups", COLUMNS, report, lambda: ("reading the items", 3, 12) in told)
    assert stopped.value.left.unindexed == 6
    assert "6 of its items are not found by any search yet" in str(stopped.value)
    assert len(services.catalogue("cups")) == 12


def shown(markdown: str) -> str:
    """What a page shows of text that was escaped."""
    return markdown.replace("\\", "").replace("\u2060", "")


class Held:
    """The page while it imports: the work waits where the items are read until it is let go."""

    def __init__(self, real, monkeypatch) -> None:
        self.go, self.reached = threading.Event(), threading.Event()
        put = real.services.items.put_items

        def put_items(*given):
            self.reached.set()
            assert self.go.wait(20)
            return put(*given)

        monkeypatch.setattr(real.services.items, "put_items", put_items)
        self.page = open_page("catalogue")
        self.begin()

    def begin(self) -> None:
        self.page.file_uploader(key="import-files").upload("cups.csv", TABLE, "text/csv").run()
        self.page.text_input(key="import-name").set_value("cups").run()
        self.page.button(key="import-go").click().run()
        assert not self.page.exception, self.page.exception
        assert self.reached.wait(20)

    def over(self) -> bool:
        return made_host().named("an import").over

    def ended(self) -> None:
        self.go.set()
        deadline = time.monotonic() + 20
        while not self.over():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        self.page.run()
        assert not self.page.exception, self.page.exception


def test_stop_ends_the_work_and_says_that_nothing_is_kept_and_it_can_be_begun_again(real, monkeypatch):
    held = Held(real, monkeypatch)
    held.page.button(key="stop-import").click().run()
    made_host().named("an import").stop()  # from another window
    time.sleep(0.1)
    assert not held.over(), "the thread still works, so it is not over"
    held.page.run()
    assert held.page.button(key="stop-import").disabled
    assert "stopping" in held.page.get("progress")[0].proto.text
    held.ended()
    assert "nothing of 'cups' is kept" in shown(held.page.info[0].value)
    assert [info.name for info in real.services.catalogues.names()] == ["prints"]
    held.begin()
    held.ended()
    assert "12 items are in cups" in held.page.success[0].value


def test_another_window_sees_how_far_it_is_and_can_stop_it(real, monkeypatch):
    held = Held(real, monkeypatch)
    other = open_page("catalogue", person="ann")
    assert shown(other.get("progress")[0].proto.text) == "cups: keeping the items, and loading what search needs"
    assert not other.get("file_uploader"), "one at a time"
    other.button(key="stop-import").click().run()
    held.ended()
    other.run()
    for page in (held.page, other):
        assert "nothing of 'cups' is kept" in shown(page.info[0].value)


def test_a_stop_that_comes_too_late_tells_what_was_imported(real, monkeypatch):
    put = real.services.items.put_items
    held = Held(real, monkeypatch)
    monkeypatch.setattr("graphs.uploading.ImportStopped.__init__", lambda *given: pytest.fail("it was done"))
    monkeypatch.setattr(real.services.items, "put_items", put)
    monkeypatch.setattr("graphs.setup.Stored", lambda *given: made_host().named("an import").stop() or time.sleep(0.2))
    held.ended()
    assert "12 items are in cups" in held.page.success[0].value


def test_what_fails_after_the_items_are_kept_says_that_they_are_there(real, monkeypatch):
    held = Held(real, monkeypatch)
    monkeypatch.setattr("memory.item_index.described", lambda *given: 1 / 0)
    held.ended()
    assert "What is done stays done: cups is there" in shown(held.page.error[0].value)
    monkeypatch.undo()
    held.page.button(key="import-open").click().run()
    assert any("12 items are not found by any search yet" in one.value for one in held.page.markdown)


@pytest.mark.parametrize(
    ("at", "told"),
    [
        ("reading the files", "there is no catalogue 'cups' yet, and the same command begins again"),
        ("reading the items", "'cups' has 12 items, 9 of them not found by any search yet; the same command goes on"),
    ],
)
def test_ctrl_c_of_the_command_tells_what_is_left_and_the_same_command_goes_on(run, monkeypatch, tmp_path, at, told):
    @contextmanager
    def bars():
        yield lambda what, done, of: signal.raise_signal(signal.SIGINT) if what == at else None

    (tmp_path / "cups.csv").write_bytes(TABLE)
    with monkeypatch.context() as interrupted:
        interrupted.setattr("palate.importing.bars", bars)
        outcome = run("import", str(tmp_path / "cups.csv"))
    assert outcome.code == 130
    assert outcome.err.splitlines()[-1].startswith(f"stopped; {told}")
    assert "Traceback" not in outcome.err
    again = run("import", str(tmp_path / "cups.csv"))
    assert again.code == 0
    assert "12 items" in again.out
