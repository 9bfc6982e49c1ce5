"""The eye before it has words: the vision tower learns to tell the values of a look apart.

Five linear heads read the mean of the patch features; they are thrown away after. It costs a fifteenth of learning the
same through the decoder, and leaves patch features that the projector can use at once.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np

from catalog.demo.looks import ASPECTS, VALUES
from training.pictures import PicturePool, open_pool
from training.shape import vision_config


def as_pixels(pictures: Any, *, shift: tuple[int, int] = (0, 0), light: float = 1.0) -> Any:
    """Pictures (n, side, side, 3) uint8 as normalized pixel values (n, 3, side, side), float32 in about [-1, 1].

    shift: pixels to roll down and right; light: a factor on brightness. Both vary training pictures a little.
    """
    import torch

    values = torch.from_numpy(np.array(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1
    if shift != (0, 0):
        values = torch.roll(values, shift, dims=(2, 3))
    return values if light == 1.0 else (values * light).clamp(-1, 1)


def as_targets(pool: PicturePool) -> Any:
    """The value numbers of every picture, (n, 5) int64, in the order of ASPECTS."""
    import torch

    return torch.tensor([[VALUES[aspect].index(look.value(aspect)) for aspect in ASPECTS] for look in pool.looks])


def new_heads() -> Any:
    """One linear head for each aspect, to be thrown away after training."""
    import torch

    return torch.nn.ModuleList(torch.nn.Linear(vision_config().hidden_size, len(VALUES[a])) for a in ASPECTS)


def eye_loss(tower: Any, heads: Any, pool: PicturePool, targets: Any, *, batch: int, rng: Any) -> Any:
    """The summed loss of telling five values apart on `batch` random pictures, the subject counted twice.

    Pictures are shifted and lit a little differently each time. rng: a numpy Generator.
    """
    import torch
    from torch.nn import functional

    rows = np.sort(rng.choice(len(pool), batch, replace=False))
    shift = (int(rng.integers(-5, 6)), int(rng.integers(-5, 6)))
    pixels = as_pixels(pool.pixels[rows], shift=shift, light=float(rng.uniform(0.9, 1.1)))
    with torch.autocast("cpu", torch.bfloat16):
        features = tower(pixels).last_hidden_state[:, 1:].mean(1)
        scores = [head(features) for head in heads]
    losses = [functional.cross_entropy(score.float(), targets[rows, c]) for c, score in enumerate(scores)]
    return sum(losses) + losses[0]  # the subject is the hardest to see


def accuracy(tower: Any, heads: Any, pool: PicturePool) -> dict[str, float]:
    """The share of pictures whose value is read right, by aspect."""
    import torch

    targets = as_targets(pool)
    hits = torch.zeros(len(ASPECTS))
    with torch.no_grad():
        for start in range(0, len(pool), 100):
            features = tower(as_pixels(pool.pixels[start : start + 100])).last_hidden_state[:, 1:].mean(1)
            for column, head in enumerate(heads):
                hits[column] += (head(features).argmax(-1) == targets[start : start + 100, column]).sum()
    return {aspect: float(hits[column]) / len(pool) for column, aspect in enumerate(ASPECTS)}


def train_tower(
    pool: PicturePool,
    unseen: PicturePool,
    out: Path,
    *,
    minutes: float,
    seed: int,
    batch: int = 64,
    start: Path | None = None,
) -> dict[str, float]:
    """Train for `minutes` and write the tower's weights to `out`; returns the accuracy on unseen pictures.

    start: weights to go on from, for a second run.
    """
    import torch
    from transformers import CLIPVisionModel

    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    tower = CLIPVisionModel(vision_config())
    heads = new_heads()
    if start is not None:
        tower.load_state_dict(torch.load(start))
    parameters = [*tower.parameters(), *heads.parameters()]
    matrices = [p for n, p in tower.named_parameters() if "encoder.layers" in n and p.ndim == 2]
    taken = {id(p) for p in matrices}
    others = [p for p in parameters if id(p) not in taken]
    muon = torch.optim.Muon(matrices, lr=2e-3, weight_decay=0.05, adjust_lr_fn="match_rms_adamw")
    adam = torch.optim.AdamW(others, lr=1e-3, betas=(0.9, 0.98), weight_decay=0.05, fused=True)
    targets, started, step = as_targets(pool), time.monotonic(), 0
    while (progress := (time.monotonic() - started) / (60 * minutes)) < 1:
        rate = min(1.0, (step + 1) / 50) * max(0.03, min(1.0, 2 * (1 - progress)))
        for optimizer, full in ((muon, 2e-3), (adam, 1e-3)):
            for group in optimizer.param_groups:
                group["lr"] = full * rate
        loss = eye_loss(tower, heads, pool, targets, batch=batch, rng=rng)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        for optimizer in (muon, adam):
            optimizer.step()  # type: ignore[no-untyped-call]
            optimizer.zero_grad(set_to_none=True)
        step += 1
        if step % 100 == 0:
            print(f"{step} {time.monotonic() - started:.0f} s loss {loss.item():.3f}", flush=True)
        if step % 500 == 0:
            torch.save(tower.state_dict(), out)
            print(accuracy(tower, heads, unseen), flush=True)
    torch.save(tower.state_dict(), out)
    return accuracy(tower, heads, unseen)


def main() -> None:
    """Train the tower from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", type=Path, help="folder with the picture pools; the tower is written here")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--start", type=Path, default=None, help="weights to go on from")
    given = parser.parse_args()
    pool = open_pool(given.work / "pool", count=14_000, seed=given.seed)
    unseen = open_pool(given.work / "pool_unseen", count=600, seed=900_001)
    print(train_tower(pool, unseen, given.work / "tower.pt", minutes=given.minutes, seed=given.seed, start=given.start))


if __name__ == "__main__":
    main()
