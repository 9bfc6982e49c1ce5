"""An export restores a user elsewhere: what is exported there is what was exported here, and nobody else is touched."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.state import Citation, FunnelStep, Message, Reaction, SlateItem, TurnState
from catalog.filters import Filter
from graphs.setup import store_catalogue
from graphs.taste_export import export_user, plain_state
from graphs.taste_import import _state
from memory.database import open_engine
from memory.event_log import EventLog
from memory.event_restore import restore_events
from memory.interactions import Interaction
from tests import test_cli, test_forgetting
from tests.forgetting_world import FOXES, known
from tests.test_forgetting import opened, read
from tests.world import ITEMS, SCHEMA, event, open_session, talk

palate_home, run = test_cli.palate_home, test_cli.run
made, home = test_forgetting.made, test_forgetting.home
HELD = {"events": 10, "versions": 4, "turns": 6, "threads": 5, "pictures": 2}


@pytest.fixture
def exported(run, home, tmp_path) -> dict:
    """Ann's export, at `tmp_path / "ann.json"`."""
    assert run("taste", "export", "--user", "ann", "--to", str(tmp_path / "ann.json")).code == 0
    return json.loads((tmp_path / "ann.json").read_text(encoding="utf-8"))


def without_the_hour(export: dict, *more: str) -> dict:
    plain = {**export, "exported_at": ""}
    return plain | {"catalogues": [{k: v for k, v in part.items() if k not in more} for part in plain["catalogues"]]}


def test_an_export_holds_all_of_the_user_and_nothing_of_anybody_else(exported, home, made):
    services = opened(home)
    ann, bob = known(services, "ann"), known(services, "bob")
    services.close()
    assert list(exported) == [
        "format", "exported_at", "user_id", "catalogues", "turns", "threads", "uploads", "traces",
    ]  # fmt: skip
    [prints] = exported["catalogues"]
    assert len(prints["interactions"]) == HELD["events"]
    assert len(prints["versions"]) == HELD["versions"]
    assert len(exported["turns"]) == len(exported["traces"]) == HELD["turns"]
    assert {one["thread_id"] for one in exported["threads"]} == set(ann["threads"])
    assert [one["picture"] for one in exported["uploads"]] == list(ann["pictures"])
    assert {one["media_type"] for one in exported["uploads"]} == {"image/png"}
    text = json.dumps(exported)
    assert made[1]["bobs"] not in text
    assert not any(trace.trace_id in text for trace in bob["traces"])
    assert not any(thread in text for thread in bob["threads"])
    assert '"bob"' not in text


def test_what_is_restored_in_an_empty_home_exports_the_same(run, exported, tmp_path, monkeypatch):
    monkeypatch.setenv("PALATE_HOME", str(tmp_path / "new"))
    outcome = run("taste", "import", str(tmp_path / "ann.json"))
    assert outcome.code == 0, outcome.err
    assert "10 events, 4 versions, 6 turns, 5 conversations and 2 pictures" in outcome.out
    assert "palate import PATH --name prints" in outcome.out
    again = json.loads(run("taste", "export", "--user", "ann", "--json").out)
    assert without_the_hour(again, "titles") == without_the_hour(exported, "titles")  # titles are the catalogue's
    services = opened(tmp_path / "new")
    store_catalogue(services, "prints", SCHEMA, ITEMS, [])
    services.close()
    again = json.loads(run("taste", "export", "--user", "ann", "--json").out)
    assert without_the_hour(again) == without_the_hour(exported)


def test_who_was_forgotten_comes_back_from_their_export_and_talks_on(run, home, exported, tmp_path):
    before, bob = read(home, "ann", "bob")
    assert run("taste", "forget", "ann", "--yes").code == 0
    assert run("taste", "import", str(tmp_path / "ann.json"), "--json").lines == [{"user_id": "ann", "restored": HELD}]
    after, other = read(home, "ann", "bob")
    for name in ("traces", "threads", "names", "pictures", "liked"):
        assert after[name] == before[name], name
    assert other["events"] == bob["events"]
    assert other["versions"] == bob["versions"]
    # its ids were given before, so it has new ones, and its versions name those
    numbers = {old.event_id: new.event_id for old, new in zip(before["events"], after["events"], strict=True)}
    assert min(numbers.values()) > max(numbers)
    for old, new in zip(before["versions"], after["versions"], strict=True):
        assert new.watermark == max((numbers[one] for one in numbers if one <= old.watermark), default=0)
        assert [fact.evidence for fact in new.facts] == [tuple(map(numbers.get, fact.evidence)) for fact in old.facts]

    async def go_on():
        session = open_session(home)
        [thread, *_] = [thread for thread, turns in after["threads"].items() if len(turns) == 2]
        assert len(await session.turns("ann", thread)) == 2
        assert len(await session.history("ann", thread)) == 4
        result, _ = await talk(session, "ann", "show me an owl", thread_id=thread)
        assert len(await session.history("ann", thread)) == 6
        await session.aclose()
        return result

    assert not asyncio.run(go_on()).error


def test_an_export_is_restored_into_a_postgres_record_as_well(run, exported, tmp_path, monkeypatch, postgres_url):
    monkeypatch.setenv("PALATE_HOME", str(tmp_path / "new"))
    monkeypatch.setenv("PALATE_STORES__DATABASE", postgres_url)
    assert run("taste", "import", str(tmp_path / "ann.json")).code == 0
    again = json.loads(run("taste", "export", "--user", "ann", "--json").out)
    assert without_the_hour(again, "titles") == without_the_hour(exported, "titles")


def test_of_one_catalogue_only_what_belongs_to_it_is_exported(run, home, exported):
    services = opened(home)
    services.log.append([event("ann", "x1", source="import:other").model_copy(update={"catalogue": "other"})])
    own = export_user(services, "ann", now=datetime.now(UTC), catalogue="prints")
    other = export_user(services, "ann", now=datetime.now(UTC), catalogue="other")
    services.close()
    assert without_the_hour(own) == without_the_hour(exported)
    assert [part["catalogue"] for part in other["catalogues"]] == ["other"]
    assert not any(other[name] for name in ("turns", "threads", "uploads", "traces"))


# what is refused


def test_nothing_is_restored_over_somebody_who_is_there(run, home, exported, tmp_path):
    before = read(home, "ann")
    outcome = run("taste", "import", str(tmp_path / "ann.json"))
    assert outcome.code == 2
    assert "something is held of 'ann' here already" in outcome.err
    assert read(home, "ann") == before


DAMAGES = {
    "no JSON": (lambda export: None, "is not JSON"),
    "a list": (lambda export: [export], "no object"),
    "another format": (lambda export: export | {"format": "palate-user/1"}, "palate-user/1"),
    "no traces": (lambda export: {key: one for key, one in export.items() if key != "traces"}, "'traces'"),
    "an event of no kind": (
        lambda export: _with(export, ("catalogues", 0, "interactions", 0, "kind"), "adore"), "kind",
    ),
    "a time without a zone": (
        lambda export: _with(export, ("catalogues", 0, "interactions", 0, "at"), "2026-01-01T00:00:00"), "no zone",
    ),
    "a version twice": (lambda export: _with(export, ("catalogues", 0, "versions", 1, "version"), 1), "numbered"),
    "a turn of somebody else": (
        lambda export: _with(export, ("traces", 0, "events", 0, "user_id"), "bob"), "somebody else's",
    ),
    "a changed picture": (lambda export: _with(export, ("uploads", 0, "picture"), "0" * 64), "was changed"),
    "a picture that is none": (lambda export: _with(export, ("uploads", 0, "base64"), "aGVsbG8="), "cannot be taken"),
    "a picture in no base64": (lambda export: _with(export, ("uploads", 0, "base64"), "?!"), "base64"),
}  # fmt: skip


def _with(export: dict, path: tuple, value: object) -> dict:
    changed = json.loads(json.dumps(export))
    part = changed
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    return changed


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_export_is_refused_in_a_sentence_and_nothing_is_kept(run, exported, tmp_path, monkeypatch, damage):
    change, told = DAMAGES[damage]
    changed = change(exported)
    (tmp_path / "bad.json").write_text("{" if changed is None else json.dumps(changed))
    monkeypatch.setenv("PALATE_HOME", str(tmp_path / "new"))
    outcome = run("taste", "import", str(tmp_path / "bad.json"))
    assert (outcome.code, outcome.out) == (2, "")
    assert told in outcome.err
    assert "Traceback" not in outcome.err
    ann = read(tmp_path / "new", "ann")[0] if (tmp_path / "new").exists() else {}
    assert not any(ann.get(name) for name in ("events", "versions", "traces", "threads", "names", "pictures"))


def test_turns_recorded_under_somebody_elses_name_are_not_replaced(run, home, exported, tmp_path):
    before = read(home, "bob")[0]["traces"]
    assert run("taste", "forget", "ann", "--yes").code == 0
    stolen = _with(exported, ("traces", 0, "events", 0, "trace_id"), before[0].trace_id)
    (tmp_path / "bad.json").write_text(json.dumps(stolen))
    outcome = run("taste", "import", str(tmp_path / "bad.json"))
    assert outcome.code == 2
    assert "recorded here already" in outcome.err
    assert read(home, "bob")[0]["traces"] == before


# the parts


def events_of(log: EventLog, user: str) -> list[Interaction]:
    return log.of_user(user, "prints", edits=True)


def test_events_keep_their_ids_where_these_are_free_and_their_order_anywhere(database_url):
    engine = open_engine(database_url)
    log = EventLog(engine)
    given = [
        event("ann", item_id, key=f"k{item_id}", event_id=number)
        for item_id, number in zip(FOXES, (3, 7, 8), strict=True)
    ]
    assert restore_events(engine, given[::-1]) == {3: 3, 7: 7, 8: 8}
    assert events_of(log, "ann") == given
    [later] = log.append([event("bob", "i01")])
    assert later.event_id > 8
    log.forget("ann")
    log.forget("bob")
    again = restore_events(engine, given)
    assert list(again) == [3, 7, 8]
    assert sorted(again.values()) == list(again.values())
    assert min(again.values()) > later.event_id  # an erased event's id is never given again
    assert restore_events(engine, []) == {}


WORDS = st.text(max_size=8)
VALUES = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False), WORDS, st.dates(),
    st.lists(WORDS, min_size=1, max_size=3).map(tuple), st.tuples(st.floats(-9, 9), st.floats(-9, 9)),
)  # fmt: skip
STATES = st.builds(
    TurnState,
    turn_id=WORDS, message=WORDS, upload=WORDS, reply=WORDS, fresh_only=st.booleans(),
    wishes=st.lists(WORDS).map(tuple),
    reactions=st.lists(st.builds(Reaction, WORDS, st.sampled_from(["like", "dislike"]))).map(tuple),
    history=st.lists(st.builds(Message, st.sampled_from(["user", "assistant"]), WORDS)).map(tuple),
    filters=st.lists(st.builds(Filter, attribute=WORDS, op=st.just("is"), value=VALUES, said=WORDS)).map(tuple),
    funnel=st.lists(st.builds(FunnelStep, WORDS, st.integers(0, 99), WORDS)).map(tuple),
    slate=st.lists(
        st.builds(
            SlateItem, WORDS, WORDS, st.none() | st.floats(0, 1), WORDS, WORDS,
            st.lists(st.builds(Citation, st.just("fact"), WORDS, WORDS)).map(tuple),
        )
    ).map(tuple),
)  # fmt: skip


@given(STATES)
def test_a_turn_survives_being_written_as_json(state):
    assert _state(json.loads(json.dumps(plain_state(state))), "") == state


def test_a_date_stays_a_date_and_what_looks_like_one_a_text():
    filters = (
        Filter(attribute="day", op="at_least", value=date(2020, 2, 29)),
        Filter(attribute="day", op="is", value="2020-02-29"),
    )
    [day, text] = _state(json.loads(json.dumps(plain_state(TurnState(filters=filters)))), "ann").filters
    assert (day.value, text.value) == (date(2020, 2, 29), "2020-02-29")
