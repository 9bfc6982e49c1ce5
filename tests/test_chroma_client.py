"""Chroma's own client of a directory: closed is closed, and a lock that passes is waited for."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from memory import chroma_client
from memory.chroma_client import close_client, open_client, patiently
from memory.chroma_rows import Rows
from memory.errors import StoreFailed

LOCKED = "error returned from database: (code: 5) database is locked"


class Stubborn:
    """Says that it is locked so many times before it answers."""

    def __init__(self, times: int, error: str = LOCKED) -> None:
        self.times, self.error, self.asked = times, error, 0

    def __call__(self, **_: object) -> str:
        self.asked += 1
        if self.asked <= self.times:
            raise RuntimeError(self.error)
        return "answer"


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="only Linux tells which files are open")
def test_when_a_client_is_closed_none_of_its_files_is_in_use(tmp_path):
    rows = np.ones((300, 8), np.float32)
    for _ in range(12):
        client = open_client(tmp_path)
        collection = client.get_or_create_collection("some-rows", embedding_function=None)
        collection.upsert(ids=[str(n) for n in range(300)], embeddings=rows)  # and its log is purged behind our back
        close_client(client, tmp_path)
        targets = [os.readlink(one.path) for one in os.scandir("/proc/self/fd") if os.path.lexists(one.path)]
        assert not [target for target in targets if target.startswith(str(tmp_path))]
    close_client(client, tmp_path)  # twice is no error


def test_files_that_stay_in_use_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(chroma_client, "PATIENCE_S", 0.02)
    client = open_client(tmp_path)
    with (tmp_path / "held").open("w"), pytest.raises(TimeoutError, match="still has held open"):
        close_client(client, tmp_path)


def test_a_locked_database_is_asked_again():
    assert patiently(asked := Stubborn(3)) == "answer"
    assert asked.asked == 4


def test_any_other_error_comes_at_once():
    with pytest.raises(RuntimeError, match="disk"):
        patiently(asked := Stubborn(1, "disk I/O error"))
    assert asked.asked == 1


def test_patience_ends(monkeypatch):
    monkeypatch.setattr(chroma_client, "PATIENCE_S", 0.02)
    with pytest.raises(RuntimeError, match="locked"):
        patiently(Stubborn(10_000))


def test_a_row_is_written_though_the_database_was_locked():
    class Collection:
        upsert = count = Stubborn(2)

    rows = Rows(Collection, "there", 10)
    rows.upsert(["a"], np.ones((1, 2), np.float32), [{"n": 1}])
    assert Collection.upsert.asked == 3
    Collection.count = Stubborn(1, "disk I/O error")
    with pytest.raises(StoreFailed, match="disk I/O"):
        rows.count()
