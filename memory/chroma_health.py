"""Whether Chroma can read its index, and the index made anew from the entries when it cannot.

Chroma writes its index files in place, so a kill or a full disk may leave them torn. Read, a torn index gives errors,
and some end the process (a segmentation fault in 1.5.9). The entries lie in SQLite, which survives both.
"""

from __future__ import annotations

import logging
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from memory.chroma_client import close_client, open_client
from memory.chroma_layout import NAMESPACES, RECORDS, VECTORS, Collections, Written, open_collections, rewrite
from memory.chroma_rows import Rows
from memory.errors import EmbedderFailed, StoreDamaged, StoreError, StoreFailed
from memory.records import Record
from memory.text_index import TextIndex

logger = logging.getLogger(__name__)

_INDEX_FILE = "data_level0.bin"
_INDEX_FILES = (_INDEX_FILE, "header.bin", "length.bin", "link_lists.bin")
_VERSION = 1  # of Chroma's files; others are not judged
_HEADER = struct.Struct("<iQQQQ")  # version, an offset, rows there is room for, rows held, bytes per row
_SAMPLE = 100  # rows read at every opening
_CHUNK = 256  # entries embedded in one call
_ROOT = Path(__file__).resolve().parent.parent


def torn_files(directory: Path) -> str:
    """Which index of a directory nobody has open cannot be whole, by the sizes of its files; empty for none.

    Chroma is not asked: an index that it fails to load spoils the memory of the process that tried (1.5.9).
    """
    for folder in _indexes(directory):
        try:
            sizes = {name: (folder / name).stat().st_size for name in _INDEX_FILES}  # its list of ids may come later
            version, _, room, held, row_size = _HEADER.unpack_from((folder / "header.bin").read_bytes())
        except (OSError, struct.error) as error:
            return f"{folder.name}: {error}"
        if version != _VERSION or row_size == 0:
            continue
        size, lengths = sizes[_INDEX_FILE], sizes["length.bin"]
        rows, over = divmod(
            size, row_size
        )  # a small index is written with all its room, a grown one as far as it is used
        if over or not held <= rows <= room:
            return f"{folder.name}/{_INDEX_FILE} has {size} bytes instead of {held} to {room} times {row_size}"
        if lengths != 4 * rows:
            return f"{folder.name}/length.bin has {lengths} bytes instead of {4 * rows}"
    return ""


def damage_after_a_crash(directory: Path) -> str:
    """What is wrong with the index of a directory nobody has open; empty for nothing. For one whose owner was killed.

    Another process reads every vector and writes a row again, so that it is the one that dies of a torn index.
    """
    if not _indexes(directory):
        return ""
    command = [sys.executable, "-m", __name__, str(directory)]
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode < 0:
        return f"reading it ends the process with signal {-done.returncode}"
    lines = done.stderr.strip().splitlines() or [f"its reader left with {done.returncode}"]
    return lines[-1] if done.returncode else ""


def damage(rows: Rows, *, thorough: bool = False) -> str:
    """What is wrong with the index of these rows; empty for nothing found.

    thorough: every vector is read, not a hundred, and a row is written again as it is.
    """
    try:
        if not (total := rows.count()):
            return ""
        read, first = 0, None
        for page in rows.scan(None, ["documents", "metadatas", "embeddings"], None if thorough else _SAMPLE):
            vectors = np.asarray(page["embeddings"], dtype=np.float32)
            if not np.isfinite(vectors).all():
                return "a vector holds NaN or infinity"
            read, first = read + len(page["ids"]), first or (page, vectors)
            if not thorough:
                break
        if first is None or (thorough and read != total):
            return f"{read} of {total} rows can be read"
        page, vectors = first
        if thorough:
            documents = page["documents"][:1] if page["documents"][0] is not None else None
            metadatas = page["metadatas"][:1] if page["metadatas"][0] is not None else None
            rows.upsert(page["ids"][:1], vectors[:1], metadatas, documents)
        return "" if rows.nearest(vectors[0], None, 1, whole=False) else "a search of it finds nothing"
    except StoreFailed as error:
        return error.detail


def repair(client: Any, collections: Collections, index: TextIndex | None, *, damage: str) -> tuple[Any, Collections]:
    """Drop the damaged index and make it anew: a new client of the directory, and its collections.

    Every text is embedded again. Without `index` the entries can be read, and the next opening with one repairs.
    Killed at any point, the next opening begins again. Raises StoreDamaged when the embedder cannot be used; then the
    directory is as it was.
    """
    directory, indexed = Path(collections.records.place), collections.dims > 0
    if indexed and index is not None:
        _try_embedder(index, str(directory), damage)
    close_client(client, directory)
    for folder in _indexes(directory):
        shutil.rmtree(folder)
    client = open_client(directory)
    try:
        found = open_collections(client, str(directory), None, "")
        if indexed and index is None:
            logger.warning(
                "the index of the memory in %s is damaged (%s); nothing can be searched for", directory, damage
            )
            return client, found
        found = rewrite(client, found, _embedded_anew(found, index))
        logger.warning("the index of the memory in %s was damaged (%s) and has been made anew", directory, damage)
        return client, found
    except BaseException:
        close_client(client, directory)
        raise


def _indexes(directory: Path) -> list[Path]:
    return sorted({path.parent for name in _INDEX_FILES for path in directory.glob(f"*/{name}")})


def _try_embedder(index: TextIndex, place: str, damage: str) -> None:
    try:
        index.embed(["a text"], [])
    except Exception as error:
        why = str(error) if isinstance(error, EmbedderFailed) else f"{type(error).__name__}: {error}"
        raise StoreDamaged(place, damage, why) from error


def _embedded_anew(found: Collections, index: TextIndex | None) -> Iterator[list[Written]]:
    for page in found.records.scan(None, ["documents", "metadatas"], _CHUNK):
        records = [Record.from_row(*row) for row in zip(page["documents"], page["metadatas"], strict=True)]
        nothing = np.zeros((0, found.dims), np.float32)
        vectors = index.vectors_of_records(records) if index is not None else [nothing] * len(records)
        yield [Written(replace(record, vectors=len(own)), own) for record, own in zip(records, vectors, strict=True)]


def main(directory: Path) -> int:
    """Read every vector of a directory; 1, and what is wrong on stderr, where that cannot be done."""
    client = open_client(directory)
    held = {collection.name: collection for collection in client.list_collections()}
    for name in (RECORDS, VECTORS, NAMESPACES):
        if name in held and (found := damage(Rows(held[name], str(directory), _CHUNK), thorough=True)):
            print(found, file=sys.stderr)
            return 1
    close_client(client, directory)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(Path(sys.argv[1])))
    except (StoreError, OSError, RuntimeError) as error:
        sys.exit(f"{type(error).__name__}: {error}")
