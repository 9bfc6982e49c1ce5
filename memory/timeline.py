"""Where items stand in time, as the order of people's likings tells it; no clock is read.

Catalogues move on: what people like now came after what they liked before, and who has arrived at this year's items
goes on with this year's. The order within histories tells which items are late, also where no times were kept.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from memory.likings import Likings

PULL = 1.0  # towards the middle, against as many steps; an item liked once says little about when


def timeline(likings: Likings) -> npt.NDArray[np.float64]:
    """(items,) the place of each item, in steps of one liking; 0 is the middle, and where nothing is known.

    The places for which each liking comes one step after the same user's liking before it, as nearly as can be.
    Source: least squares on pairwise differences, HodgeRank, Jiang et al. 2011 (Mathematical Programming).
    """
    from scipy.sparse import csr_matrix, identity
    from scipy.sparse.linalg import cg

    rows, columns, count = likings.rows, likings.columns, len(likings.item_ids)
    follows = rows[1:] == rows[:-1]
    before, after = columns[:-1][follows], columns[1:][follows]
    steps = len(before)
    if not steps:
        return np.zeros(count)
    number = np.arange(steps)
    signs = np.concatenate([np.ones(steps), -np.ones(steps)])
    places = (np.concatenate([number, number]), np.concatenate([after, before]))
    differences = csr_matrix((signs, places), shape=(steps, count))
    normal = differences.T @ differences + PULL * identity(count)
    found, _ = cg(normal, differences.T @ np.ones(steps), rtol=1e-5, maxiter=500)
    return np.asarray(found, dtype=np.float64)
