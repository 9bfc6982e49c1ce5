"""What everything is measured against: single signals as they are, with nothing fitted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from memory.guessing import Values
from memory.signals import SIGNALS

BASELINES: Final[Mapping[str, str]] = {"popularity": "popularity", "item-kNN": "cooccurrence", "ALS": "als"}


def baseline_scores(features: Values) -> dict[str, Values]:
    """Baseline → its scores, shaped as the features less their last axis; unknown ones stand last.

    features: (..., len(SIGNALS)). Those whose signal was not made are left out.
    """
    found = {}
    for name, signal in BASELINES.items():
        values = features[..., next(column for column, one in enumerate(SIGNALS) if one.name == signal)]
        if not np.isnan(values).all():
            found[name] = np.where(np.isnan(values), np.nanmin(values) - 1, values)
    return found
