"""Trains the embedded model from nothing on the demo world; a run that was stopped goes on where it was.

`python -m training.demo_model --out checkpoints/demo --minutes 105 --eye-minutes 20 --seed 7`

With `--start` it goes on from a finished checkpoint instead, on pictures and examples of another seed.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import multiprocessing
import os
import random
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training import roles
from training.manifest import manifest
from training.meaning import common_words, starting_embeddings
from training.pictures import open_pool
from training.shape import new_model
from training.steps import Learner, optimizers, rate_at, train_step
from training.talk import talking
from training.together import Team
from training.tokens import SPECIAL, make_processor, phrases, train_tokenizer
from training.vision import as_targets, new_heads, train_tower

POOL, POOL_UNSEEN, UNSEEN_SEED = 14_000, 600, 900_001
WORDS, VOCABULARY = 6000, 11_264  # common words that the tokenizer knows whole, and all its tokens


@dataclass
class Run:
    """A training run as it is kept on disk: how far it came, and in how much time."""

    step: int = 0
    seconds: float = 0.0


def tokenizer_texts(seed: int, *, steps: int = 300) -> Iterator[str]:
    """The texts the tokenizer is made from: prompts and answers of every role, without pictures."""
    rng = random.Random(f"{seed}:tokenizer")
    for _ in range(steps):
        made = [roles.folding(rng), roles.responding(rng), talking(rng), roles.wishing(rng), roles.copying(rng)]
        made += [roles.intending(rng) for _ in range(4)] + [roles.choosing(rng)]
        for example in made:
            yield example.prompt
            yield example.answer


def save_checkpoint(model: Any, processor: Any, out: Path, about: dict[str, Any]) -> None:
    """Write the model, its processor and its manifest to `out`, which changes in one move. Weights in bfloat16."""
    import torch

    fresh, old = out.with_name(out.name + ".new"), out.with_name(out.name + ".old")
    shutil.rmtree(fresh, ignore_errors=True)
    model.generation_config.update(max_new_tokens=400, do_sample=False)
    model.generation_config.eos_token_id = processor.tokenizer.eos_token_id
    model.generation_config.pad_token_id = processor.tokenizer.pad_token_id
    kept = copy.deepcopy(model).to(torch.bfloat16)
    for part in (kept.config.text_config, kept.config.vision_config):
        part.dtype = None  # a run that goes on from a checkpoint has loaded it in float32
    kept.save_pretrained(str(fresh))
    processor.save_pretrained(str(fresh))
    (fresh / "model.safetensors").chmod(0o644)  # written for the owner alone
    (fresh / "palate_manifest.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    shutil.rmtree(old, ignore_errors=True)
    if out.exists():
        os.replace(out, old)
    os.replace(fresh, out)
    shutil.rmtree(old, ignore_errors=True)


def load_tokenizer(work: Path, seed: int, start: Path | None = None) -> Any:
    """The run's tokenizer: that of the checkpoint it goes on from, else made on the first start."""
    from transformers import AutoTokenizer

    if start is not None:
        return AutoTokenizer.from_pretrained(str(start))
    if not (work / "tokenizer" / "tokenizer.json").is_file():
        made = train_tokenizer(tokenizer_texts(seed), words=["Yes", "No", *common_words(WORDS)], vocabulary=VOCABULARY)
        made.save_pretrained(str(work / "tokenizer"))
    return AutoTokenizer.from_pretrained(str(work / "tokenizer"))


def start_model(work: Path, tokenizer: Any, *, seed: int, start: Path | None = None) -> Any:
    """A new model whose vision tower already tells looks apart, or the model of the checkpoint it goes on from."""
    import torch
    from transformers import AutoModelForImageTextToText

    torch.manual_seed(seed)
    if start is not None:
        return AutoModelForImageTextToText.from_pretrained(str(start), dtype=torch.float32)
    model = new_model(tokenizer)
    words = model.get_input_embeddings().weight
    with torch.no_grad():
        words[: len(tokenizer)] = torch.from_numpy(starting_embeddings(tokenizer, words.shape[1], seed=seed))
    model.model.vision_tower.load_state_dict(torch.load(work / "tower.pt"))
    return model


def unmet_tokens(tokenizer: Any, rows: int, seed: int) -> Any:
    """Which of the model's `rows` token numbers the lessons do not hold, as a bool tensor."""
    import torch

    unmet = torch.ones(rows, dtype=torch.bool)
    for text in tokenizer_texts(seed):
        unmet[tokenizer(text, add_special_tokens=False)["input_ids"]] = False
    unmet[tokenizer.convert_tokens_to_ids([*SPECIAL, *phrases()])] = False
    return unmet


def train(
    team: Team,
    work: Path,
    out: Path,
    *,
    minutes: float,
    seed: int,
    start: Path | None = None,
    rate: float = 1.0,
    save_every_s: float = 300,
) -> None:
    """Train for `minutes` of wall clock in all, stops not counted; writes `out` now and then, and at the end.

    rate: what all learning rates are multiplied with, in (0, 1]; a short run from a checkpoint needs a low one.
    """
    import torch

    pool = open_pool(work / "pool", count=POOL, seed=seed)
    tokenizer = load_tokenizer(work, seed, start)
    model = start_model(work, tokenizer, seed=seed, start=start)
    model.set_attn_implementation("eager")  # a fifth faster than sdpa backwards on a CPU, at these lengths
    heads, fact_head = new_heads(), torch.nn.Linear(model.config.text_config.hidden_size, 3)
    opts = optimizers(model, heads, fact_head, team)
    unmet = unmet_tokens(tokenizer, model.config.text_config.vocab_size, seed)
    learner = Learner(model, heads, fact_head, unmet, opts, tokenizer, pool, as_targets(pool), seed, team)
    run, shown, before = resumed(work, learner), dict[str, float](), told_of(start)
    saved = run.seconds
    model.train()
    while (progress := run.seconds / (60 * minutes)) < 1:
        began = time.monotonic()
        for optimizer in learner.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["base"] * rate * rate_at(progress, run.step, fresh=start is None)
        for role, loss in train_step(learner, run.step).items():
            shown[role] = loss if role not in shown else 0.95 * shown[role] + 0.05 * loss
        run = Run(run.step + 1, run.seconds + team.mean(time.monotonic() - began))
        if run.step % 20 == 0 and team.rank == 0:
            losses = " ".join(f"{role} {loss:.3f}" for role, loss in sorted(shown.items()))
            print(f"{run.step} {run.seconds / 60:.1f} min | {losses}", flush=True)
        if run.seconds - saved > save_every_s:
            saved = run.seconds
            keep(work, out, learner, run, shown, before)
    keep(work, out, learner, run, shown, before)


def resumed(work: Path, learner: Learner) -> Run:
    """Where a stopped run was, its weights put back; the beginning where there is none."""
    import torch

    if not (work / "run.pt").is_file():
        return Run()
    kept = torch.load(work / "run.pt")
    learner.model.load_state_dict(kept["model"])
    learner.heads.load_state_dict(kept["heads"])
    learner.fact_head.load_state_dict(kept.get("fact_head", learner.fact_head.state_dict()))
    own = work / f"optimizers.{learner.team.rank}of{learner.team.size}.pt"
    if own.is_file():  # else their momentum starts anew, as it must when the team has another size
        for optimizer, state in zip(learner.optimizers, torch.load(own), strict=True):
            optimizer.load_state_dict(state)
    return Run(kept["step"], kept["seconds"])


def told_of(start: Path | None) -> dict[str, Any]:
    """What the manifest of the checkpoint that a run goes on from tells of it; empty for a run from nothing."""
    if start is None:
        return {}
    about = json.loads((start / "palate_manifest.json").read_text(encoding="utf-8"))
    return {key: about[key] for key in ("seed", "steps", "hours", "went_on_from") if key in about}


def keep(work: Path, out: Path, learner: Learner, run: Run, losses: dict[str, float], before: dict[str, Any]) -> None:
    """Write what a stopped run needs to go on, and the checkpoint as it is now."""
    import torch

    own = [optimizer.state_dict() for optimizer in learner.optimizers]
    torch.save(own, work / f"optimizers.{learner.team.rank}of{learner.team.size}.pt")
    if learner.team.rank:
        return
    state = {
        "model": learner.model.state_dict(),
        "heads": learner.heads.state_dict(),
        "fact_head": learner.fact_head.state_dict(),
        "step": run.step,
        "seconds": run.seconds,
    }
    torch.save(state, work / "run.new")
    os.replace(work / "run.new", work / "run.pt")
    about = manifest(seed=learner.seed, step=run.step, seconds=run.seconds, losses=losses, before=before)
    save_checkpoint(learner.model, make_processor(learner.tokenizer), out, about)


def main() -> None:
    """Train from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("checkpoints/demo"))
    parser.add_argument("--work", type=Path, default=Path(".palate/training"), help="what a stopped run needs to go on")
    parser.add_argument("--minutes", type=float, default=105)
    parser.add_argument("--eye-minutes", type=float, default=20, help="of these before, for the vision tower alone")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--start", type=Path, default=None, help="a finished checkpoint to go on from")
    parser.add_argument("--rate", type=float, default=1.0, help="what all learning rates are multiplied with")
    parser.add_argument("--processes", type=int, default=2, help="that learn together, one thread each")
    parser.add_argument("--port", type=int, default=29_517, help="on loopback, where they meet")
    given = parser.parse_args()
    if given.start is not None and not (given.start / "palate_manifest.json").is_file():
        parser.error(f"--start: {given.start} has no palate_manifest.json; name a checkpoint that this command wrote")
    if not math.isfinite(given.minutes) or given.minutes <= 0:
        parser.error("--minutes must be above 0")
    if not 0 < given.rate <= 1:
        parser.error("--rate must be above 0 and at most 1")
    given.work.mkdir(parents=True, exist_ok=True)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    context = multiprocessing.get_context("spawn")
    others = [context.Process(target=learn, args=(rank, given), daemon=True) for rank in range(1, given.processes)]
    for other in others:
        other.start()
    learn(0, given)
    for other in others:
        other.join()


def learn(rank: int, given: argparse.Namespace) -> None:
    """What one process of the team does."""
    import torch

    if given.processes > 1:
        torch.set_num_threads(1)
    team = Team(rank, given.processes)
    if rank:  # the first one makes what all need: pictures, tokenizer, tower
        team.join(given.port)
    else:
        prepare(given)
        team.join(given.port)
    train(team, given.work, given.out, minutes=given.minutes, seed=given.seed, start=given.start, rate=given.rate)


def prepare(given: argparse.Namespace) -> None:
    """Make the pictures, the tokenizer and the vision tower where they are missing."""
    pool = open_pool(given.work / "pool", count=POOL, seed=given.seed)
    unseen = open_pool(given.work / "pool_unseen", count=POOL_UNSEEN, seed=UNSEEN_SEED)
    if given.start is not None:
        return
    load_tokenizer(given.work, given.seed)
    if not (given.work / "tower.pt").is_file():
        told = train_tower(pool, unseen, given.work / "tower.pt", minutes=given.eye_minutes, seed=given.seed)
        print("vision tower", told, flush=True)


if __name__ == "__main__":
    main()
