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
from training.together import Team
from training.vision import eye_loss

ROWS = {  # examples of each kind in one step
    "describing": 4,
    "folding": 12,
    "responding": 4,
    "talking": 4,
    "wishing": 2,
    "intending": 5,
    "copying": 4,
    "choosing": 1,
    "by_eye": 1,
}
EYE_PICTURES, EYE_WEIGHT = 16, 0.3  # pictures whose values the tower still tells apart by itself, and their weight
DECISION_WEIGHT, FACT_WEIGHT, FACT_LAYER = 8.0, 2.0, 4
STATES = 10  # recommendations in one step, each with its candidates


@dataclass(frozen=True)
class Learner:
    """All that a step needs. heads, fact_head: thrown away after. targets: the pool's values.

    unmet: (vocabulary,) bool, the tokens no lesson holds; their embeddings stay where they start.
    """

    model: Any
    heads: Any
    fact_head: Any
    unmet: Any
    optimizers: list[Any]
    tokenizer: Any
    pool: PicturePool
    targets: Any
    seed: int
    team: Team

    @property
    def parameters(self) -> list[Any]:
        """All that is learned, the heads included, in a fixed order."""
        return [*self.model.parameters(), *self.heads.parameters(), *self.fact_head.parameters()]


def step_examples(
    seed: int, step: int, pool: PicturePool, team: Team
) -> tuple[list[roles.Example], list[roles.Decisions]]:
    """What one process of the team learns from in one step; the same for the same seed, step and team."""
    rng = random.Random(f"{seed}:{step}:{team.rank}")
    makers: dict[str, Any] = {
        "describing": lambda: roles.describing(rng, pool),
        "by_eye": lambda: roles.deciding_by_eye(rng, pool),
        "folding": lambda: roles.folding(rng),
        "responding": lambda: roles.responding(rng),
        "talking": lambda: talking(rng),
        "wishing": lambda: roles.wishing(rng),
        "intending": lambda: roles.intending(rng),
        "copying": lambda: roles.copying(rng),
        "choosing": lambda: roles.choosing(rng),
    }
    plan = [name for name, count in ROWS.items() for _ in range(count)]
    texts = [makers[name]() for name in plan[team.rank :: team.size]]
    return texts, [roles.deciding(rng) for _ in range(STATES)[team.rank :: team.size]]


def text_losses(model: Any, fact_head: Any, batch: TextBatch) -> tuple[Any, Any, Any]:
    """The losses of a batch's answer tokens, their weights, and how wrong the model is about what facts say.

    The last is the mean over the values that events and edits of folds name, 0 where there are none.
    """
    from torch.nn import functional

    told = len(batch.facts) > 0
    made = model.model(input_ids=batch.input_ids, pixel_values=batch.pixels, use_cache=False, output_hidden_states=told)
    learned = batch.labels != IGNORED
    logits = model.lm_head(made.last_hidden_state[learned])
    losses = functional.cross_entropy(logits.float(), batch.labels[learned], reduction="none")
    found = fact_loss(fact_head, made.hidden_states[FACT_LAYER], batch.facts) if told else losses.sum() * 0
    return losses, batch.weights[learned], found


def fact_loss(fact_head: Any, halfway: Any, facts: Any) -> Any:
    """The cross-entropy of what the facts say of each value, read at the value's last token."""
    from torch.nn import functional

    told = fact_head(halfway[facts[:, 0], facts[:, 1]]).float()
    return functional.cross_entropy(told, facts[:, 2], weight=told.new_tensor([1.0, 2.0, 2.0]))


def decision_losses(model: Any, fact_head: Any, batch: DecisionBatch, yes: int, no: int) -> tuple[Any, Any]:
    """The mean cross-entropy of the answers with their probabilities, and that of what facts say of each value.

    The second is read after four of six layers, at the values of a candidate. It teaches the way to an answer, which
    the answer alone hardly does: find the value among the facts, and whether it is liked there.
    """
    made = model.model(
        input_ids=batch.input_ids,
        attention_mask=batch.mask,
        position_ids=batch.positions,
        use_cache=False,
        output_hidden_states=True,
    )
    found = fact_loss(fact_head, made.hidden_states[FACT_LAYER], batch.facts)
    logits = model.lm_head(made.last_hidden_state[batch.reads[:, 0], batch.reads[:, 1]]).float()
    logs = logits.log_softmax(-1)
    return -(batch.p * logs[:, yes] + (1 - batch.p) * logs[:, no]).mean(), found


def optimizers(model: Any, heads: Any, fact_head: Any, team: Team) -> list[Any]:
    """Muon for the layers' matrices, AdamW for the rest; `base` is each group's full rate.

    They move only the parameters this process owns.
    """
    import torch

    everything = [*model.parameters(), *heads.parameters(), *fact_head.parameters()]
    owners = team.owner_of(everything)
    matrices = {id(p) for n, p in model.named_parameters() if ".layers." in n and p.ndim == 2}
    in_tower = {id(p) for n, p in model.named_parameters() if "vision_tower" in n}
    own = [p for p in everything if owners[id(p)] == team.rank]
    words = model.get_input_embeddings().weight
    decoder = [p for p in own if id(p) in matrices and id(p) not in in_tower]
    eye = [p for p in own if id(p) in matrices and id(p) in in_tower]
    rest = [p for p in own if id(p) not in matrices and p is not words]
    muon = torch.optim.Muon(
        [{"params": decoder, "lr": 2e-3}, {"params": eye, "lr": 1e-3}],
        weight_decay=0.05,
        adjust_lr_fn="match_rms_adamw",
    )
    groups: list[dict[str, Any]] = [{"params": rest}]
    if any(p is words for p in own):  # slower, and never pulled to nothing: they start with a meaning
        groups.append({"params": [words], "lr": 6e-4, "weight_decay": 0.0})
    adam = torch.optim.AdamW(groups, lr=1.5e-3, betas=(0.9, 0.95), weight_decay=0.01, fused=True)
    for optimizer in (muon, adam):
        for group in optimizer.param_groups:
            group.setdefault("base", group["lr"])
    return [muon, adam]


def rate_at(progress: float, step: int, *, fresh: bool = True) -> float:
    """The learning rate as a share of the full one: a short rise, a plateau, a straight fall to nothing.

    fresh: whether the run began from nothing; one that goes on falls from the start, since what is known must be kept.
    """
    fall = 0.2 if fresh else 1.0
    return min(1.0, (step + 1) / 60) * min(1.0, max(0.0, (1 - progress) / fall))


def train_step(learner: Learner, step: int) -> dict[str, float]:
    """One step over all roles; returns the mean loss of each."""
    import numpy as np
    import torch

    model, told = learner.model, defaultdict[str, list[float]](list)
    texts, decisions = step_examples(learner.seed, step, learner.pool, learner.team)
    batches = list(text_batches(learner.tokenizer, texts, learner.pool, tokens=1400))
    total = sum(float(batch.weights.sum()) for batch in batches)
    named = sum(len(batch.facts) for batch in batches)
    for batch in batches:
        with torch.autocast("cpu", torch.bfloat16):
            losses, weights, matched = text_losses(model, learner.fact_head, batch)
        ((losses * weights).sum() / total + matched * (len(batch.facts) / max(1, named))).backward()
        rows = (batch.labels != IGNORED).nonzero()[:, 0].tolist()
        for row, loss in zip(rows, losses.tolist(), strict=True):
            told[batch.roles[row]].append(loss)
    yes, no = (learner.tokenizer.convert_tokens_to_ids(word) for word in ("Yes", "No"))
    with torch.autocast("cpu", torch.bfloat16):
        packed = decision_batch(learner.tokenizer, decisions)
        decided, found = decision_losses(model, learner.fact_head, packed, yes, no)
    rng = np.random.default_rng((learner.seed, step, learner.team.rank))
    tower = model.model.vision_tower
    seen = eye_loss(
        tower, learner.heads, learner.pool, learner.targets, batch=EYE_PICTURES // learner.team.size, rng=rng
    )
    (DECISION_WEIGHT * decided + FACT_WEIGHT * found + EYE_WEIGHT * seen).backward()
    told["decisions"].append(decided.item())
    told["facts"].append(found.item())
    told["eye"].append(seen.item())
    parameters = learner.parameters
    model.get_input_embeddings().weight.grad[learner.unmet] = 0.0
    learner.team.average_gradients(parameters)
    torch.nn.utils.clip_grad_norm_(parameters, 1.0)
    for optimizer in learner.optimizers:
        optimizer.step()
    learner.team.share_parameters(parameters)
    for parameter in parameters:
        parameter.grad = None
    return {role: sum(values) / len(values) for role, values in told.items()}
