"""From the stores to the files a run reads: examples, held-out lists, and what they are made of.

Everything that needs the stores or chance happens here, once; training itself reads the files, so a run that is
resumed, or shared by several processes, learns from the same rows. The files hold what users did, and are removed when
the run ends well.
"""

from __future__ import annotations

import json
import os
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agents.item_summarizer import PROMPT as SUMMARY_PROMPT
from agents.judging import QUESTION_PROMPT, STATE_PROMPT
from agents.preference_memory import PROMPT as FOLD_PROMPT
from memory.collaborative import Collaborative
from memory.interactions import Interaction
from training.finetune.base import Base
from training.finetune.corpus import Corpus, fingerprint
from training.finetune.errors import TrainingRefused
from training.finetune.examples import (
    Candidates,
    Example,
    HeldOutList,
    candidates_example,
    example_of,
    fold_examples,
    list_of,
    preference_before,
    summary_example,
    to_json,
)
from training.finetune.leaks import check_leaks
from training.finetune.lengths import Lengths, measure, refuse_long
from training.finetune.negatives import NegativeKind, Negatives, Score
from training.finetune.rows import Encoder
from training.finetune.settings import TrainSettings
from training.finetune.splits import Split, Target, make_split

DATA, ABOUT, TRAIN, VALIDATION = "data", "about.json", "train", "validation"
TESTS: dict[str, NegativeKind] = {"test": "uniform", "test_popularity": "popularity"}
PROMPTS = {
    "recommender": (STATE_PROMPT, QUESTION_PROMPT),
    "item_summarizer": (SUMMARY_PROMPT,),
    "preference_memory": (FOLD_PROMPT,),
}
Report = Callable[[str, int, int | None], None]
Judge = Callable[[Candidates], Sequence[float]]  # p(yes) of each candidate by the model as it is


@dataclass(frozen=True)
class Prepared:
    """What a run reads. tests: by name. about: counts, split, fingerprint, lengths; kept in the manifest."""

    train: list[Example]
    validation: list[HeldOutList]
    tests: dict[str, list[HeldOutList]]
    about: dict[str, Any]


def prepare(
    corpus: Corpus,
    base: Base,
    encoder: Encoder,
    settings: TrainSettings,
    run: Path,
    *,
    judge: Judge | None = None,
    report: Report = lambda what, done, of: None,
) -> dict[str, Any]:
    """Write the files of a run and return what they are made of.

    judge: needed for hard negatives. Raises SplitLeaks, and TrainingRefused for data that cannot be trained with.
    """
    events = [event for log in corpus.logs.values() for event in log]
    split = make_split(
        events,
        kind=settings.split,
        held_out=settings.held_out,
        cold_items=settings.cold_items,
        seed=settings.seed,
    )
    check_leaks(split)
    examples = list(_examples(corpus, split, settings, judge, report))
    lists = {VALIDATION: _lists(corpus, split, split.validation, "uniform", settings)}
    lists |= {name: _lists(corpus, split, split.test, kind, settings) for name, kind in TESTS.items()}
    limit = min((one for one in (settings.max_tokens, base.context_tokens) if one), default=None)
    examples, lengths = _measured(examples, encoder, limit, settings, report)
    _measured([one.candidates for ones in lists.values() for one in ones], encoder, limit, None, report)
    about = {
        "catalogue": settings.catalogue,
        "fingerprint": fingerprint(corpus),
        "items": len(corpus.catalogue),
        "pictures": sum(item.picture is not None for item in corpus.catalogue),
        "broken_pictures": len(corpus.broken),
        "users": len(corpus.logs),
        "events": len(events),
        "split": {
            "kind": split.kind,
            "targets": {"train": len(split.train), "validation": len(split.validation), "test": len(split.test)},
            "cold_items": len(split.cold),
            "users_left_out": dict(split.left_out),
        },
        "examples": dict(Counter(one.role for one in examples)),
        "rows": lengths.rows,
        "left_out_as_too_long": len(lengths.too_long),
        "tokens": {"limit": limit, "longest": lengths.longest, "all": lengths.tokens},
        "lists": {name: len(ones) for name, ones in lists.items()},
    }
    _write(run, {TRAIN: examples, **lists}, about)
    return about


def load_prepared(run: Path) -> Prepared:
    """Read the files of a run back. Raises TrainingRefused when they are gone."""
    folder = run / DATA
    if not (folder / ABOUT).is_file():
        raise TrainingRefused(f"{run} holds no prepared examples", "start the run anew in another folder")

    def lines(name: str) -> list[str]:
        return (folder / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()

    return Prepared(
        [example_of(line) for line in lines(TRAIN)],
        [list_of(line) for line in lines(VALIDATION)],
        {name: [list_of(line) for line in lines(name)] for name in TESTS},
        json.loads((folder / ABOUT).read_text(encoding="utf-8")),
    )


def is_prepared(run: Path) -> bool:
    """Whether the files are there, whole."""
    return (run / DATA / ABOUT).is_file()


def _examples(
    corpus: Corpus, split: Split, settings: TrainSettings, judge: Judge | None, report: Report
) -> Iterator[Example]:
    known = _by_user(split.known)
    if "recommender" in settings.roles:
        yield from _decisions(corpus, split, known, settings, judge, report)
    if "item_summarizer" in settings.roles:
        for item in corpus.catalogue:
            if item.picture and item.item_id in corpus.summaries and item.item_id not in split.cold:
                yield summary_example(item, corpus.summaries[item.item_id])
    if "preference_memory" in settings.roles:
        for user, versions in corpus.versions.items():
            ids = {event.event_id for event in known.get(user, ())}
            yield from fold_examples(versions, corpus.logs[user], ids, corpus.context)


def _decisions(
    corpus: Corpus,
    split: Split,
    known: Mapping[str, Sequence[Interaction]],
    settings: TrainSettings,
    judge: Judge | None,
    report: Report,
) -> Iterator[Candidates]:
    """Each target among items its user had not met, what they disliked later before all."""
    pool = Negatives((one for one in corpus.catalogue.item_ids if one not in split.cold), split.known)
    targets = _latest(split.train, settings.targets_per_user)
    for number, target in enumerate(targets, 1):
        rng = random.Random(f"{settings.seed}:train:{target.event.event_id}")
        mine = known[target.event.user_id]
        touched = {event.item_id for event in mine} | {target.event.item_id}
        met = {event.item_id for event in target.history}
        disliked = sorted({one.item_id for one in mine if one.liking < 0} - met - {target.event.item_id})
        wanted = settings.negatives_per_positive
        chosen = rng.sample(disliked, min(len(disliked), wanted // 2))
        chosen += pool.draw(
            wanted - len(chosen),
            kind=settings.negatives,
            touched=touched,
            rng=rng,
            score=_score_by(judge, corpus, target) if judge else None,
        )
        yield _candidates(corpus, target, chosen, rng)
        report("making the examples", number, len(targets))


def _lists(
    corpus: Corpus, split: Split, targets: Sequence[Target], kind: NegativeKind, settings: TrainSettings
) -> list[HeldOutList]:
    """Held-out targets among items their user never met, with the scores of popularity and item-kNN."""
    likings = [(one.user_id, one.item_id, one.liking, one.event_id) for one in split.known if one.item_id]
    counts = Collaborative(likings)
    pool = Negatives(split.cold or corpus.catalogue.item_ids, split.known)
    chosen = sorted(targets, key=lambda one: one.event.event_id)
    if len(chosen) > settings.lists:
        chosen = random.Random(f"{settings.seed}:lists").sample(chosen, settings.lists)
    lists = []
    for target in chosen:
        rng = random.Random(f"{settings.seed}:{kind}:{target.event.event_id}")
        touched = {event.item_id for event in corpus.logs[target.event.user_id]}
        drawn = pool.draw(settings.list_negatives, kind=kind, touched=touched, rng=rng)
        item_ids = _shuffled([target.event.item_id, *drawn], rng)
        liked = list(dict.fromkeys(event.item_id for event in target.history if event.liking > 0))
        baselines = {
            "popularity": tuple(counts.popularity(one) for one in item_ids),
            "item_knn": tuple(float(score) for score in counts.score(liked, item_ids)),
        }
        lists.append(HeldOutList(_asked(corpus, target, item_ids), baselines))
    return lists


def _candidates(corpus: Corpus, target: Target, negatives: Sequence[str], rng: random.Random) -> Candidates:
    return _asked(corpus, target, _shuffled([target.event.item_id, *negatives], rng))


def _asked(corpus: Corpus, target: Target, item_ids: Sequence[str]) -> Candidates:
    user = target.event.user_id
    preference = preference_before(corpus.versions.get(user, ()), target.event, corpus.logs[user])
    return candidates_example(target, preference, item_ids, corpus.context)


def _score_by(judge: Judge, corpus: Corpus, target: Target) -> Score:
    return lambda item_ids: judge(_asked(corpus, target, item_ids))


def _shuffled(item_ids: list[str], rng: random.Random) -> list[str]:
    """The answer may stand anywhere."""
    return rng.sample(item_ids, len(item_ids))


def _latest(targets: Sequence[Target], most: int) -> list[Target]:
    """At most so many of each user, the latest ones, oldest first."""
    kept: dict[str, list[Target]] = defaultdict(list)
    for one in targets:
        kept[one.event.user_id] = [*kept[one.event.user_id], one][-most:]
    return [one for ones in kept.values() for one in ones]


def _by_user(events: Iterable[Interaction]) -> dict[str, list[Interaction]]:
    found: dict[str, list[Interaction]] = defaultdict(list)
    for event in events:
        found[event.user_id].append(event)
    return dict(found)


def _measured(
    examples: list[Any], encoder: Encoder, limit: int | None, settings: TrainSettings | None, report: Report
) -> tuple[list[Any], Lengths]:
    """The examples that fit, and how long all of them are. settings: None for held-out lists, which must all fit."""
    what = "measuring the examples" if settings else "measuring the lists"
    lengths = measure(examples, encoder, limit, progress=lambda done: report(what, done, len(examples)))
    if lengths.too_long and limit is not None:
        if settings is None or settings.too_long == "refuse" or len(lengths.too_long) == len(examples):
            refuse_long(lengths, limit, len(examples))
        left_out = set(lengths.too_long)
        examples = [one for place, one in enumerate(examples) if place not in left_out]
    return examples, lengths


def _write(run: Path, parts: Mapping[str, Sequence[Example | HeldOutList]], about: dict[str, Any]) -> None:
    """`about.json` comes last and in one move, so that it is there only when all is."""
    folder = run / DATA
    folder.mkdir(parents=True, exist_ok=True)
    for name, ones in parts.items():
        with (folder / f"{name}.jsonl").open("w", encoding="utf-8") as out:
            out.writelines(f"{to_json(one)}\n" for one in ones)
    (folder / "about.new").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    os.replace(folder / "about.new", folder / ABOUT)
