"""A store as one file, readable by people and by any later version: a line of JSON for each entry."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from memory.chroma_layout import Written
from memory.durable import sync_folder
from memory.errors import BadExport, StoreNewer
from memory.records import Record
from memory.text_index import TextIndex
from memory.vectors import Vectors

_FORMAT = "palate-store/1"


def write_export(path: Path, contents: Iterable[tuple[Record, Vectors]], *, embedder: str, dims: int) -> int:
    """Write what a store holds; how many entries that is. The file is there whole or not at all. Raises OSError."""
    fresh, count = path.with_name(f".new-{path.name}"), 0
    with open(fresh, "w", encoding="ascii") as file:
        file.write(json.dumps({"format": _FORMAT, "embedder": embedder, "dims": dims}) + "\n")
        for record, vectors in contents:
            file.write(json.dumps(_told(record, vectors)) + "\n")
            count += 1
        file.write(json.dumps({"entries": count}) + "\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, path)
    sync_folder(path.parent)
    return count


def read_export(path: Path, index: TextIndex | None, *, page: int) -> Iterator[list[Written]]:
    """The entries of an export, so many at a time, after all of it was looked at.

    Vectors are taken as they are when they come from the same embedder, and made anew from the texts otherwise; without
    an index they are left out. Raises OSError, BadExport, StoreNewer, EmbedderFailed.
    """
    about = _checked(path)
    dims = index.dims if index is not None else 0
    same = index is not None and (about["embedder"], about["dims"]) == (index.name, index.dims)
    for entries in _pages(path, page):
        records = [_record(entry) for entry in entries]
        if same:
            held = [_vectors(entry["vectors"], dims) for entry in entries]
        elif index is not None:
            held = index.vectors_of_records(records)
        else:
            held = [np.zeros((0, 0), np.float32)] * len(records)
        yield [Written(replace(record, vectors=len(own)), own) for record, own in zip(records, held, strict=True)]


def _told(record: Record, vectors: Vectors) -> dict[str, Any]:
    return {
        "namespace": record.namespace,
        "key": record.key,
        "value": json.loads(record.value),
        "created_at": record.created_at.isoformat(),
        "updated_at": record.updated_at.isoformat(),
        "index": record.index,
        "ttl_minutes": record.ttl_minutes,
        "expires_at": record.expires_at,
        "vectors": [base64.b64encode(np.asarray(row, "<f4").tobytes()).decode("ascii") for row in vectors],
    }


def _record(entry: dict[str, Any]) -> Record:
    return Record(
        tuple(entry["namespace"]),
        entry["key"],
        json.dumps(entry["value"]),
        datetime.fromisoformat(entry["created_at"]),
        datetime.fromisoformat(entry["updated_at"]),
        index=tuple(entry["index"]) if isinstance(entry["index"], list) else entry["index"],
        ttl_minutes=entry["ttl_minutes"],
        expires_at=entry["expires_at"],
    )


def _vectors(told: list[str], dims: int) -> Vectors:
    rows = [np.frombuffer(base64.b64decode(one), "<f4") for one in told]
    return np.stack(rows).astype(np.float32) if rows else np.zeros((0, dims), np.float32)


def _checked(path: Path) -> dict[str, Any]:
    """The first line, when the whole file is an export; every entry is read once for that."""
    count, about, told = 0, dict[str, Any](), None
    try:
        for number, entry in enumerate(_lines(path)):
            if number == 0:
                about = entry
                if about["format"] != _FORMAT:
                    raise StoreNewer(str(path), about["format"], _FORMAT)
                int(about["dims"])
            elif told is not None:
                raise ValueError("something follows its last line")
            elif "entries" in entry:
                told = entry["entries"]
            else:
                _record(entry)
                _vectors(entry["vectors"], about["dims"])
                count += 1
    except (ValueError, KeyError, TypeError) as error:
        raise BadExport(f"{path}, line {count + 2}: {type(error).__name__}: {error}") from error
    if told != count:
        raise BadExport(f"{path} holds {count} entries and should hold {'more' if told is None else told}")
    return about


def _pages(path: Path, size: int) -> Iterator[list[dict[str, Any]]]:
    part: list[dict[str, Any]] = []
    for number, entry in enumerate(_lines(path)):
        if number and "entries" not in entry:
            part.append(entry)
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with open(path, encoding="ascii") as file:
        yield from map(json.loads, file)
