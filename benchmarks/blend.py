"""How well the fitted blend ranks, beside its parts and plain baselines, where it could not know the answer.

Prints one JSON object for the set asked for; each figure is [mean, low, high] with a 95 % bootstrap interval over lists
of one liking among 20 items drawn evenly that the person never met.

- `films`, `shorts`: leave the last liking of everyone out; fitted on the liking before it.
- `published`: the published construction on the shorts (`evaluation.published`), counted on 80 %, fitted on 10 % and
  tested on 10 % of the users; no text and no language model.
- `newcomers`: 300 films out of every count and out of the catalogue, then looked for by people with five likes and
  more. People's tags of them are no attribute there, though still in the vector of the text. Over three draws.
- `demo`: people of the art-print shop who are not in its log, by their last liking; needs `--home`, a folder where
  `palate demo` has prepared the shop, and reads its summaries.

The sets are looked for in `$PALATE_DATA`, else in `../shared/data`. `--vectors` keeps vectors of texts between runs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from catalog.items import Item
from evaluation.blend import (
    LISTS,
    FitResult,
    Log,
    Measured,
    features_of,
    fit_blend,
    fitted,
    fitted_alone,
    labels_of,
    learned,
    measure,
)
from evaluation.held_out import HeldOut, held_out_lists, known_before
from evaluation.metrics import Estimate, evaluate
from evaluation.newcomers import Among, newcomer_lists, without
from evaluation.published import core, published_lists, split
from evaluation.sasrec import sasrec_scores
from memory.item_index import described
from memory.signals import Signals
from memory.vectors import Vectors

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("PALATE_DATA", ROOT.parent / "shared" / "data"))
NEW_FILMS, DRAWS = 300, 3
AMONG: tuple[Among, ...] = ("new", "all")
HELD_OUT_PEOPLE, HELD_OUT_SEED = 4000, 11

Told = dict[str, Any]


def main() -> None:
    sets: Mapping[str, Callable[[argparse.Namespace], Told]] = {
        "films": films,
        "shorts": shorts,
        "published": published,
        "newcomers": newcomers,
        "demo": demo,
    }
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", choices=sets)
    parser.add_argument("--vectors", type=Path, help="a folder to keep the vectors of texts in")
    parser.add_argument("--home", type=Path)
    asked = parser.parse_args()
    began = time.perf_counter()
    told = sets[asked.set](asked)
    print(
        json.dumps({"benchmark": f"blend {asked.set}", **told, "seconds": round(time.perf_counter() - began)}, indent=1)
    )


def films(asked: argparse.Namespace) -> Told:
    """Leave-last-out on the films."""
    return _leave_last_out(_films(asked.vectors))


def shorts(asked: argparse.Namespace) -> Told:
    """Leave-last-out on the shorts, without their titles."""
    return _leave_last_out(_shorts())


def published(asked: argparse.Namespace) -> Told:
    """The published construction on the shorts."""
    everything = _shorts().likings
    kept = core(everything)
    log = _log_of(kept)
    count, fit, test = split(kept)
    lists, features = [], []
    for known, asked_for in ((count, fit), ([*count, *fit], test)):
        drawn = published_lists(asked_for, kept, everything)
        signals, _ = learned(log, {user: kept[user] for user in known})
        lists.append(drawn)
        features.append(features_of(signals, drawn))
    blend, worth = fitted(features[0], labels_of(lists[0]))
    alone = fitted_alone(features[0], labels_of(lists[0]))
    measured = measure({"blend": blend, **alone}, features[1], lists[1])
    measured = _with_sasrec(measured, log, {user: kept[user] for user in (*count, *fit)}, lists[1])
    told = {"users": len(kept), "items": len(log.item_ids), "fitted_on": len(fit), "tested_on": len(test)}
    return told | {"worth": _rounded(worth.seen)} | _figures(measured)


def newcomers(asked: argparse.Namespace) -> Told:
    """Films that nobody has met."""
    log = _films(asked.vectors)
    told: dict[str, list[tuple[list[float], tuple[int, ...]]]] = {among: [] for among in AMONG}
    for seed in range(DRAWS):
        fewer, new = without(log, NEW_FILMS, seed=seed)
        result = fit_blend(fewer)
        items = [_untagged(item) if item.item_id in new else item for item in log.items]
        vectors, descriptions = result.learned.joined(items, log.texts, log.summaries)
        signals = Signals(vectors, learned(fewer, fewer.likings)[0].collaborative, descriptions)
        for among in AMONG:
            for one in newcomer_lists(log, new, among=among):
                scores = result.blend.log_odds(signals.features(one.history, one.candidates))
                told[among].append((scores.tolist(), one.labels))
    figures = {f"among {among} films": _told(evaluate(judged)) for among, judged in told.items()}
    return {"films_left_out": NEW_FILMS, "draws": DRAWS, "lists": len(told["new"]), "figures": figures}


def demo(asked: argparse.Namespace) -> Told:
    """People of the demo's world who are not in its log."""
    from catalog.demo.install import NAME
    from catalog.demo.people import history, make_people
    from catalog.demo.prints import make_prints
    from graphs.services import Services
    from profiles.settings import load_profile

    if asked.home is None:
        sys.exit("say where the shop is: --home FOLDER, made by `PALATE_HOME=FOLDER palate demo`")
    services = Services.open(load_profile("demo", {"stores.home": str(asked.home)}, {}).profile)
    try:
        catalogue, rows = services.catalogue(NAME), services.log.matrix(NAME)
        texts, summaries = services.items.vectors(catalogue)
    finally:
        services.close()
    log, prints = Log(NAME, rows, list(catalogue), texts, summaries), make_prints()
    result = fit_blend(log)
    liked: dict[str, tuple[str, ...]] = {}
    touched: dict[str, set[str]] = {}
    for person in make_people(HELD_OUT_PEOPLE, seed=HELD_OUT_SEED):
        events = history(person, prints, seed=HELD_OUT_SEED)
        touched[person.user_id] = {one.item_id for one in events}
        liked[person.user_id] = tuple(dict.fromkeys(one.item_id for one in events if _likes(one)))
    lists = held_out_lists(liked, touched, log.item_ids, "last")
    features = features_of(learned(log, log.likings)[0], lists)
    measured = measure({"blend": result.blend, **result.alone}, features, lists)
    measured = _with_sasrec(measured, log, log.likings, lists)
    told = {"summaries": int(np.any(summaries, axis=1).sum()), "tested_on": len(lists)}
    return told | _worth(result) | _figures(measured)


def _likes(one: Any) -> bool:
    from memory.interactions import Interaction

    return Interaction.model_construct(kind=one.kind, value=one.value).liking > 0


def _leave_last_out(log: Log) -> Told:
    result = fit_blend(log)
    told = {"fitted_on": len(result.fitted_on), "tested_on": result.tested_on}
    lists = held_out_lists(log.likings, log.touched, log.item_ids, "last", limit=LISTS)
    measured = _with_sasrec(result.measured, log, known_before(log.likings, "last"), lists)
    return told | _worth(result) | _figures(measured)


def _with_sasrec(
    measured: Measured, log: Log, sequences: Mapping[str, Sequence[str]], lists: Sequence[HeldOut]
) -> Measured:
    """The same with SASRec beside, trained on the sequences; without it where its library is not installed."""
    try:
        scores = sasrec_scores(sequences, log.item_ids, lists)
    except ImportError:
        print('SASRec is left out; for it: pip install "palate[benchmarks]"', file=sys.stderr)
        return measured
    judged = [(own, one.labels) for own, one in zip(scores, lists, strict=True)]
    return replace(measured, figures={**measured.figures, "SASRec": evaluate(judged)})


def _films(kept: Path | None) -> Log:
    from catalog.importers import import_path
    from catalog.pictures import PictureStore

    _needs("movielens-posters")
    with tempfile.TemporaryDirectory() as folder:
        for name in ("items.csv", "interactions.csv"):
            Path(folder, name).symlink_to(DATA / "movielens-posters" / name)  # without the posters: no model looks
        pictures = PictureStore(Path(folder) / "pictures")
        found = import_path(
            Path(folder), name="films", format="movielens", pictures=pictures, progress=lambda done, of: None
        )
    rows = [(one.user_id, one.item_id, one.liking, number) for number, one in enumerate(found.interactions, 1)]
    texts = _vectors([described(item, found.schema) for item in found.items], kept)
    return Log("films", rows, found.items, texts, np.zeros_like(texts))


def _shorts() -> Log:
    _needs("microlens-50k")
    sequences = {}
    for line in (DATA / "microlens-50k" / "sequences.tsv").read_text().splitlines():
        user, _, items = line.partition("\t")
        sequences[user] = tuple(dict.fromkeys(items.split()))
    return _log_of(sequences)


def _log_of(sequences: Mapping[str, Sequence[str]]) -> Log:
    pairs = [(user, item) for user, own in sequences.items() for item in own]
    rows = [(user, item, 1, number) for number, (user, item) in enumerate(pairs, 1)]
    items = [Item(item_id=item, title=item) for item in sorted({item for _, item in pairs})]
    nothing: Vectors = np.zeros((len(items), 0), dtype=np.float32)
    return Log("shorts", rows, items, nothing, nothing)


def _needs(name: str) -> None:
    if not (DATA / name).is_dir():
        print(json.dumps({"benchmark": "blend", "skipped": f"{name} is not beside the repository; set PALATE_DATA"}))
        sys.exit()


def _vectors(texts: Sequence[str], kept: Path | None) -> Vectors:
    """Of the packaged embedder, which takes minutes for thousands of texts."""
    from memory.embedding import EmbedderSpec, load_embedder

    digest = hashlib.sha256(json.dumps(texts).encode()).hexdigest()[:16]
    path = kept / f"{digest}.npy" if kept is not None else None
    if path is not None and path.is_file():
        return np.asarray(np.load(path), dtype=np.float32)
    embedder = load_embedder(EmbedderSpec())
    found = np.concatenate([embedder.embed(texts[start : start + 256]) for start in range(0, len(texts), 256)])
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, found)
    return found


def _untagged(item: Item) -> Item:
    left = {name: value for name, value in item.attributes.items() if name != "user_tags"}
    return item.model_copy(update={"attributes": left})


def _worth(result: FitResult) -> Told:
    return {"worth": _rounded(result.worth.seen), "worth_of_newcomers": _rounded(result.worth.told)}


def _rounded(values: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in values.items()}


def _figures(measured: Measured) -> Told:
    blend = measured.figures["blend"]["auc"]
    others = {name: figures["auc"] for name, figures in measured.figures.items() if name != "blend"}
    return {
        "figures": {name: _told(figures) for name, figures in measured.figures.items()},
        "calibration_error": round(measured.calibration_error, 4),
        "auc_interval_above": sorted(name for name, one in others.items() if one.high < blend.low),
        "auc_interval_not_above": sorted(name for name, one in others.items() if one.high >= blend.low),
    }


def _told(figures: Mapping[str, Estimate]) -> dict[str, list[float]]:
    return {name: [round(one.mean, 4), round(one.low, 4), round(one.high, 4)] for name, one in figures.items()}


if __name__ == "__main__":
    main()
