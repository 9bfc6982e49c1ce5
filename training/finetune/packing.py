"""The rows of one group in one: what they share stands once, then each row's own part, blind to its neighbours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from models.local import rows as local_rows
from training.finetune.rows import Row

Count = Callable[[Row], Any]  # positions of a whole row as its model counts them, (axes, tokens)


@dataclass(frozen=True)
class Packed:
    """One row for the model. All lists but `answers` have an entry per token.

    segments: 0 for the prefix, 1 and up for the rows' own parts. places: where the token stands in its row alone.
    positions: (axes, tokens), what the model is told. answers: (place in `ids`, token that is learned there), the place
    being the one before the token. pictures: rows whose pictures belong to `ids`, in the order of their tokens.
    """

    ids: list[int]
    segments: list[int]
    places: list[int]
    positions: Any
    kinds: dict[str, list[int]]
    answers: list[tuple[int, int]]
    pictures: list[Row]


def prefix_length(rows: Sequence[Row], picture_token: int | None) -> int:
    """How many leading tokens all rows share; each keeps at least one of its prompt, so that answers stay apart.

    Ends before the first picture unless all rows have the same pictures in it. Raises ValueError for a row that is
    nothing but its answer.
    """
    if any(len(row.ids) <= row.answer for row in rows):
        raise ValueError("a row has an answer and no prompt; write what is asked before it")
    prompts = [
        local_rows.Row(
            row.ids[: len(row.ids) - row.answer], [], (), 1.0, {k: v for k, v in row.inputs.items() if _sized(v)}
        )
        for row in rows
    ]
    return local_rows.shared_prefix(prompts, picture_token)


def pack_group(rows: Sequence[Row], count: Count, *, picture_token: int | None, width: int) -> list[Packed]:
    """Pack the rows of a group, in order, into as few rows as cost least. width: of the model's hidden states."""
    length = prefix_length(rows, picture_token)
    own = [len(row.ids) - length for row in rows]
    packed, start = [], 0
    for size in part_sizes(length, own, width):
        packed.append(_pack(rows[start : start + size], length, count, picture_token))
        start += size
    return packed


def part_sizes(prefix: int, own: Sequence[int], width: int) -> list[int]:
    """How many rows to put behind one prefix: repeating the prefix costs matrix work, long rows cost attention.

    Under a mask every token is compared with every other, 2·d·L² multiplications a layer, beside 12·d²·L for the
    matrices of a usual layer. Returns sizes that differ by at most one and sum to the number of rows.
    """

    def cost(parts: int) -> float:
        length = prefix + sum(own) / parts
        return parts * length * (6 * width + length)

    parts = min(range(1, len(own) + 1), key=cost)
    return [len(own) // parts + (number < len(own) % parts) for number in range(parts)]


def attention(packed: Sequence[Packed], *, window: int | None = None, kinds: str | None = None) -> Any:
    """What each token may look at: bool (rows, 1, length, length), True where it may.

    Itself and what comes before it in the prefix or in its own part. window: how many tokens back, counted in its row
    alone. kinds: name of the per-token input by whose 1s the tokens of one picture see one another both ways. Padding
    sees padding, as a row that sees nothing has no defined softmax.
    """
    import torch

    length = max(len(one.ids) for one in packed)
    segments = torch.tensor([one.segments + [-1] * (length - len(one.ids)) for one in packed])
    places = torch.tensor([one.places + list(range(length - len(one.ids))) for one in packed])
    looking, looked_at = segments[:, :, None], segments[:, None, :]
    allowed = torch.ones((length, length), dtype=torch.bool).tril()
    allowed = allowed & ((looking == looked_at) | ((looked_at == 0) & (looking > 0)))
    if kinds:
        pictures = torch.tensor([_pictures(one, kinds) + [-1] * (length - len(one.ids)) for one in packed])
        allowed = allowed | ((pictures[:, :, None] == pictures[:, None, :]) & (pictures[:, :, None] >= 0))
    if window:
        allowed = allowed & (places[:, :, None] - places[:, None, :] < window)
    return allowed[:, None]


def _pack(rows: Sequence[Row], length: int, count: Count, picture_token: int | None) -> Packed:
    import torch

    first = rows[0]
    ids, segments, places = first.ids[:length], [0] * length, list(range(length))
    positions = [count(first)[:, :length]]
    names = sorted({name for row in rows for name in row.kinds})
    kinds = {name: _kind(first, name)[:length] for name in names}
    answers = []
    for number, row in enumerate(rows, 1):
        shift = len(ids) - length
        answers += [(place + shift - 1, row.ids[place]) for place in range(len(row.ids) - row.answer, len(row.ids))]
        ids = [*ids, *row.ids[length:]]
        segments += [number] * (len(row.ids) - length)
        places += range(length, len(row.ids))
        positions.append(count(row)[:, length:])
        for name in names:
            kinds[name] = [*kinds[name], *_kind(row, name)[length:]]
    inside = picture_token in first.ids[:length]
    pictured = [first] if inside else [row for row in rows if row.inputs]
    return Packed(ids, segments, places, torch.cat(positions, dim=1), kinds, answers, pictured)


def _kind(row: Row, name: str) -> list[int]:
    return row.kinds.get(name, [0] * len(row.ids))


def _pictures(packed: Packed, kinds: str) -> list[int]:
    """The number of the picture that each token is a piece of, -1 for words."""
    found, number, before = [], -1, (0, 0)
    for one in zip(packed.kinds.get(kinds, [0] * len(packed.ids)), packed.segments, strict=True):
        number += one[0] == 1 and one != before
        found.append(number if one[0] == 1 else -1)
        before = one
    return found


def _sized(value: Any) -> bool:
    return hasattr(value, "shape")
