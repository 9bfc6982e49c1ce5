"""The files a run reads: examples and held-out lists, a line each, and what they are made of.

They hold what users did, and are removed when the run ends well.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.finetune.errors import TrainingRefused
from training.finetune.examples import Candidates, Example, HeldOutList, example_of, list_of, to_json
from training.finetune.negatives import NegativeKind

DATA, ABOUT, TRAIN, VALIDATION, POOL, HARD = "data", "about.json", "train", "validation", "pool", "hard"
TESTS: dict[str, NegativeKind] = {"test": "uniform", "test_popularity": "popularity"}


@dataclass(frozen=True)
class Prepared:
    """What a run reads. tests: by name. about: counts, split, fingerprint, lengths; kept in the manifest.

    pool: what hard negatives are looked for in, once there is a model to find them; empty without a second stage.
    """

    train: list[Example]
    validation: list[HeldOutList]
    tests: dict[str, list[HeldOutList]]
    about: dict[str, Any]
    pool: list[Candidates]


def load_prepared(run: Path) -> Prepared:
    """Read the files of a run back. Raises TrainingRefused when they are gone."""
    if not is_prepared(run):
        raise TrainingRefused(f"{run} holds no prepared examples", "start the run anew in another folder")
    return Prepared(
        [example_of(line) for line in _lines(run, TRAIN)],
        [list_of(line) for line in _lines(run, VALIDATION)],
        {name: [list_of(line) for line in _lines(run, name)] for name in TESTS},
        json.loads((run / DATA / ABOUT).read_text(encoding="utf-8")),
        _groups(run, POOL),
    )


def is_prepared(run: Path) -> bool:
    """Whether the files are there, whole."""
    return (run / DATA / ABOUT).is_file()


def write_prepared(run: Path, parts: Mapping[str, Sequence[Example | HeldOutList]], about: Mapping[str, Any]) -> None:
    """`about.json` comes last and in one move, so that it is there only when all is."""
    (run / DATA).mkdir(parents=True, exist_ok=True)
    for name, ones in parts.items():
        _write(run / DATA / f"{name}.jsonl", ones)
    fresh = run / DATA / "about.new"
    fresh.write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    os.replace(fresh, run / DATA / ABOUT)


def read_hard(run: Path) -> list[Candidates] | None:
    """The hard negatives that were found, each beside what was liked; None before."""
    return _groups(run, HARD) if (run / DATA / f"{HARD}.jsonl").is_file() else None


def write_hard(run: Path, groups: Iterable[Candidates]) -> None:
    """Keep them, in one move."""
    fresh = run / DATA / f"{HARD}.new"
    _write(fresh, groups)
    os.replace(fresh, run / DATA / f"{HARD}.jsonl")


def _write(file: Path, ones: Iterable[Example | HeldOutList]) -> None:
    with file.open("w", encoding="utf-8") as out:
        out.writelines(f"{to_json(one)}\n" for one in ones)


def _lines(run: Path, name: str) -> list[str]:
    return (run / DATA / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()


def _groups(run: Path, name: str) -> list[Candidates]:
    examples = map(example_of, _lines(run, name))
    return [one for one in examples if isinstance(one, Candidates)]
