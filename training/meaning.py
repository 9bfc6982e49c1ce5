"""What words mean before the first lesson: token embeddings that start from all-MiniLM-L6-v2.

The lessons hold a few thousand words and people use more. A word that no lesson holds keeps the place it starts with,
near its like, so that a message with it is not all noise.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from memory.embedders import packaged_folder

_FIRST_WORD = 1996  # of the vocabulary, which is sorted by frequency from here; before it stand marks and letters
_SPREAD = 0.05  # the standard deviation of a starting embedding


@cache
def _vocabulary() -> tuple[str, ...]:
    return tuple((packaged_folder() / "vocab.txt").read_text(encoding="utf-8").splitlines())


def common_words(count: int) -> list[str]:
    """The commonest English words in lower case, at least two plain letters each; the most frequent first."""
    words = [word for word in _vocabulary()[_FIRST_WORD:] if len(word) > 1 and word.isascii() and word.isalpha()]
    return words[:count]


def starting_embeddings(tokenizer: Any, width: int, *, seed: int) -> Any:
    """A row for each token, (tokens, width) float32: the packaged model's word embeddings in their first `width`
    principal directions. A token of several words has their mean and a little of its own; one of none is random.
    """
    rows = _word_rows()
    rng = np.random.default_rng(seed)
    known = rows[_FIRST_WORD:]
    centre = known.mean(0)
    _, _, directions = np.linalg.svd(known[::3] - centre, full_matrices=False)
    projected = (rows - centre) @ directions[:width].T
    projected *= _SPREAD / projected[_FIRST_WORD:].std()
    made = rng.normal(0, _SPREAD, (len(tokenizer), width)).astype(np.float32)
    numbers = {word: number for number, word in enumerate(_vocabulary())}
    pieces = _splitter(Path(packaged_folder() / "tokenizer.json"))
    for token in range(len(tokenizer)):
        text = tokenizer.decode([token]).strip()
        if text.lower() in numbers:
            made[token] = projected[numbers[text.lower()]]
        elif any(mark.isalpha() for mark in text):
            ids = pieces.encode(text, add_special_tokens=False).ids
            made[token] = projected[ids].mean(0) + 0.5 * made[token] if ids else made[token]
    return made


def _word_rows() -> Any:
    from safetensors.numpy import load_file

    return load_file(packaged_folder() / "model.safetensors")["embeddings.word_embeddings.weight"].astype(np.float32)


def _splitter(file: Path) -> Any:
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(file))
