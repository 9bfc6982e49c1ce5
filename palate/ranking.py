"""`palate rank`: score given lists for given histories, and say how good the order is where the target is known."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from palate.options import CatalogueOption, JsonOption, ProfileOption, SetOption, load

if TYPE_CHECKING:
    from evaluation.metrics import Estimate
    from graphs.session import Session
    from palate.rank_tasks import RankTask


def rank(
    candidates: Annotated[Path, typer.Option("--candidates", help="A JSONL file, or - for the input stream.")],
    profile: ProfileOption = None,
    catalogue: CatalogueOption = None,
    as_json: JsonOption = False,
    settings: SetOption = None,
) -> None:
    """Score given candidates for given histories, and measure the order.

    Each line is a JSON object: `user_id`, known or not; `history`, the ids of what they liked, oldest first;
    `negatives`, the ids to rank; and, where it is known, `target`, the one they went on to like. Prints a line of
    scores for each list, best first, then AUC, HR@5, MRR@5 and NDCG@5 over the lists that have a target, with 95 %
    bootstrap intervals.
    """
    import asyncio

    from palate.rank_tasks import read_tasks
    from palate.talking import open_session

    loaded = load(profile, settings)
    session = open_session(loaded, catalogue)
    try:
        with _lines(candidates) as lines:
            tasks = list(read_tasks(lines, str(candidates), session.catalogue))
    except BaseException:
        session.services.close()
        raise
    asyncio.run(_rank_all(session, tasks, as_json=as_json))


@contextmanager
def _lines(path: Path) -> Iterator[Iterable[str]]:
    if str(path) == "-":
        yield sys.stdin
    else:
        with path.open(encoding="utf-8") as lines:
            yield lines


async def _rank_all(session: Session, tasks: list[RankTask], *, as_json: bool) -> None:
    from evaluation.metrics import evaluate
    from palate.progress import bars

    judged = []
    try:
        with bars() as report:
            for done, task in enumerate(tasks):
                report("ranking", done, len(tasks))
                scores = await session.rank(task.user_id, task.history, task.candidates)
                _print_scores(task, scores, as_json=as_json)
                if task.target is not None:
                    judged.append((scores, [int(one == task.target) for one in task.candidates]))
            report("ranking", len(tasks), len(tasks))
    finally:
        await session.aclose()
    if judged:
        _print_metrics(evaluate(judged), as_json=as_json)


def _print_scores(task: RankTask, scores: list[float], *, as_json: bool) -> None:
    order = sorted(zip(task.candidates, scores, strict=True), key=lambda pair: -pair[1])
    if as_json:
        told = {"user_id": task.user_id, "scores": [{"item_id": one, "score": round(score, 6)} for one, score in order]}
        print(json.dumps(told, ensure_ascii=False), flush=True)
    else:
        shown = "  ".join(f"{one} {score:.3f}" for one, score in order[:5])
        print(f"{task.user_id}: {shown}{'  …' if len(order) > 5 else ''}", flush=True)


def _print_metrics(figures: dict[str, Estimate], *, as_json: bool) -> None:
    if as_json:
        told = {name: {"value": one.mean, "low": one.low, "high": one.high} for name, one in figures.items()}
        print(json.dumps({"metrics": told}))
        return
    for name, one in figures.items():
        print(f"{name:>8} {one.mean:.4f}  [{one.low:.4f}, {one.high:.4f}]  over {one.lists} lists")
