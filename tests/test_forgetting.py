"""`palate taste forget`: nothing of ann is left in any file, all of bob's is as it was, whatever is killed when."""

from __future__ import annotations

import asyncio
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

import memory.database
from catalog.pictures import PictureStore
from graphs.belongings import bytes_of_others
from graphs.forgetting import forget
from graphs.services import Services
from graphs.threads import Threads
from memory.chroma_store import ChromaStore
from memory.errors import StoreFailed
from memory.event_log import EventLog
from memory.marks import Marks
from memory.needles import VectorNeedles
from memory.preference_store import PreferenceStore
from memory.thread_names import ThreadNames
from memory.uploads import Uploads
from models.local.feature_store import FeatureStore
from profiles.settings import load_profile
from tests import test_cli
from tests.forgetting_world import (
    CANARIES,
    FOXES,
    MESSAGE,
    PROSE,
    known,
    left_in,
    picture,
    play,
    populate,
    told_plainly,
)
from tests.test_rebuild import same
from tests.world import HashedEmbedder, event, open_session, talk
from tracing.storage import TraceStore

palate_home, run = test_cli.palate_home, test_cli.run


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A home in which ann and bob talked, made once, and the content hashes of what they sent."""
    home = tmp_path_factory.mktemp("made") / "home"
    return home, asyncio.run(populate(home))


@pytest.fixture
def home(made, palate_home, monkeypatch) -> Path:
    """A copy of it, behind every command."""
    shutil.copytree(made[0], palate_home)
    monkeypatch.setenv("PALATE_CATALOGUE", "prints")
    play(monkeypatch)
    return palate_home


@pytest.fixture
def sent(made) -> dict[str, str]:
    return made[1]


def opened(home: Path, **overrides) -> Services:
    return Services.open(load_profile("demo", {"stores.home": str(home), **overrides}, {}).profile)


def read(home: Path, *users: str, **overrides) -> list[dict]:
    services = opened(home, **overrides)
    try:
        return [known(services, user) for user in users]
    finally:
        services.close()


def test_nothing_of_the_user_is_left_in_any_file_and_others_read_the_same(run, home, sent):
    assert {name for name, _ in left_in(home)} >= {"palate.sqlite-wal", "threads.sqlite", "chroma.sqlite3"}
    [bob] = read(home, "bob")
    outcome = run("taste", "forget", "ann", "--yes", "--json")
    assert outcome.code == 0, outcome.err
    [proof] = outcome.lines
    assert proof["holds"]
    assert proof["erased"] == {"events": 10, "versions": 4, "turns": 6, "threads": 5, "pictures": 2}
    assert proof["remains"] == proof["unread"] == proof["beyond"] == []
    assert proof["files"] >= 10
    assert proof["texts"] > 50
    assert proof["vectors"] == 2
    assert proof["pictures"] == 1  # the other one bob sent too
    assert list(left_in(home)) == []
    services = opened(home)
    pictures = {name: content in services.pictures for name, content in sent.items()}
    seen = {name: services.features.get(content, "0123456789abcdef") is not None for name, content in sent.items()}
    assert pictures == seen == {"own": False, "both": True, "bobs": True}
    assert not any(services.log.users(name) != ["bob"] for name in ("prints",))
    again, ann = known(services, "bob"), known(services, "ann")
    services.close()
    assert bob.pop("liked") == dict.fromkeys(FOXES, 2)
    assert again.pop("liked") == dict.fromkeys(FOXES, 1)  # what all liked is counted anew
    assert again.keys() == bob.keys()
    assert all(same_known(bob[name], again[name]) for name in bob)
    assert not any(ann[name] for name in ("events", "versions", "traces", "threads", "names", "pictures"))
    assert list(left_in(home)) == []  # nor after all that reading
    assert not (home / "forgetting").exists() or not list((home / "forgetting").iterdir())


def same_known(before, after) -> bool:
    """Equal; of (key, score) pairs the keys in order and the scores to a millionth."""
    if isinstance(before, list) and before and isinstance(before[0], tuple):
        return same([list(one) for one in before], [list(one) for one in after])
    return before == after


def test_a_process_that_forgot_goes_on_without_them(home):
    services = opened(home)
    before = known(services, "bob")
    assert before["liked"] == dict.fromkeys(FOXES, 2)
    assert forget(services, "ann", now=datetime.now(UTC)).holds
    after = known(services, "bob")
    assert after["liked"] == dict.fromkeys(FOXES, 1)
    assert all(same_known(before[name], after[name]) for name in before if name != "liked")
    services.log.append([event("bob", "i09")])
    services.close()


def test_who_is_forgotten_may_begin_anew(run, home):
    newest = max(one.event_id for one in read(home, "ann")[0]["events"])
    assert run("taste", "forget", "ann", "--yes").code == 0

    async def anew():
        session = open_session(home)
        assert session.taste("ann").version == 0
        result, _ = await talk(session, "ann", "show me an owl")
        await session.aclose()
        return result

    assert asyncio.run(anew()).slate
    [event, *_] = read(home, "ann")[0]["events"]
    assert event.event_id > newest  # an id is never given twice
    assert run("taste", "forget", "ann", "--yes").code == 0


LEFT_OUT = {
    "events": (EventLog, "forget", "palate.sqlite"),
    "traces": (TraceStore, "forget", "palate.sqlite"),
    "preferences": (PreferenceStore, "forget", "chroma.sqlite3"),
    "threads": (Threads, "forget", "threads.sqlite"),
    "names of threads": (ThreadNames, "forget", "palate.sqlite"),
    "pictures": (PictureStore, "discard", "pictures"),
    "what models saw in pictures": (FeatureStore, "discard", "features"),
    "who sent which": (Uploads, "forget", "palate.sqlite"),
    "Chroma's files": (ChromaStore, "rebuild", "chroma.sqlite3"),
}


@pytest.mark.parametrize("store", LEFT_OUT)
def test_an_erasure_left_out_is_found_and_made_up_for(run, home, monkeypatch, store):
    """Each store in turn fails to erase, in silence: the scan sees it, says where, and the same command finishes."""
    kind, method, file = LEFT_OUT[store]
    [bob] = read(home, "bob")
    with monkeypatch.context() as broken:
        broken.setattr(kind, method, lambda *_, **__: None)
        outcome = run("taste", "forget", "ann", "--yes")
    assert outcome.code == 1
    assert file in outcome.err
    assert "run the same again" in outcome.err
    assert run("taste", "show", "--user", "ann").code == 2
    outcome = run("taste", "forget", "ann")  # it was begun, so nobody asks again
    assert outcome.code == 0, outcome.err
    assert list(left_in(home)) == []
    assert same_known(bob["events"], read(home, "bob")[0]["events"])


def test_what_others_hold_is_never_the_users_own(home):
    """What excuses a find must not hold what is sought, or every erasure left out would be excused by itself."""
    services = opened(home)
    of_others = {user: b"\n".join(bytes_of_others(services, user)) for user in ("ann", "bob")}
    services.close()
    vectors = VectorNeedles(HashedEmbedder().embed([f"They insist on calm. {PROSE}"]))
    assert (told_plainly(of_others["ann"]), vectors.found(of_others["ann"])) == (set(), set())
    assert (told_plainly(of_others["bob"]), vectors.found(of_others["bob"])) == (set(CANARIES), {0})


def test_what_has_no_words_to_seek_is_still_asked_of_every_store(run, home, monkeypatch):
    """Somebody imported, of whom there are only likes and a short name."""
    services = opened(home)
    services.log.append([event("cy", item_id, source="import:prints") for item_id in FOXES])
    services.close()
    monkeypatch.setattr(ChromaStore, "rebuild", lambda *_: True)
    with monkeypatch.context() as broken:
        broken.setattr(EventLog, "forget", lambda *_: None)
        outcome = run("taste", "forget", "cy", "--yes")
    assert outcome.code == 1
    assert "the stores themselves: 3 events" in outcome.err
    assert run("taste", "forget", "cy").code == 0


def test_pages_that_sqlite_leaves_as_they_were_are_found_and_written_anew(run, home, monkeypatch):
    """Were `secure_delete` ever off, deleted rows would stay on free pages: only writing the file anew takes them."""

    def careless(connection, _record):
        connection.isolation_level = None
        connection.executescript("PRAGMA journal_mode=WAL; PRAGMA secure_delete=OFF")

    with monkeypatch.context() as broken:
        broken.setattr(memory.database, "_prepare_sqlite", careless)
        broken.setattr("graphs.forgetting.rebuild", lambda engine: None)
        outcome = run("taste", "forget", "ann", "--yes")
        assert outcome.code == 1
        assert "palate.sqlite" in outcome.err
        broken.undo()
        play(broken)
        broken.setattr(memory.database, "_prepare_sqlite", careless)
        assert run("taste", "forget", "ann", "--yes").code == 0
    assert list(left_in(home)) == []


@pytest.mark.parametrize(
    "spelled",
    [
        MESSAGE.encode(),
        MESSAGE.encode("utf-16-le"),
        b"\xfe\xff" + MESSAGE.encode("utf-16-be"),
        json.dumps({"message": MESSAGE}).encode(),
        json.dumps(json.dumps(MESSAGE, ensure_ascii=False)).encode(),
    ],
    ids=["UTF-8", "UTF-16 LE", "UTF-16 BE", "JSON", "JSON in JSON"],
)
def test_a_copy_in_the_home_is_found_named_and_left_to_its_owner(run, home, monkeypatch, spelled):
    monkeypatch.setattr(ChromaStore, "rebuild", lambda *_: True)  # slow, and not what this is about
    monkeypatch.setattr("graphs.forgetting.files_under", lambda *_, **__: [(home / "notes.bin", "notes.bin")])
    (home / "notes.bin").write_bytes(b"\x00my notes " + spelled)
    outcome = run("taste", "forget", "ann", "--yes")
    assert outcome.code == 1
    assert str(home / "notes.bin") in outcome.err
    assert "delete them or move them" in outcome.err
    assert (home / "notes.bin").exists()
    (home / "notes.bin").write_bytes(b"my notes")
    assert run("taste", "forget", "ann", "--yes").code == 0


def test_what_cannot_be_read_is_said_and_proves_nothing(run, home, monkeypatch):
    from memory.file_scan import Search

    really = Search.in_file

    def refused(self, path, name):
        if path.name == "stray":
            raise PermissionError(13, "Permission denied", str(path))
        return really(self, path, name)

    (home / "stray").write_text("?")
    monkeypatch.setattr(Search, "in_file", refused)
    monkeypatch.setattr(ChromaStore, "rebuild", lambda *_: True)
    monkeypatch.setattr(PreferenceStore, "forget", lambda *_: None)
    outcome = run("taste", "forget", "ann", "--yes")
    assert outcome.code == 1
    assert f"not read: {home / 'stray'} (Permission denied)" in outcome.err


# asking first


def test_the_name_must_be_typed(run, home):
    before = read(home, "ann")
    for typed in ("\n", "Ann\n", "y\n", ""):
        outcome = run("taste", "forget", "ann", stdin=typed)
        assert outcome.code == 2
        assert "nothing was erased" in outcome.err
        assert "10 events, 4 versions, 6 turns, 5 conversations and 2 pictures of 'ann'" in outcome.out
    assert read(home, "ann") == before
    outcome = run("taste", "forget", "ann", stdin="ann\n")
    assert outcome.code == 0
    assert "none found" in outcome.out
    assert list(left_in(home)) == []


def test_somebody_unknown_is_refused_also_without_asking(run, home):
    for arguments in (("nobody",), ("nobody", "--yes")):
        outcome = run("taste", "forget", *arguments)
        assert (outcome.code, outcome.out) == (2, "")
        assert "nothing is held of 'nobody'" in outcome.err


def test_a_text_may_be_sought_of_somebody_whose_entries_are_gone(run, home):
    assert run("taste", "forget", "ann", "--yes").code == 0
    (home / "old.log").write_text(f"a line: {CANARIES[1]}")
    outcome = run("taste", "forget", "ann", "--seek", CANARIES[1])
    assert outcome.code == 1
    assert "old.log" in outcome.err
    (home / "old.log").unlink()
    assert run("taste", "forget", "ann").code == 0


# while it is not finished


def test_from_the_first_mark_on_nothing_of_the_user_is_told_and_all_of_the_others(run, home, monkeypatch):
    [trace] = [
        json.loads(line) for line in run("trace", "list", "--json", "--user", "ann", "--limit", "1").out.splitlines()
    ]

    def dies(*_):
        raise StoreFailed("here", "go on", "the disk is gone")

    with monkeypatch.context() as killed:
        killed.setattr(EventLog, "forget", dies)
        assert run("taste", "forget", "ann", "--yes").code == 1
    refused = [
        ("taste", "show"), ("taste", "history"), ("taste", "why"), ("taste", "export"), ("taste", "undo"),
        ("taste", "edit", "subject: x", "--polarity", "like"),
    ]  # fmt: skip
    for arguments in refused:
        outcome = run(*arguments, "--user", "ann")
        assert (outcome.code, outcome.out) == (2, ""), arguments
        assert "'ann' is being forgotten" in outcome.err
        assert "palate taste forget 'ann'" in outcome.err
    assert run("trace", "show", trace["trace_id"]).code == 2
    assert run("trace", "export", trace["trace_id"]).code == 2
    assert "ann" not in run("trace", "list", "--json").out
    assert run("taste", "show", "--user", "bob").code == 0

    async def ask():
        session = open_session(home)
        assert session.taste("ann").version == 0
        assert await session.turns("ann", trace["thread_id"]) == await session.history("ann", trace["thread_id"]) == ()
        before = list((home / "pictures").rglob("*"))
        for call in (
            session.ask("ann", "hello", picture=picture("pink")), session.ask("ann", "hello"),
            session.give_feedback("ann", "i00", "like"),
        ):  # fmt: skip
            with pytest.raises(Exception, match="being forgotten"):
                _ = [one async for one in call]
        with pytest.raises(Exception, match="being forgotten"):
            await session.rank("ann", [], ["i00"])
        assert list((home / "pictures").rglob("*")) == before
        assert (await talk(session, "bob", "show me a fox"))[0].slate
        await session.aclose()

    asyncio.run(ask())
    assert run("taste", "forget", "ann").code == 0
    assert list(left_in(home)) == []


def test_a_mark_is_of_one_user_and_survives_any_text(tmp_path):
    import numpy as np

    from memory.file_scan import Sought
    from memory.marks import Mark

    marks = Marks(tmp_path / "forgetting")
    assert marks.of("ann") is None
    vector = np.arange(5, dtype=np.float32)
    mark = Mark("ann/\ud800\x00", datetime.now(UTC), Sought(("Möwe\ud800", "\x00"), (vector,), frozenset({"ab"})))
    marks.put(mark)
    found = marks.of(mark.user_id)
    assert (found.user_id, found.began_at, found.sought.texts) == (mark.user_id, mark.began_at, mark.sought.texts)
    assert (found.sought.vectors[0] == vector).all()
    assert "ann" not in marks
    assert (tmp_path / "forgetting").stat().st_mode
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "forgetting").iterdir())
    marks.drop("ann")
    assert mark.user_id in marks
    marks.drop(mark.user_id)
    marks.drop(mark.user_id)
    assert mark.user_id not in marks
