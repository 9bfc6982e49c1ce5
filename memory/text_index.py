"""Which texts of an entry are embedded, and by what."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from langchain_core.embeddings import Embeddings
from langgraph.store.base import IndexConfig, get_text_at_path, tokenize_path
from langgraph.store.base.embed import EmbeddingsLambda, ensure_embeddings

from memory.errors import EmbedderFailed
from memory.records import Record
from memory.vectors import Vectors


class TextIndex:
    """A store's index configuration, checked.

    name: what the embedder calls itself (`name` or `model`), empty when it has no name. asynchronous: it can only be
    awaited.
    """

    def __init__(self, config: IndexConfig) -> None:
        if "dims" not in config or "embed" not in config:
            raise ValueError("an index needs `dims` and `embed`")
        embed = config["embed"]
        self.dims = int(config["dims"])
        self.name = str(getattr(embed, "name", None) or getattr(embed, "model", None) or "")
        self._embeddings: Embeddings = ensure_embeddings(embed)
        self._plain = isinstance(self._embeddings, EmbeddingsLambda)
        self.asynchronous = self._plain and getattr(self._embeddings, "func", None) is None
        self._fields = config.get("fields") or ["$"]

    def texts_of(self, value: Mapping[str, Any], index: Literal[False] | list[str] | None) -> list[str]:
        """The texts to embed for an entry, blank ones left out; several for a path with `[*]`."""
        if index is False:
            return []
        paths = self._fields if index is None else index
        texts = [
            text for path in paths for text in get_text_at_path(value, path if path == "$" else tokenize_path(path))
        ]
        return [text for text in texts if text.strip()]

    def texts_of_record(self, record: Record) -> list[str]:
        """The texts of an entry that was kept, as its put asked for."""
        wanted = list(record.index) if isinstance(record.index, tuple) else record.index
        return self.texts_of(json.loads(record.value), wanted)

    def vectors_of_records(self, records: Sequence[Record]) -> list[Vectors]:
        """The vectors of entries that were kept, (n, d) each, made anew; each text is embedded once."""
        texts = [self.texts_of_record(record) for record in records]
        flat = list(dict.fromkeys(text for own in texts for text in own))
        rows = dict(zip(flat, self.embed(flat, []), strict=True)) if flat else {}
        nothing = np.zeros((0, self.dims), np.float32)
        return [np.stack([rows[text] for text in own]) if own else nothing for own in texts]

    def embed(self, texts: Sequence[str], queries: Sequence[str]) -> Vectors:
        """The vectors of the texts, then of the queries, one row each; one call of a plain embedding function.

        Raises EmbedderFailed when the answer has another shape or is not finite.
        """
        if self.asynchronous:
            raise EmbedderFailed(self.name, "it can only be awaited", "use `abatch`, `aput` and `asearch`")
        if self._plain:
            return self._checked(self._embeddings.embed_documents([*texts, *queries]), len(texts) + len(queries))
        rows = self._embeddings.embed_documents(list(texts)) if texts else []
        return self._checked(
            [*rows, *(self._embeddings.embed_query(query) for query in queries)], len(texts) + len(queries)
        )

    async def aembed(self, texts: Sequence[str], queries: Sequence[str]) -> Vectors:
        """As `embed`, for an embedder that is awaited."""
        if not self.asynchronous:
            return await asyncio.to_thread(self.embed, texts, queries)
        return self._checked(await self._embeddings.aembed_documents([*texts, *queries]), len(texts) + len(queries))

    def _checked(self, answer: Any, count: int) -> Vectors:
        vectors = np.asarray(answer, dtype=np.float32)
        if vectors.shape != (count, self.dims):
            detail = f"{count} texts gave an array of shape {vectors.shape} instead of {(count, self.dims)}"
            raise EmbedderFailed(self.name, detail, "set `dims` to the width of its vectors")
        if not np.isfinite(vectors).all():
            raise EmbedderFailed(self.name, "a vector holds NaN or infinity", "choose another embedder")
        return vectors
