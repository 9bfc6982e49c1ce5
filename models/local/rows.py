"""Questions as a model reads them: their tokens, what they share, and their pictures as inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from models.local.architectures import TOKEN_KINDS, positions
from models.local.features import Features, as_inputs, placed

if TYPE_CHECKING:
    from models.local.runtime import Runtime


@dataclass(frozen=True)
class Row:
    """One question as the model reads it: token ids up to the place of the answer, and the labels' ids.

    pictures: input name → tensor, empty without a picture. kinds: input name → (1, tokens), where the model wants to be
    told which tokens are of a picture. look: gives the features of its picture, where those are kept.
    """

    ids: list[int]
    labels: list[int]
    options: tuple[str, ...]
    temperature: float
    pictures: dict[str, Any] = field(default_factory=dict)
    kinds: dict[str, Any] = field(default_factory=dict)
    look: Callable[[], Features] | None = None


def shared_prefix(rows: Sequence[Row], picture_token: int | None = None) -> int:
    """Give how many leading tokens all rows have in common, leaving each at least one of its own.

    The tokens of different pictures look the same, so a prefix ends before the first picture unless it is the same
    picture in all rows, and never within one.
    """
    shortest, longest = min(row.ids for row in rows), max(row.ids for row in rows)
    limit = min(len(row.ids) for row in rows) - 1
    length = next((place for place in range(limit) if shortest[place] != longest[place]), limit)
    places = [place for place, token in enumerate(rows[0].ids) if token == picture_token] if rows[0].pictures else []
    if not places or length <= places[0]:
        return length
    return length if length > places[-1] and _same_pictures(rows) else places[0]


def _same_pictures(rows: Sequence[Row]) -> bool:
    import torch

    first = rows[0].pictures
    return all(
        row.pictures.keys() == first.keys() and all(torch.equal(row.pictures[name], first[name]) for name in first)
        for row in rows[1:]
    )


def positions_of(runtime: Runtime, row: Row) -> Any:
    """Give the positions of a row, (axes, tokens), as the model counts them."""
    kinds = next((row.kinds[name] for name in TOKEN_KINDS if name in row.kinds), None)
    return positions(runtime.model, row.ids, kinds, row.pictures.get("image_grid_thw"))


def counted(places: Any) -> Any:
    """Give positions (axes, rows, tokens) as a model takes them: without the first size where there is one axis."""
    return places if len(places) > 1 else places[0]


def pictures_of(runtime: Runtime, rows: Sequence[Row]) -> dict[str, Any]:
    """Give the pictures of some rows, all with one or all without, as the model takes them: features, or pixels."""
    looks = [row.look for row in rows if row.look is not None]
    if looks:
        return as_inputs([look() for look in looks])
    return placed(runtime, stacked([row.pictures for row in rows]))


def stacked(inputs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Put the tensors of several rows together; those with fewer tiles or tokens are filled up with zeros."""
    import torch

    made = {}
    for name in inputs[0]:
        tensors = [one[name] for one in inputs]
        width = max(tensor.shape[1] for tensor in tensors)
        filled = [
            torch.cat([tensor, tensor.new_zeros(tensor.shape[0], width - tensor.shape[1], *tensor.shape[2:])], dim=1)
            for tensor in tensors
        ]
        made[name] = torch.cat(filled)
    return made
