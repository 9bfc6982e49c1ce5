"""Tables read row by row: CSV, TSV, JSON lines (each also gzipped) and Parquet."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zlib
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from catalog.importers.encodings import detect_encoding
from catalog.importers.report import ImportFailed, Refusals

SUFFIXES: Final = (".csv", ".tsv", ".jsonl", ".ndjson", ".csv.gz", ".tsv.gz", ".jsonl.gz", ".ndjson.gz", ".parquet")
_LONGEST_LINE: Final = 8 * 1024 * 1024
_UNREADABLE: Final = re.compile(r"[\x00\udc80-\udcff]")
_READ_ERRORS: Final = (EOFError, gzip.BadGzipFile, zlib.error)


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the line it begins on, counted from 1, and its cells by column."""

    line: int
    cells: dict[str, Any]


class Table:
    """One file of rows. Opening reads its first rows only; `rows` streams.

    label: how reports name it. columns: given when the file has no header. Raises ImportFailed for what cannot be read
    as a table at all; single bad rows go to the refusals instead.
    """

    def __init__(
        self, path: Path, *, label: str = "", encoding: str = "", columns: Sequence[str] = (), delimiter: str = ""
    ) -> None:
        self.path, self.label = path, label or path.name
        self._given_encoding, self._given_columns, self._given_delimiter = encoding, tuple(columns), delimiter
        bare = path.name.removesuffix(".gz").casefold()
        self.kind = "parquet" if bare.endswith(".parquet") else "json" if bare.endswith(("jsonl", "ndjson")) else "text"

    @property
    def is_judged(self) -> bool:
        """Whether the encoding was judged from bytes that are neither UTF-8 nor marked as such."""
        if self.kind == "parquet" or self._given_encoding:
            return False
        return self.encoding not in ("utf-8", "utf-8-sig")

    @cached_property
    def encoding(self) -> str:
        """How the text is encoded: as given, else told from its bytes."""
        if self._given_encoding:
            return self._given_encoding
        with closing(self._open_bytes()) as file:
            return str(self._reading(lambda: detect_encoding(file)))

    @cached_property
    def delimiter(self) -> str:
        """What stands between the cells: a tab, comma, semicolon or bar."""
        if self._given_delimiter:
            return self._given_delimiter
        if self.path.name.removesuffix(".gz").casefold().endswith(".tsv"):
            return "\t"
        head = re.sub(r'"[^"]*"', "", next(self._lines(Refusals()), ""))
        return max(",\t;|", key=head.count)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns; of JSON lines, every name among the first rows."""
        if self._given_columns:
            return self._given_columns
        if self.kind == "parquet":
            return tuple(self._parquet().schema_arrow.names)
        if self.kind == "json":
            return tuple(dict.fromkeys(name for cells in self.sample(200) for name in cells))
        header = next((cells for _, cells in self._records(Refusals())), [])
        names = tuple(name.strip() or f"column {place}" for place, name in enumerate(header, 1))
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise ImportFailed(f"{self.label} has the column {twice[0]!r} twice", "rename one of them")
        return names

    def sample(self, limit: int = 2000) -> list[dict[str, Any]]:
        """The cells of the first rows that can be read."""
        return [row.cells for row in islice(self.rows(Refusals()), limit)]

    def count(self) -> int | None:
        """About how many rows there are, None where only reading it all would tell."""
        if self.kind == "parquet":
            return int(self._parquet().metadata.num_rows)
        if self.path.suffix == ".gz":
            return None
        with self.path.open("rb") as file:
            return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))

    def rows(self, refused: Refusals) -> Iterator[Row]:
        """Every row that can be read, in order; the others are noted in `refused`."""
        match self.kind:
            case "parquet":
                yield from self._parquet_rows()
            case "json":
                yield from self._json_rows(refused)
            case _:
                yield from self._text_rows(refused)

    def _text_rows(self, refused: Refusals) -> Iterator[Row]:
        columns = self.columns
        for line, cells in islice(self._records(refused), 0 if self._given_columns else 1, None):
            if not any(cells):
                continue
            if len(cells) != len(columns):
                reason = f"{len(cells)} cells where there are {len(columns)} columns"
                refused.add(self.label, line, reason, 'put "quotes" around cells that hold the separator')
                continue
            yield Row(line, dict(zip(columns, cells, strict=True)))

    def _records(self, refused: Refusals) -> Iterator[tuple[int, list[str]]]:
        """Parsed records with the line they begin on. After a bad one, reading goes on at the line after its first."""
        feed = _Feed(self._lines(refused))
        while True:
            reader = csv.reader(feed, delimiter=self.delimiter, strict=True)
            try:
                while True:
                    feed.begin()
                    cells = next(reader)
                    if _UNREADABLE.search("".join(cells)):
                        remedy = (
                            f"save the file as UTF-8, or name its `encoding` in palate.yaml (read as {self.encoding})"
                        )
                        refused.add(self.label, feed.first, "bytes that are no text", remedy)
                        continue
                    yield feed.first, cells
            except StopIteration:
                return
            except csv.Error as error:
                remedy = 'close the quote, and write a quote inside a quoted cell twice ("")'
                refused.add(self.label, feed.first, f"the cells cannot be told apart ({error})", remedy)
                feed.retreat()

    def _json_rows(self, refused: Refusals) -> Iterator[Row]:
        for line, text in enumerate(self._lines(refused), 1):
            if not text.strip():
                continue
            try:
                cells = json.loads(text)
            except (ValueError, RecursionError) as error:
                refused.add(self.label, line, f"no JSON ({error})", "write one JSON object on each line")
                continue
            if not isinstance(cells, dict) or _UNREADABLE.search(text):
                refused.add(self.label, line, "no JSON object in UTF-8", "write one JSON object on each line, in UTF-8")
                continue
            yield Row(line, cells)

    def _parquet_rows(self) -> Iterator[Row]:
        line = 0
        for batch in self._reading(lambda: self._parquet().iter_batches(batch_size=1024)):
            for cells in batch.to_pylist():
                line += 1
                yield Row(line, cells)

    def _parquet(self) -> Any:
        try:
            from pyarrow import ArrowException
            from pyarrow.parquet import ParquetFile
        except ImportError as error:
            remedy = "run `pip install 'palate[parquet]'`, or save it as CSV"
            raise ImportFailed(f"{self.label} needs the Parquet reader", remedy) from error
        try:
            return ParquetFile(self.path)
        except (ArrowException, OSError) as error:
            raise ImportFailed(f"{self.label} is no readable Parquet file ({error})", "write it again") from error

    def _lines(self, refused: Refusals) -> Iterator[str]:
        """The lines of the text; one beyond 8 MiB is refused and stands as an empty line."""
        with closing(self._open_bytes()) as binary:
            try:
                newline = None if self.kind == "json" else ""
                file = io.TextIOWrapper(binary, self.encoding, "surrogateescape", newline)
            except LookupError as error:
                raise ImportFailed(f"no encoding is called {self.encoding!r}", "write `encoding: utf-8`") from error
            number = 0
            while text := self._reading(lambda: file.readline(_LONGEST_LINE)):
                number += 1
                if len(text) < _LONGEST_LINE:
                    yield text
                    continue
                while text and not text.endswith(("\n", "\r")):
                    text = file.readline(_LONGEST_LINE)
                refused.add(self.label, number, "the line is longer than 8 MiB", "break it up or leave it out")
                yield "\n"

    def _open_bytes(self) -> BinaryIO:
        try:
            return cast(BinaryIO, gzip.open(self.path)) if self.path.suffix == ".gz" else self.path.open("rb")
        except OSError as error:
            raise ImportFailed(
                f"{self.label} cannot be opened ({error.strerror})", "check the file's rights"
            ) from error

    def _reading(self, read: Any) -> Any:
        try:
            return read()
        except _READ_ERRORS as error:
            raise ImportFailed(f"{self.label} is damaged or cut short ({error})", "fetch or pack it again") from error
        except UnicodeError as error:
            what = f"{self.label} is not written in {self.encoding} ({error})"
            raise ImportFailed(what, "save it as UTF-8, or name its `encoding` in palate.yaml") from error


class _Feed:
    """Hands lines to a CSV reader and remembers those of the record at hand, to try again after its first line."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines, self._back = lines, deque[str]()
        self.taken: list[str] = []
        self._read = 0

    @property
    def first(self) -> int:
        """The line the record at hand begins on."""
        return self._read - len(self.taken) + 1

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        text = self._back.popleft() if self._back else next(self._lines)
        self._read += 1
        self.taken.append(text)
        return text

    def begin(self) -> None:
        self.taken = []

    def retreat(self) -> None:
        """Give back all lines of the record at hand but the first."""
        self._back.extendleft(reversed(self.taken[1:]))
        self._read -= len(self.taken) - 1
