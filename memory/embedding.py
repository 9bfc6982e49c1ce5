"""Which model turns texts into vectors, and how to load it. Importing this loads no library that computes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from langgraph.store.base import IndexConfig

    from memory.vectors import Vectors

PACKAGED_MODEL = "all-MiniLM-L6-v2"


class EmbedderSpec(BaseModel):
    """Which embedder, by setting.

    model: a sentence-transformers name or folder, or a LiteLLM name such as "openai/text-embedding-3-small"; the
    packaged backend has one. dims: width of the vectors; a hosted model is asked for it where it is not said.
    api_key_env: the name of the environment variable that holds the key.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    backend: Literal["packaged", "sentence-transformers", "litellm"] = "packaged"
    model: str = PACKAGED_MODEL
    dims: int | None = None
    api_base: str | None = None
    api_key_env: str | None = None
    timeout_s: float = 60


class Embedder(Protocol):
    """Turns texts into vectors that lie close together when the texts mean the same."""

    @property
    def name(self) -> str:
        """Which model; vectors of different names cannot be compared."""
        ...

    @property
    def in_process(self) -> bool:
        """Whether it runs here and so costs nothing."""
        ...

    @property
    def dims(self) -> int:
        """Width of a vector."""
        ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """(n, d) float32, unit length, one row per text and in their order; no texts give (0, d).

        Raises EmbedderFailed and nothing else.
        """
        ...


def load_embedder(spec: EmbedderSpec) -> Embedder:
    """The embedder of the settings. The packaged one loads its model at the first text."""
    from memory.embedders import HostedEmbedder, PackagedEmbedder, SentenceTransformersEmbedder

    match spec.backend:
        case "packaged":
            return PackagedEmbedder()
        case "sentence-transformers":
            return SentenceTransformersEmbedder(spec.model)
        case "litellm":
            return HostedEmbedder(spec)


def index_for(embedder: Embedder, fields: Sequence[str] = ("text",)) -> IndexConfig:
    """The index configuration that makes a LangGraph store embed these fields with this embedder."""
    from langgraph.store.base import IndexConfig

    return IndexConfig(dims=embedder.dims, embed=_StoreFunction(embedder), fields=list(fields))


class _StoreFunction:
    """An embedder as the plain function that a store's index wants."""

    def __init__(self, embedder: Embedder) -> None:
        self.name, self._embedder = embedder.name, embedder

    def __call__(self, texts: Sequence[str]) -> Any:
        return self._embedder.embed(texts)
