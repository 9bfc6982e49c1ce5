"""What a checkpoint was trained on, with what, for how long, and how well: its `palate_manifest.json`."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import prompts


def manifest(
    *, seed: int, step: int, seconds: float, losses: dict[str, float], before: dict[str, Any]
) -> dict[str, Any]:
    """The facts of a run. prompts: name@version of every prompt it was trained on; losses: running means by role.

    before: the facts of the run whose checkpoint it went on from, empty for a run from nothing.
    """
    made = {
        "kind": "palate-demo-model",
        "prompts": [prompts.load(name).label for name in prompts.names()],
        "seed": seed,
        "data_seeds": {"examples": seed, "pictures": seed, "unseen_pictures": 900_001},
        "steps": step,
        "hours": round(seconds / 3600, 3),
        "libraries": {name: version(name) for name in ("torch", "transformers", "tokenizers")},
        "losses": {role: round(loss, 4) for role, loss in sorted(losses.items())},
    }
    return made | ({"went_on_from": before} if before else {})
