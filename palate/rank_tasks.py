"""What `palate rank` reads: a list a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from catalog.items import Catalogue
from palate.failures import Mistake

_SHAPE = 'write {"user_id": "…", "history": ["id"], "target": "id", "negatives": ["id"]}; "target" may be left out'


class RankTask(BaseModel):
    """One list to rank. history: item ids the person liked, oldest first. target: the one they went on to like."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    user_id: str = Field(min_length=1)
    history: tuple[str, ...] = ()
    target: str | None = None
    negatives: tuple[str, ...]

    @property
    def candidates(self) -> tuple[str, ...]:
        """The items to order: the negatives, and the target behind them, where nothing is gained by its place."""
        return self.negatives if self.target is None else (*self.negatives, self.target)

    @model_validator(mode="after")
    def _refuse_what_cannot_be_ranked(self) -> Self:
        if not self.candidates:
            raise ValueError("negatives are empty and there is no target, so nothing is left to rank")
        if len(set(self.candidates)) < len(self.candidates):
            raise ValueError("an item stands twice among target and negatives")
        return self


def read_tasks(lines: Iterable[str], source: str, catalogue: Catalogue) -> Iterator[RankTask]:
    """Read and check the lines. Raises Mistake at the first that is malformed or names an unknown item."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            task = RankTask.model_validate_json(line)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            told = f"{source}:{number}: {where} {first['msg'].removeprefix('Value error, ')}"
            raise Mistake(told.replace(":  ", ": "), _SHAPE) from error
        unknown = [one for one in (*task.history, *task.candidates) if one not in catalogue]
        if unknown:
            raise Mistake(
                f"{source}:{number}: no item {unknown[0]!r} in the catalogue {catalogue.name!r}",
                "correct the id, or name the catalogue by --catalogue",
            )
        yield task
