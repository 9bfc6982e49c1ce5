"""What evaluations came to, kept on the disk: a folder each, with the figures as JSON and the plots beside them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from memory.durable import write_whole

Kind = Literal["memory", "blend", "training"]
FILE = "result.json"
_ID = re.compile(r"\d{8}T\d{6}-[a-z]+(-\d+)?")


class ResultUnusable(Exception):
    """A kept result that cannot be read."""

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(path, detail)
        self.path, self.detail = path, detail

    def __str__(self) -> str:
        return f"the result {self.path} cannot be read ({self.detail}); delete its folder, or evaluate once more"


class Figure(BaseModel):
    """A number. low, high: its 95 % interval; None where none is known."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: float
    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        told = f"{self.value:,.0f}" if self.value == int(self.value) and abs(self.value) > 1 else f"{self.value:.3f}"
        return told if self.low is None or self.high is None else f"{told} [{self.low:.3f}, {self.high:.3f}]"


class ResultTable(BaseModel):
    """Figures by row and column; a row may lack some. heading: what the rows are."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    heading: str
    rows: Mapping[str, Mapping[str, Figure]]

    @classmethod
    def of_scorers(cls, title: str, scorers: Mapping[str, Mapping[str, Mapping[str, float]]]) -> ResultTable:
        """Of metrics by scorer, each with its mean, low and high."""
        rows = {
            scorer: {
                name: Figure(value=one["mean"], low=one.get("low"), high=one.get("high")) for name, one in own.items()
            }
            for scorer, own in scorers.items()
        }
        return cls(title=title, heading="scorer", rows=rows)

    @property
    def columns(self) -> list[str]:
        """Every column that a row has, in the order they first come."""
        return list(dict.fromkeys(name for row in self.rows.values() for name in row))


class Result(BaseModel):
    """What one evaluation came to. settings: what it was run with, in words. plots: names of PNG files beside it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    made_at: datetime
    settings: Mapping[str, str] = Field(default_factory=dict)
    tables: tuple[ResultTable, ...] = ()
    plots: tuple[str, ...] = ()


class ResultStore:
    """The results under one folder, each by an id that begins with its moment."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, result: Result, plots: Mapping[str, bytes] | None = None) -> str:
        """Keep a result and its plots, PNG files by name, whole; returns its id. Raises OSError."""
        plots = plots or {}
        name = f"{result.made_at:%Y%m%dT%H%M%S}-{result.kind}"
        taken = [one for one in self.ids() if one == name or one.startswith(f"{name}-")]
        result_id = f"{name}-{len(taken) + 1}" if taken else name
        for plot, data in plots.items():
            write_whole(self._folder / result_id / plot, data)
        kept = result.model_copy(update={"plots": tuple(plots)})
        write_whole(self._folder / result_id / FILE, kept.model_dump_json(indent=1).encode())  # last: it makes it whole
        return result_id

    def ids(self) -> list[str]:
        """The ids of all results, the newest first."""
        found: Iterable[Path] = self._folder.glob(f"*/{FILE}")
        return sorted((path.parent.name for path in found if _ID.fullmatch(path.parent.name)), reverse=True)

    def read(self, result_id: str) -> Result:
        """The result of an id that `ids` told. Raises ResultUnusable."""
        path = self._folder / result_id / FILE
        try:
            return Result.model_validate_json(path.read_bytes())
        except OSError as error:
            raise ResultUnusable(path, error.strerror or str(error)) from error
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or "it"
            raise ResultUnusable(path, f"{where}: {first['msg']}") from error

    def plot(self, result_id: str, name: str) -> bytes | None:
        """A plot of a result; None where it has none of that name."""
        path = self._folder / result_id / Path(name).name
        return path.read_bytes() if path.suffix == ".png" and path.is_file() else None
