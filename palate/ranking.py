"""`palate rank`: order given candidates for given histories, and say how good the order is where that is known."""

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
    from graphs.session import Session
    from palate.rank_tasks import RankTask


def rank(
    path: Annotated[Path, typer.Argument(help="A JSONL file, or - for the input stream.")],
    profile: ProfileOption = None,
    catalogue: CatalogueOption = None,
    as_json: JsonOption = False,
    settings: SetOption = None,
) -> None:
    """Order given candidates for given histories, and measure the order.

    Each line is a JSON object with `user_id`, and lists of item ids: `history` (what they liked, oldest first),
    `candidates`, and, where it is known, `relevant` (which candidates they did like). Prints each line's order with its
    scores; then AUC, HR@5, MRR@5 and NDCG@5 over the lines that have `relevant`, with 95 % bootstrap intervals.
    """
    import asyncio

    from palate.rank_tasks import read_tasks
    from palate.talking import open_session

    loaded = load(profile, settings)
    session = open_session(loaded, catalogue)
    try:
        with _lines(path) as lines:
            tasks = list(read_tasks(lines, str(path), session.catalogue))
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

    judged = []
    try:
        for task in tasks:
            scores = await session.rank(task.user_id, task.history, task.candidates)
            order = sorted(zip(task.candidates, scores, strict=True), key=lambda pair: -pair[1])
            ranked = [{"item_id": item_id, "score": round(score, 6)} for item_id, score in order]
            if as_json:
                print(json.dumps({"user_id": task.user_id, "ranked": ranked}, ensure_ascii=False), flush=True)
            else:
                shown = "  ".join(f"{one['item_id']} {one['score']:.3f}" for one in ranked[:5])
                print(f"{task.user_id}: {shown}{'  …' if len(ranked) > 5 else ''}", flush=True)
            if task.relevant is not None:
                relevant = set(task.relevant)
                judged.append((scores, [int(item_id in relevant) for item_id in task.candidates]))
    finally:
        await session.aclose()
    for name, figure in evaluate(judged).items() if judged else ():
        told = {"metric": name, "mean": figure.mean, "low": figure.low, "high": figure.high, "lists": figure.lists}
        if as_json:
            print(json.dumps(told))
        else:
            print(f"{name:>8} {figure.mean:.4f}  [{figure.low:.4f}, {figure.high:.4f}]  over {figure.lists} lists")
