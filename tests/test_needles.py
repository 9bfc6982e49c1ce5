"""What is sought is found: in any spelling, cut at any place, scaled anew, and nothing is found that is not there."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory import file_scan
from memory.file_scan import Needle, Search, Sought, files_under
from memory.needles import SHORTEST, TextNeedles, VectorNeedles, pieces, spellings

TEXTS = st.text(min_size=SHORTEST, max_size=80)
NOISE = st.binary(max_size=40)


@given(TEXTS, NOISE, NOISE, st.sampled_from(["utf-8", "utf-16-le", "utf-16-be"]), st.integers(0, 3), st.booleans())
def test_a_text_is_found_in_every_spelling_wherever_it_begins(text, before, after, code, escaped, plain):
    told = text
    for _ in range(escaped):
        told = json.dumps(told, ensure_ascii=plain)[1:-1]
    found = TextNeedles([text]).found(before + told.encode(code, "surrogatepass") + after)
    assert found == set(pieces(text))


@given(st.text(st.characters(codec="ascii", min_codepoint=33), min_size=32, max_size=90), st.data())
def test_a_long_text_is_found_though_it_is_cut_in_two(text, data):
    """As between two pages of a database: neither part is whole, and they lie apart."""
    cut = data.draw(st.integers(1, len(text) - 1))
    assert TextNeedles([text]).found(text[cut:].encode() + bytes(50) + text[:cut].encode())


@given(st.lists(TEXTS, max_size=6), st.text(max_size=200))
def test_nothing_is_found_that_does_not_stand_there(texts, other):
    data = other.encode("utf-8", "surrogatepass")
    for piece in TextNeedles(texts).found(data):
        assert any(spelling in data for spelling in spellings(piece))


def test_what_is_too_short_to_tell_is_not_sought():
    needles = TextNeedles(["fox", "0123456", "a fox in the snow"])
    assert needles.count == 1
    assert needles.found(b"fox 0123456") == set()


def vectors(count, dims=384, seed=7):
    rows = np.random.default_rng(seed).standard_normal((count, dims)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.mark.parametrize("dims", [64, 100, 384, 1536])
@pytest.mark.parametrize("shift", range(5))
def test_a_vector_is_found_at_any_byte_and_scaled_anew(dims, shift):
    own, others = vectors(5, dims), vectors(300, dims, seed=8)
    needles = VectorNeedles(list(own))
    anew = (own[3] * np.float32(1 + 1.2e-7)).astype(np.float32)
    assert needles.found(bytes(shift) + others.tobytes()) == set()
    assert needles.found(others.tobytes() + bytes(shift) + anew.tobytes() + others.tobytes()) == {3}


@given(st.integers(1, 383))
def test_a_vector_is_found_though_it_is_cut_in_two(cut):
    own = vectors(1)[0]
    data = own[cut:].tobytes() + b"another page" + own[:cut].tobytes()
    assert VectorNeedles([own]).found(data) == {0}


def test_a_vector_of_few_components_is_sought_whole_and_one_of_none_is_not():
    few = np.zeros(64, dtype=np.float32)
    few[[3, 40]] = 0.6, 0.8
    needles = VectorNeedles([few, np.zeros(64, dtype=np.float32)])
    assert needles.found(bytes(4000)) == set()
    assert needles.found(bytes(30) + few.tobytes() + bytes(30)) == {0}
    assert needles.found(few[:40].tobytes()) == set()


def test_a_file_is_read_whole_also_where_a_text_or_a_vector_lies_across_two_blocks(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(file_scan, "_BLOCK", 500)
    own = vectors(1, 64)[0]
    search = Search(Sought(("a canary in a mine",), (own,)))
    for place in range(440, 520, 7):
        (tmp_path / "text").write_bytes(bytes(place) + b"a canary in a mine" + bytes(600))
        (tmp_path / "vector").write_bytes(bytes(place) + own.tobytes() + bytes(600))
        assert search.in_file(tmp_path / "text", "text") == {Needle("text", "a canary in a mine")}, place
        assert search.in_file(tmp_path / "vector", "vector") == {Needle("vector", "0")}, place


def test_a_file_counts_by_its_name_and_as_a_whole(tmp_path: Path):
    import hashlib

    (tmp_path / "copy.bin").write_bytes(b"a picture")
    content = hashlib.sha256(b"a picture").hexdigest()
    search = Search(Sought(("canary-in-a-name",), (), frozenset({content})))
    assert search.in_file(tmp_path / "copy.bin", "copy.bin") == {Needle("picture", content)}
    (tmp_path / "copy.bin").write_bytes(b"a picture.")
    assert search.in_file(tmp_path / "copy.bin", "canary-in-a-name.bin") == {Needle("text", "canary-in-a-name")}


def test_every_regular_file_is_read_once_links_included_and_pipes_never(tmp_path: Path):
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    (home / "deep" / "er").mkdir(parents=True)
    elsewhere.mkdir()
    for path in (home / "a", home / "deep" / "er" / ".b", elsewhere / "c", home / "own" / "list"):
        path.parent.mkdir(exist_ok=True)
        path.write_text("")
    os.symlink(elsewhere, home / "linked")
    os.symlink(home, home / "deep" / "round")
    os.symlink(home / "gone", home / "dangling")
    os.mkfifo(home / "pipe")
    found = files_under([home, home / "a", elsewhere / "c", home / "missing"], leave_out=[home / "own"])
    assert sorted(name for _, name in found) == ["a", "deep/er/.b", "linked/c"]
