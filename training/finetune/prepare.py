"""From the stores to the files a run reads: examples, held-out lists, and what they are made of.

Everything that needs the stores or chance happens here, once; training itself reads the files, so a run that is
resumed, or shared by several processes, learns from the same rows.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from memory.interactions import Interaction
from palate.progress import Report
from training.finetune.base import Base
from training.finetune.corpus import Corpus, fingerprint
from training.finetune.draw import Draw, Judge, Known
from training.finetune.files import POOL, TESTS, TRAIN, VALIDATION, write_prepared
from training.finetune.leaks import check_leaks
from training.finetune.lengths import Lengths, measure, refuse_long
from training.finetune.manifest import MADE_FOR, made_for
from training.finetune.roles import examples_of_roles
from training.finetune.rows import Encoder
from training.finetune.settings import TrainSettings
from training.finetune.splits import make_split


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
    known = _by_user(split.known)
    draw = Draw(corpus, split, known, settings.seed)
    examples = list(examples_of_roles(corpus, split, known, draw, settings, judge=judge, report=report))
    pool = list(draw.pool(settings.dpo)) if settings.dpo else []
    lists = {VALIDATION: draw.lists(split.validation, "uniform", settings)}
    lists |= {name: draw.lists(split.test, kind, settings) for name, kind in TESTS.items()}
    limit = min((one for one in (settings.max_tokens, base.context_tokens) if one), default=None)
    examples, lengths = _measured(examples, encoder, limit, settings, report)
    pool, _ = _measured(pool, encoder, limit, settings, report)
    _measured([one.candidates for ones in lists.values() for one in ones], encoder, limit, None, report)
    about = {
        "catalogue": settings.catalogue,
        "fingerprint": fingerprint(corpus),
        MADE_FOR: made_for(base, settings),
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
    write_prepared(run, {TRAIN: examples, POOL: pool, **lists}, about)
    return about


def _by_user(events: Iterable[Interaction]) -> Known:
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
