"""The embedded store in each way it searches: in memory, by Chroma's index, and by it as among many entries."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from memory.chroma_store import ChromaStore
from memory.embedding import index_for
from memory.vectors import EXACT_LIMIT
from tests.word_embedder import WordEmbedder


@pytest.fixture
def embedder() -> WordEmbedder:
    return WordEmbedder()


@pytest.fixture(params=["exact", "index", "many"])
def store(
    request: pytest.FixtureRequest, tmp_path: Path, embedder: WordEmbedder, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ChromaStore]:
    config, limit = index_for(embedder), EXACT_LIMIT if request.param == "exact" else 0
    if request.param == "many":
        monkeypatch.setattr("memory.nearness._SMALL", -1)
    with ChromaStore.from_conn_string(str(tmp_path / "chroma"), index=config, exact_limit=limit) as opened:
        yield opened
