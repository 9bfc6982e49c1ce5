"""Writing a Chroma directory anew: its log, its text index and its vector index keep what was deleted from them.

The new files are written by a process of their own, which is given what stays and never sees what goes: the room that
a vector index holds in reserve is written as the allocator handed it out, with whatever a process had there before.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from memory.chroma_client import close_client, open_client, patiently
from memory.chroma_connection import Connection, with_collections
from memory.chroma_lock import LOCK_FILE
from memory.chroma_namespaces import WIDTH, placeholders
from memory.chroma_rows import Rows
from memory.chroma_swap import begin_swap, commit_swap, finish_swap
from memory.errors import StoreError, StoreFailed
from memory.records import Record, namespace_to_json
from memory.scrubbed import ENVIRONMENT, hand_out_zeros
from memory.vectors import Vectors

Progress = Callable[[int, int], None]  # rows written so far, of how many
_FEWEST_WRITES = 2  # Chroma accepts no smaller number
_NOBODY = "0" * 40
_ROOT = Path(__file__).resolve().parent.parent


def rebuild(connection: Connection, progress: Progress = lambda done, of: None) -> bool:
    """Write the directory anew with exactly the entries it holds; False, and nothing done, for a server.

    Vectors that belong to no entry are left out. A vector may differ in the last bit from what it was: Chroma scales it
    to length 1 whenever it is written. Killed at any point, the directory is the old one or the new one when it is
    opened again. The caller holds the connection's mutex. Raises StoreFailed; then the old directory is in use again.
    """
    if connection.lock is None:
        return False
    directory = Path(connection.place)
    dims, embedder = connection.dims or None, connection.collections.embedder
    try:
        _write_elsewhere(connection, begin_swap(directory), dims, embedder, progress)
        hand_out_zeros()  # the index grows in this process, which knew what was deleted
        try:
            connection.close_client()
            commit_swap(directory, keep=LOCK_FILE)
        finally:
            _reopen(connection, dims, embedder)
    except StoreError:
        raise
    except Exception as error:
        raise StoreFailed(connection.place, "write its files anew", f"{type(error).__name__}: {error}") from error
    return True


def _write_elsewhere(
    connection: Connection, building: Path, dims: int | None, embedder: str, progress: Progress
) -> None:
    """Have another process write a directory of what the connection holds."""
    total = sum(rows.count() for rows in (connection.records, connection.vectors) if rows is not None)
    writer = subprocess.Popen(
        [sys.executable, "-m", __name__],
        cwd=_ROOT,
        env=os.environ | ENVIRONMENT | {"ANONYMIZED_TELEMETRY": "False"},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert writer.stdin is not None
    done, broken = 0, False
    try:
        _send(writer.stdin, {"directory": str(building), "dims": dims, "embedder": embedder})
        for page, vectors in _pages(connection):
            _send(writer.stdin, page, vectors)
            done += len(page["ids"])
            progress(min(done, total), total)
    except BrokenPipeError:
        broken = True
    except BaseException:
        writer.kill()
        raise
    finally:
        _, said = writer.communicate()
    if writer.returncode or broken:
        lines = said.decode(errors="replace").strip().splitlines() or [f"its writer left with {writer.returncode}"]
        raise StoreFailed(connection.place, "write its files anew", lines[-1])
    progress(total, total)


def _pages(connection: Connection) -> Iterator[tuple[dict[str, Any], Vectors]]:
    """All entries, the vectors that belong to one, and the namespaces that hold one."""
    owned, witnesses = set[str](), dict[str, str]()
    for page in connection.records.scan(None, ["documents", "metadatas", "embeddings"]):
        for document, metadata in zip(page["documents"], page["metadatas"], strict=True):
            record = Record.from_row(document, metadata)
            owned.update(record.vector_ids)
            witnesses[namespace_to_json(record.namespace)] = record.record_id
        told = {"rows": "records", "ids": page["ids"], "metadatas": page["metadatas"], "documents": page["documents"]}
        yield told, np.asarray(page["embeddings"], dtype=np.float32)
    for page in connection.vectors.scan(None, ["metadatas", "embeddings"]) if connection.vectors is not None else ():
        kept = [row for row, vector_id in enumerate(page["ids"]) if vector_id in owned]
        if kept:
            ids, metadatas = ([page[name][row] for row in kept] for name in ("ids", "metadatas"))
            told = {"rows": "vectors", "ids": ids, "metadatas": metadatas, "documents": None}
            yield told, np.asarray(page["embeddings"], dtype=np.float32)[kept]
    if witnesses:
        told = {"rows": "namespaces", "ids": list(witnesses), "metadatas": None, "documents": list(witnesses.values())}
        yield told, placeholders(list(witnesses))


def _send(pipe: IO[bytes], told: dict[str, Any], vectors: Vectors | None = None) -> None:
    """A line of JSON, then the vectors as bytes."""
    shape = list(vectors.shape) if vectors is not None else [0, 0]
    pipe.write(json.dumps(told | {"shape": shape}).encode("ascii") + b"\n")
    if vectors is not None:
        pipe.write(vectors.tobytes())
    pipe.flush()


def _received(pipe: IO[bytes]) -> Iterator[tuple[dict[str, Any], Vectors]]:
    while line := pipe.readline():
        told = json.loads(line)
        rows, width = told.pop("shape")
        yield told, np.frombuffer(pipe.read(4 * rows * width), dtype=np.float32).reshape(rows, width)


def _write(pipe: IO[bytes]) -> None:
    """What the other process does: make a directory of what it is sent."""
    messages, last = _received(pipe), dict[str, tuple[dict[str, Any], Vectors]]()
    about, _ = next(messages)
    with _opened(about) as made:
        for page, vectors in messages:
            made[page["rows"]].upsert(page["ids"], vectors, page["metadatas"], page["documents"])
            last[page["rows"]] = page, vectors
    with _opened(about) as made:  # an index keeps the settings it was opened with
        for name, rows in made.items():
            dims = WIDTH if name == "namespaces" else about["dims"] or WIDTH
            _settle(rows, *last.get(name, _nobody(dims)))
    with _opened(about) as made:  # an index whose last row is deleted while it settles is made anew by every reader
        for name, rows in made.items():
            if name not in last:
                rows.delete([_NOBODY])


def _nobody(dims: int) -> tuple[dict[str, Any], Vectors]:
    """A row for a collection that has none, so that it can settle."""
    return {"ids": [_NOBODY], "metadatas": [{"vectors": 0}], "documents": None}, np.ones((1, dims), np.float32)


@contextmanager
def _opened(about: Mapping[str, Any]) -> Iterator[dict[str, Rows]]:
    client = open_client(Path(about["directory"]))
    made = with_collections(about["directory"], client, about["dims"], about["embedder"], exclusive=True)
    rows = {"records": made.records, "vectors": made.vectors, "namespaces": made.collections.namespaces}
    yield {name: one for name, one in rows.items() if one is not None}
    close_client(client, Path(about["directory"]))


def _settle(rows: Rows, page: dict[str, Any], vectors: Vectors) -> None:
    """Have Chroma put the index on the disk, which it does after so many writes; a row is written again for that.

    Else whoever opens the directory next would make its files, and write what they hold in reserve as memory was.
    """
    usual = rows.collection.configuration["hnsw"]["sync_threshold"]
    _sync_after(rows, _FEWEST_WRITES)
    document = page["documents"][:1] if page["documents"] else None
    metadatas = page["metadatas"][:1] if page["metadatas"] else None
    for _ in range(_FEWEST_WRITES + 1):
        rows.upsert(page["ids"][:1], vectors[:1], metadatas, document)
    _sync_after(rows, usual)


def _sync_after(rows: Rows, writes: int) -> None:
    patiently(lambda: rows.collection.modify(configuration={"hnsw": {"sync_threshold": writes}}))


def _reopen(connection: Connection, dims: int | None, embedder: str) -> None:
    """Open the directory again for all who share the connection; what they had read is read anew."""
    directory = Path(connection.place)
    finish_swap(directory, keep=LOCK_FILE)
    opened = with_collections(connection.place, open_client(directory), dims, embedder, exclusive=True)
    connection.client, connection.collections = opened.client, opened.collections
    connection.forget_read()


if __name__ == "__main__":
    _write(sys.stdin.buffer)
