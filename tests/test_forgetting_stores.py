"""Forgetting where it is hard: killed at every step, on a PostgreSQL and a Chroma server, and after real turns."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from agents.hand_edits import SetFact
from graphs.services import Services
from graphs.session import Session
from graphs.setup import store_catalogue
from graphs.taste import Taste
from memory.embedding import load_embedder
from profiles.settings import load_profile
from tests import test_cli, test_forgetting
from tests.chroma_server import chroma_server
from tests.forgetting_world import CANARIES, FOXES, MESSAGE, left_in, picture, play, populate, told_plainly
from tests.test_forgetting import read, same_known
from tests.world import ITEMS, SCHEMA, talk

ROOT = Path(__file__).resolve().parent.parent
palate_home, run = test_cli.palate_home, test_cli.run
made, home = test_forgetting.made, test_forgetting.home

# kill -9


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_at_every_step_in_turn_the_same_command_finishes(run, home):
    """One home, killed again and again, each time a step later: what is gone stays gone, and none is told of it."""
    [bob] = read(home, "bob")
    command = [sys.executable, "-m", "tests.killed_forgetting", str(home)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["steps"] > 10
    (home / "notes.txt").write_text(f"copied: {CANARIES[1]}")
    outcome = run("taste", "forget", "ann")
    assert outcome.code == 1  # no store could tell any more what to seek: it was kept with the mark
    assert "notes.txt" in outcome.err
    (home / "notes.txt").unlink()
    outcome = run("taste", "forget", "ann")
    assert outcome.code == 0, outcome.err
    assert "none found" in outcome.out
    assert list(left_in(home)) == []
    [again] = read(home, "bob")
    assert all(same_known(bob[name], again[name]) for name in bob if name != "liked")


# elsewhere than in the home


def test_a_postgres_server_is_emptied_and_its_pages_are_said_to_be_out_of_reach(
    run, palate_home, monkeypatch, postgres_url
):
    asyncio.run(populate(palate_home, **{"stores.database": postgres_url}))
    monkeypatch.setenv("PALATE_CATALOGUE", "prints")
    monkeypatch.setenv("PALATE_STORES__DATABASE", postgres_url)
    play(monkeypatch)
    overrides = {"stores.database": postgres_url}
    [bob] = read(palate_home, "bob", **overrides)
    outcome = run("taste", "forget", "ann", "--yes", "--json")
    assert outcome.code == 0, outcome.err
    [proof] = outcome.lines
    assert proof["erased"] == {"events": 10, "versions": 4, "turns": 6, "threads": 5, "pictures": 2}
    [beyond] = proof["beyond"]
    assert "can only be read where it runs" in beyond
    assert "VACUUM FULL interactions, thread_branches, thread_names, traces, uploads" in beyond
    assert not any(path.name.startswith("palate.sqlite") for path in palate_home.rglob("*"))
    import psycopg

    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute("VACUUM FULL interactions, thread_branches, thread_names, traces, uploads")  # as it says
        for table in ("interactions", "thread_names", "traces", "uploads"):
            assert server.execute(f"SELECT count(*) FROM {table} WHERE user_id = 'ann'").fetchone() == (0,)
            assert server.execute(f"SELECT count(*) FROM {table}").fetchone() != (0,)
    again, ann = read(palate_home, "bob", "ann", **overrides)
    assert all(same_known(bob[name], again[name]) for name in bob if name != "liked")
    assert not any(ann[name] for name in ("events", "versions", "traces", "threads", "names", "pictures"))
    assert list(left_in(palate_home)) == []


@pytest.mark.slow
def test_what_a_chroma_server_keeps_is_told_and_its_files_can_be_put_right_afterwards(run, home, tmp_path):
    """Elsewhere, so that no scan reaches it; once it is stopped, the remedy that was told proves the rest."""
    elsewhere = tmp_path / "elsewhere"
    shutil.move(home / "chroma", elsewhere)
    with chroma_server(elsewhere) as url:
        [bob] = read(home, "bob", **{"stores.chroma": url})
        outcome = run("taste", "forget", "ann", "--yes", "--set", f"stores.chroma={url}")
        assert outcome.code == 0, outcome.err
        assert f"the Chroma server {url}" in outcome.out
        assert "--seek 'WORDS OF THEIRS' --set stores.chroma=ITS_DIRECTORY" in outcome.out
        again, ann = read(home, "bob", "ann", **{"stores.chroma": url})
        assert same_known(bob["versions"], again["versions"])
        assert not ann["versions"]
    assert list(left_in(home)) == []
    assert list(left_in(elsewhere))
    outcome = run("taste", "forget", "ann", "--seek", CANARIES[2], "--set", f"stores.chroma={elsewhere}")
    assert outcome.code == 0, outcome.err
    assert "Not read" not in outcome.out
    assert list(left_in(tmp_path)) == []


# the real thing


@pytest.mark.model
@pytest.mark.slow
def test_after_turns_of_the_embedded_model_nothing_is_left(run, palate_home, monkeypatch):
    """The packaged embedder and the demo checkpoint: two people talk, one sends a picture, one is forgotten."""
    monkeypatch.setenv("PALATE_CATALOGUE", "prints")
    loaded = load_profile("demo", {"stores.home": str(palate_home), "catalogue": "prints"}, {})
    services = Services.open(loaded.profile)
    store_catalogue(services, "prints", SCHEMA, ITEMS, [])

    async def converse():
        session = Session(services, "prints")
        await talk(session, "ann", f"{MESSAGE} with a fox", picture=picture("red"))
        for item_id in FOXES:
            _ = [one async for one in session.give_feedback("ann", item_id, "like")]
        await talk(session, "bob", "I would like a quiet whale under 90 euros")
        for item_id in ("i02", "i06", "i10"):
            _ = [one async for one in session.give_feedback("bob", item_id, "like")]
        Taste.of(services, "ann", "prints").edit(
            SetFact(polarity="like", aspect="mood", value="calm", reason=CANARIES[3])
        )
        assert session.taste("ann").prose
        assert session.taste("bob").prose
        await session.aclose()

    asyncio.run(converse())
    [ann, bob] = read(palate_home, "ann", "bob")
    assert ann["versions"]
    assert bob["versions"]
    embedder = load_embedder(loaded.profile.embedder)
    own = [vector.tobytes() for vector in embedder.embed([one.prose for one in ann["versions"]])]
    texts = {MESSAGE, CANARIES[3], *(one.prose for one in ann["versions"]), *(t.trace_id for t in ann["traces"])}
    files = [path for path in palate_home.rglob("*") if path.is_file()]
    assert any(vector[:64] in path.read_bytes() for vector in own for path in files)  # there to be found
    outcome = run("taste", "forget", "ann", "--yes")
    assert outcome.code == 0, outcome.err
    for path in (path for path in palate_home.rglob("*") if path.is_file()):
        data = path.read_bytes()
        assert not told_plainly(data), path
        assert not [text for text in texts if text.encode() in data or json.dumps(text)[1:-1].encode() in data], path
        assert not [vector for vector in own if vector[:64] in data or vector[-64:] in data], path
    [again] = read(palate_home, "bob")
    assert all(same_known(bob[name], again[name]) for name in bob if name != "liked")
