"""One training step: what it learns from, how wrong the model was, and what changes."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from training import roles
from training.batches import IGNORED, DecisionBatch, TextBatch, decision_batch, text_batches
from training.pictures import PicturePool
from training.talk import talking
from training.vision import eye_loss

ROWS = {  # examples of each kind in one step
    "describing": 9,
    "folding": 8,
    "responding": 4,
    "talking": 5,
    "wishing": 6,
    "intending": 6,
    "choosing": 1,
    "by_eye": 1,
}
EYE_PICTURES, EYE_WEIGHT = 16, 0.3  # pictures whose values the tower still tells apart by itself, and their weight
STATES = 2  # recommendations in one step, each with its candidates


@dataclass(frozen=True)
class Learner:
    """All that a step needs. heads: tell values apart by the tower while it learns. targets: the pool's values."""

    model: Any
    heads: Any
    optimizers: list[Any]
    tokenizer: Any
    pool: PicturePool
    targets: Any
    seed: int


def step_examples(seed: int, step: int, pool: PicturePool) -> tuple[list[roles.Example], list[roles.Decisions]]:
    """What one step learns from; the same for the same seed and step."""
    rng = random.Random(f"{seed}:{step}")
    makers: dict[str, Any] = {
        "describing": lambda: roles.describing(rng, pool),
        "by_eye": lambda: roles.deciding_by_eye(rng, pool),
        "folding": lambda: roles.folding(rng),
        "responding": lambda: roles.responding(rng),
        "talking": lambda: talking(rng),
        "wishing": lambda: roles.wishing(rng),
        "intending": lambda: roles.intending(rng),
        "choosing": lambda: roles.choosing(rng),
    }
    texts = [makers[name]() for name, count in ROWS.items() for _ in range(count)]
    return texts, [roles.deciding(rng) for _ in range(STATES)]


def text_loss(model: Any, batch: TextBatch) -> tuple[Any, Any]:
    """The summed weighted loss of a batch's answers, and their summed weights."""
    from torch.nn import functional

    hidden = model.model(input_ids=batch.input_ids, pixel_values=batch.pixels, use_cache=False).last_hidden_state
    learned = batch.labels != IGNORED
    logits = model.lm_head(hidden[learned])
    losses = functional.cross_entropy(logits.float(), batch.labels[learned], reduction="none")
    return losses, batch.weights[learned]


def decision_loss(model: Any, batch: DecisionBatch, yes: int, no: int) -> Any:
    """The mean cross-entropy of the answers with their probabilities, over the whole vocabulary."""
    hidden = model.model(
        input_ids=batch.input_ids, attention_mask=batch.mask, position_ids=batch.positions, use_cache=False
    ).last_hidden_state
    logits = model.lm_head(hidden[batch.reads[:, 0], batch.reads[:, 1]]).float()
    logs = logits.log_softmax(-1)
    return -(batch.p * logs[:, yes] + (1 - batch.p) * logs[:, no]).mean()


def optimizers(model: Any, heads: Any) -> list[Any]:
    """Muon for the layers' matrices, AdamW for the rest; `base` is each group's full rate."""
    import torch

    decoder = [p for n, p in model.named_parameters() if "language_model.layers" in n and p.ndim == 2]
    eye = [p for n, p in model.named_parameters() if "vision_tower.encoder.layers" in n and p.ndim == 2]
    taken = {id(p) for p in (*decoder, *eye)}
    rest = [p for p in (*model.parameters(), *heads.parameters()) if id(p) not in taken]
    muon = torch.optim.Muon(
        [{"params": decoder, "lr": 2e-3}, {"params": eye, "lr": 1e-3}],
        weight_decay=0.05,
        adjust_lr_fn="match_rms_adamw",
    )
    adam = torch.optim.AdamW(rest, lr=1.5e-3, betas=(0.9, 0.95), weight_decay=0.01, fused=True)
    for optimizer in (muon, adam):
        for group in optimizer.param_groups:
            group.setdefault("base", group["lr"])
    return [muon, adam]


def rate_at(progress: float, step: int) -> float:
    """The learning rate as a share of the full one: a short rise, a plateau, a straight fall to nothing."""
    return min(1.0, (step + 1) / 60) * min(1.0, max(0.0, (1 - progress) / 0.5))


def train_step(learner: Learner, step: int) -> dict[str, float]:
    """One step over all roles; returns the mean loss of each."""
    import numpy as np
    import torch

    model, told = learner.model, defaultdict[str, list[float]](list)
    texts, decisions = step_examples(learner.seed, step, learner.pool)
    batches = list(text_batches(learner.tokenizer, texts, learner.pool, tokens=3000))
    total = sum(float(batch.weights.sum()) for batch in batches)
    for batch in batches:
        with torch.autocast("cpu", torch.bfloat16):
            losses, weights = text_loss(model, batch)
        ((losses * weights).sum() / total).backward()
        rows = (batch.labels != IGNORED).nonzero()[:, 0].tolist()
        for row, loss in zip(rows, losses.tolist(), strict=True):
            told[batch.roles[row]].append(loss)
    yes, no = (learner.tokenizer.convert_tokens_to_ids(word) for word in ("Yes", "No"))
    with torch.autocast("cpu", torch.bfloat16):
        decided = decision_loss(model, decision_batch(learner.tokenizer, decisions), yes, no)
    rng = np.random.default_rng((learner.seed, step))
    tower = model.model.vision_tower
    seen = eye_loss(tower, learner.heads, learner.pool, learner.targets, batch=EYE_PICTURES, rng=rng)
    (decided + EYE_WEIGHT * seen).backward()
    told["decisions"].append(decided.item())
    told["eye"].append(seen.item())
    torch.nn.utils.clip_grad_norm_([*model.parameters(), *learner.heads.parameters()], 1.0)
    for optimizer in learner.optimizers:
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    return {role: sum(values) / len(values) for role, values in told.items()}
