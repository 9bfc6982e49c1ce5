"""Items as vectors by the company they keep in people's histories."""

from __future__ import annotations

from typing import Any

import numpy as np

from memory.likings import Likings
from memory.vectors import Vectors, unit

DIMS = 64
DENSE = 1000  # items up to which all eigenvectors are found at once
WINDOW = 20  # likings before and after that still count as company; a pair that stands n apart counts 1 / n


def ppmi_vectors(likings: Likings, *, dims: int = DIMS) -> Vectors:
    """(items, d) unit vectors, d = min(dims, items - 1); a dot product is how alike the company of two items is.

    Zeros for an item that no one liked beside another. The same likings give the same vectors.
    Source: positive pointwise mutual information of pairs, and its largest eigenvectors weighted by their eigenvalues;
    Levy and Goldberg 2014 (NeurIPS), on histories instead of sentences.
    """
    from scipy.sparse.linalg import eigsh

    count = len(likings.item_ids)
    information = _information(_company(likings))
    rank = min(dims, count - 1)
    if rank < 1 or not information.nnz:
        return np.zeros((count, max(rank, 1)), dtype=np.float32)
    if count <= DENSE:
        values, vectors = np.linalg.eigh(information.toarray())
        largest = np.argsort(-np.abs(values), kind="stable")[:rank]
        values, vectors = values[largest], vectors[:, largest]
    else:
        start = np.linspace(1, 2, count)  # the same each time, so that the vectors are
        values, vectors = eigsh(information, k=rank, which="LM", v0=start, tol=1e-3)
    weighted = vectors * np.abs(values)
    weighted[np.linalg.norm(weighted, axis=1) < 1e-6 * np.abs(values).max()] = 0
    return unit(weighted.astype(np.float32))


def _company(likings: Likings) -> Any:
    """Items x items, how often two are liked near one another, nearer counting more; symmetric, empty diagonal."""
    from scipy.sparse import csr_matrix

    rows, columns = likings.rows, likings.columns
    left, right, weights = [], [], []
    for apart in range(1, WINDOW + 1):
        same = rows[apart:] == rows[:-apart]
        if not same.any():
            break
        before, after = columns[:-apart][same], columns[apart:][same]
        left += [before, after]
        right += [after, before]
        weights.append(np.full(2 * len(before), 1 / apart))
    if not left:
        return csr_matrix((len(likings.item_ids),) * 2)
    places = (np.concatenate(left), np.concatenate(right))
    return csr_matrix((np.concatenate(weights), places), shape=(len(likings.item_ids),) * 2)


def _information(company: Any) -> Any:
    """log p(a, b) / (p(a) p(b)) of each pair, where it is above 0."""
    from scipy.sparse import csr_matrix

    pairs = company.tocoo()
    total = np.asarray(company.sum(axis=1)).ravel()
    values = np.log(np.maximum(pairs.data * total.sum(), 1e-300)) - np.log(total[pairs.row]) - np.log(total[pairs.col])
    above = values > 0
    return csr_matrix((values[above], (pairs.row[above], pairs.col[above])), shape=company.shape)
