"""Several processes on one Chroma server: a version of a taste is saved once, and nothing that was saved is lost."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from memory.chroma_store import ChromaStore
from memory.embedding import index_for
from memory.errors import StaleVersion
from memory.labels import label_of
from memory.preference_store import PreferenceStore
from memory.preferences import Preference
from tests.chroma_server import chroma_server
from tests.word_embedder import WordEmbedder

ROOT = Path(__file__).resolve().parent.parent
PROCESSES, SAVES = 8, 6

WRITER = """
import sys
from memory.chroma_store import ChromaStore
from memory.embedding import index_for
from memory.errors import StaleVersion
from memory.preference_store import PreferenceStore
from tests.word_embedder import WordEmbedder

url, name, saves = sys.argv[1], sys.argv[2], int(sys.argv[3])
with ChromaStore.from_conn_string(url, index=index_for(WordEmbedder())) as store:
    preferences, stale = PreferenceStore(store), 0
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(saves):
        while True:
            now = preferences.current("ann", "prints")
            following = now.model_copy(update={"version": now.version + 1, "prose": f"{now.prose} {name}{number}"})
            try:
                preferences.save(following, "prints")
                break
            except StaleVersion:
                stale += 1
    print(stale)
"""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with chroma_server(tmp_path_factory.mktemp("server")) as url:
        yield url


@pytest.mark.slow
def test_eight_processes_that_rewrite_one_taste_lose_nothing(url):
    command = [sys.executable, "-c", WRITER, url]
    writers = [
        subprocess.Popen(
            [*command, f"p{number}-", str(SAVES)],
            cwd=ROOT,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for number in range(PROCESSES)
    ]
    for writer in writers:
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.flush()
    stale = [int(writer.communicate()[0]) for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * PROCESSES
    assert sum(stale) > 0  # they met
    with ChromaStore.from_conn_string(url, index=index_for(WordEmbedder())) as store:
        preferences = PreferenceStore(store)
        now, versions = preferences.current("ann", "prints"), preferences.versions("ann", "prints")
    assert now.version == PROCESSES * SAVES
    assert sorted(now.prose.split()) == sorted(f"p{p}-{n}" for p in range(PROCESSES) for n in range(SAVES))
    assert [one.version for one in versions] == list(range(now.version, 0, -1))
    for later, earlier in itertools.pairwise(versions):
        assert later.prose.startswith(earlier.prose)  # each rewrote what was there, none a taste that had moved on


def test_of_two_clients_that_save_the_same_version_one_is_told_that_it_is_stale(url):
    with ChromaStore.from_conn_string(url) as one, ChromaStore.from_conn_string(url) as other:
        first, second = PreferenceStore(one), PreferenceStore(other)
        first.save(Preference(user_id="bob", version=1, prose="foxes"), "prints")
        with pytest.raises(StaleVersion):
            second.save(Preference(user_id="bob", version=1, prose="owls"), "prints")
        assert second.current("bob", "prints").prose == "foxes"


def test_a_version_whose_writer_was_killed_before_it_was_current_is_current(url):
    place = ("taste-versions", label_of("prints"), label_of("eve"))
    with ChromaStore.from_conn_string(url) as store:
        preferences = PreferenceStore(store)
        preferences.save(Preference(user_id="eve", version=1, prose="foxes"), "prints")
        killed = Preference(user_id="eve", version=2, prose="owls")
        value = {"preference": killed.model_dump(mode="json"), "prose": killed.prose}
        assert store.put_new(place, "00000002", value)
        assert preferences.current("eve", "prints").prose == "owls"
        preferences.save(Preference(user_id="eve", version=3, prose="whales"), "prints")
        assert preferences.current("eve", "prints").version == 3
        assert len(preferences.versions("eve", "prints")) == 3


def test_a_new_entry_is_put_once_on_a_server_and_in_a_directory(url, tmp_path):
    for place in (url, str(tmp_path)):
        with ChromaStore.from_conn_string(place) as store:
            assert store.put_new(("n",), "k", {"n": 1})
            assert not store.put_new(("n",), "k", {"n": 2})
            assert store.get(("n",), "k").value == {"n": 1}
            store.delete(("n",), "k")
            assert store.put_new(("n",), "k", {"n": 3})
            assert store.get(("n",), "k").value == {"n": 3}
