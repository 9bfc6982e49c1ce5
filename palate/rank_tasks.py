"""What `palate rank` reads: a task a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from catalog.items import Catalogue
from palate.failures import Mistake


class RankTask(BaseModel):
    """One line to rank. history: item ids the person liked, oldest first. relevant: which candidates they did like."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    user_id: str = Field(min_length=1)
    history: tuple[str, ...] = ()
    candidates: tuple[str, ...] = Field(min_length=1)
    relevant: tuple[str, ...] | None = None


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
            remedy = 'write {"user_id": "…", "history": ["id"], "candidates": ["id"], "relevant": ["id"]}'
            raise Mistake(f"{source}:{number}: {where} {first['msg']}".replace(":  ", ": "), remedy) from error
        unknown = [one for one in (*task.history, *task.candidates) if one not in catalogue]
        if unknown:
            raise Mistake(
                f"{source}:{number}: no item {unknown[0]!r} in the catalogue {catalogue.name!r}",
                "correct the id, or name the catalogue by --catalogue",
            )
        yield task
