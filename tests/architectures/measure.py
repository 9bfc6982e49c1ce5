"""Print how far answers together are from answers alone, for each kind of checkpoint, and from those of another run.

.venv/bin/python -m tests.architectures.measure [--keep answers.json] [--against answers.json]
"""

import argparse
import asyncio
import json
import logging
import tempfile
from importlib.util import find_spec
from pathlib import Path

from models.loading import load_decider
from tests.architectures.asking import MAKERS, Pictures, answers, every_kind, one_by_one, spec_of


async def measure(name, folder):
    """Give the number of weights, whether a prefix was shared, the answers alone, and how far from them any is."""
    decider = load_decider(spec_of(MAKERS[name](folder / name)), Pictures())
    alone, together = await one_by_one(decider, every_kind()), await answers(decider, every_kind())
    apart = max(
        abs(one.probabilities[option] - other.probabilities[option])
        for one, other in zip(alone, together, strict=True)
        for option in one.probabilities
    )
    runtime = decider._runtime
    shared = bool(runtime.shares_prefix and runtime.shares_pictures)
    first = [next(iter(one.probabilities.values())) for one in alone]
    return runtime.model.num_parameters(), shared, first, apart


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, help="write the answers to this file")
    parser.add_argument("--against", type=Path, help="compare with the answers in this file")
    chosen = parser.parse_args()
    logging.disable(logging.WARNING)
    earlier = json.loads(chosen.against.read_text()) if chosen.against else {}
    kept = {}
    print(
        f"pictures by {'torchvision' if find_spec('torchvision') else 'Pillow'}, float32, {len(every_kind())} questions"
    )
    print(f"{'kind':12} {'weights':>8} {'shared':>7} {'together - alone':>17} {'against':>9}")
    with tempfile.TemporaryDirectory() as folder:
        for name in MAKERS:
            weights, shared, kept[name], apart = asyncio.run(measure(name, Path(folder)))
            pairs = zip(kept[name], earlier.get(name, ()), strict=False)
            away = max((abs(one - other) for one, other in pairs), default=None)
            told = "-" if away is None else f"{away:.1e}"
            print(f"{name:12} {weights:8} {shared!s:>7} {apart:17.1e} {told:>9}")
    if chosen.keep:
        chosen.keep.write_text(json.dumps(kept))


if __name__ == "__main__":
    main()
