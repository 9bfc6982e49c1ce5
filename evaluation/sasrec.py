"""SASRec as a baseline, the model from the library torch-rechub: attention over what someone liked, in its order.

Source: Kang and McAuley, Self-attentive sequential recommendation, ICDM 2018, with its loss and its settings.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evaluation.held_out import HeldOut

EVERY, PATIENCE, JUDGED = 5, 4, 2000  # epochs between looks, looks without a gain before the end, users looked at


@dataclass(frozen=True)
class SasrecSettings:
    """As published, for sets of this size. length: likings that are looked at, the latest."""

    dims: int = 50
    blocks: int = 2
    heads: int = 1
    length: int = 50
    dropout: float = 0.2
    batch: int = 128
    rate: float = 1e-3
    epochs: int = 200


def sasrec_scores(
    sequences: Mapping[str, Sequence[str]],
    item_ids: Sequence[str],
    lists: Sequence[HeldOut],
    *,
    settings: SasrecSettings | None = None,
    seed: int = 0,
) -> list[list[float]]:
    """Score the candidates of every list, in order, by a model trained on the sequences; unknown items score 0.

    sequences: user id → liked items, oldest first, without what the lists ask for. Everyone's last liking there decides
    when training ends. Raises ImportError where the library is not installed.
    """
    import torch

    torch.manual_seed(seed)
    known = _Known(settings or SasrecSettings(), {item: number for number, item in enumerate(item_ids, 1)}, seed)
    model = known.model()
    known.train(model, [[known.numbers[one] for one in own if one in known.numbers] for own in sequences.values()])
    return known.scores(model, [one.history for one in lists], [one.candidates for one in lists])


@dataclass(frozen=True)
class _Known:
    """The items by their numbers, from 1; 0 is no item."""

    settings: SasrecSettings
    numbers: Mapping[str, int]
    seed: int

    def model(self) -> Any:
        from torch_rechub.basic.features import SequenceFeature
        from torch_rechub.basic.initializers import XavierNormal
        from torch_rechub.models.matching import SASRec

        size, dims = len(self.numbers) + 1, self.settings.dims
        first = SequenceFeature("seq", size, dims, pooling="concat", padding_idx=0, initializer=XavierNormal())
        more = [SequenceFeature(name, size, dims, pooling="concat", shared_with="seq") for name in ("pos", "neg")]
        return SASRec(
            [first, *more],
            max_len=self.settings.length,
            dropout_rate=self.settings.dropout,
            num_blocks=self.settings.blocks,
            num_heads=self.settings.heads,
        )

    def train(self, model: Any, sequences: Sequence[list[int]]) -> None:
        """Learn to tell each next item from one drawn evenly; ends, at its best, when the last is told no better."""
        import torch

        draw = random.Random(self.seed)
        taught = [own[:-1] for own in sequences if len(own) >= 3]
        judged = [own for own in sequences if len(own) >= 3][:JUDGED]
        if not taught:
            return
        chosen = torch.optim.Adam(model.parameters(), lr=self.settings.rate, betas=(0.9, 0.98))
        best, best_state, worse = -1.0, {}, 0
        for epoch in range(self.settings.epochs):
            model.train()
            model.mode = None
            draw.shuffle(taught)
            for start in range(0, len(taught), self.settings.batch):
                self._learn(model, chosen, taught[start : start + self.settings.batch], draw)
            if (epoch + 1) % EVERY == 0:
                gained = self._judge(model, judged)
                if gained > best:
                    best, worse = gained, 0
                    best_state = {name: one.clone() for name, one in model.state_dict().items()}
                else:
                    worse += 1
                if worse >= PATIENCE:
                    break
        if best_state:
            model.load_state_dict(best_state)

    def _learn(self, model: Any, chosen: Any, sequences: Sequence[list[int]], draw: random.Random) -> None:
        import torch

        rows = [one[-self.settings.length - 1 :] for one in sequences]
        strangers = [[_stranger(draw, set(one), len(self.numbers)) for _ in one[1:]] for one in sequences]
        given = {
            "seq": self._filled([one[:-1] for one in rows]),
            "pos": self._filled([one[1:] for one in rows]),
            "neg": self._filled([one[-self.settings.length :] for one in strangers]),
        }
        liked, not_liked = model(given)
        there = (given["pos"] != 0)[: len(liked)]
        lost = torch.nn.functional.binary_cross_entropy_with_logits
        chosen.zero_grad()
        loss: Any = lost(liked[there], torch.ones_like(liked[there]))
        loss = loss + lost(not_liked[there], torch.zeros_like(not_liked[there]))
        loss.backward()
        chosen.step()

    def _judge(self, model: Any, sequences: Sequence[list[int]]) -> float:
        """How often the last item stands before one drawn evenly: the AUC by samples."""
        draw = random.Random(self.seed + 1)
        pairs = [[_stranger(draw, set(own), len(self.numbers)), own[-1]] for own in sequences]
        found = self._scored(model, [own[:-1] for own in sequences], pairs)
        return sum(one[1] > one[0] for one in found) / len(found)

    def scores(
        self, model: Any, histories: Sequence[Sequence[str]], candidates: Sequence[Sequence[str]]
    ) -> list[list[float]]:
        """Score candidates after histories."""
        before = [[self.numbers[one] for one in own if one in self.numbers] for own in histories]
        return self._scored(model, before, [[self.numbers.get(one, 0) for one in own] for own in candidates])

    def _scored(self, model: Any, before: Sequence[list[int]], asked: Sequence[Sequence[int]]) -> list[list[float]]:
        import torch

        model.eval()
        model.mode = "user"
        items, found = model.item_emb.embed_dict["seq"].weight, []
        with torch.inference_mode():
            for start in range(0, len(before), 512):
                part = slice(start, start + 512)
                users = model({"seq": self._filled([own[-self.settings.length :] for own in before[part]])})
                found += [(items[list(own)] @ user).tolist() for own, user in zip(asked[part], users, strict=False)]
        return found

    def _filled(self, rows: Sequence[list[int]]) -> Any:
        """(rows, length), filled with 0 on the right; one row stands twice, as the library takes no batch of one."""
        import torch

        rows = list(rows) * 2 if len(rows) == 1 else rows
        return torch.tensor([own + [0] * (self.settings.length - len(own)) for own in rows])


def _stranger(draw: random.Random, own: set[int], items: int) -> int:
    """An item that is not among a person's own, unless nearly all are."""
    for _ in range(50):
        if (one := draw.randint(1, items)) not in own:
            return one
    return draw.randint(1, items)
