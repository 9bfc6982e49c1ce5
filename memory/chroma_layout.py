"""The collections a store lies in: their stamp, how entries are written, and how an older layout becomes this one.

An entry is one row of `palate-records`: its document, its labels and its first vector. One without a vector carries a
placeholder that no search returns. The second and further vectors of an entry are rows of `palate-vectors`. The
namespaces that hold an entry are rows of `palate-namespaces`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from memory.chroma_client import patiently
from memory.chroma_namespaces import NamespaceRows, placeholders
from memory.chroma_rows import Rows
from memory.errors import StoreFailed, StoreMismatch, StoreNewer
from memory.records import Namespace, Record, labels_metadata
from memory.vectors import Vectors

FORMAT = 3  # 1 had every vector in `palate-vectors`; 2 no rows of namespaces, and each label by itself
RECORDS, VECTORS, NAMESPACES = "palate-records", "palate-vectors", "palate-namespaces"
_NEXT = "palate-records-next"
# A denser graph than Chroma's default: better recall for a little more work on each write.
INDEX = {"space": "cosine", "ef_construction": 200, "max_neighbors": 32, "ef_search": 300}
_NO_INDEX = {"space": "cosine"}


@dataclass(frozen=True)
class Written:
    """An entry to write, and its vectors, (n, d)."""

    record: Record
    vectors: Vectors


@dataclass
class Collections:
    """The rows of a store. vectors: None while no index was ever configured; dims is then 0 and embedder empty."""

    records: Rows
    namespaces: Rows
    vectors: Rows | None
    dims: int
    embedder: str

    def write(self, puts: Sequence[Written]) -> None:
        """Write entries with their vectors. Killed within a call, each entry is the old one or the new one."""
        if not puts:
            return
        further = [(put, row) for put in puts for row in range(1, len(put.vectors))]
        if self.vectors is not None and further:
            self.vectors.upsert(
                [put.record.vector_ids[row] for put, row in further],
                np.stack([put.vectors[row] for put, row in further]),
                [labels_metadata(put.record.namespace) for put, _ in further],
            )
        self.records.upsert(
            [put.record.record_id for put in puts],
            np.stack([put.vectors[0] if len(put.vectors) else self._placeholder(put.record) for put in puts]),
            [put.record.to_metadata() for put in puts],
            [put.record.to_document() for put in puts],
        )

    def claim(self, record: Record) -> bool:
        """Write an entry without vectors unless one of its id is there; whether it is this one that is there now."""
        row = record.record_id, self._placeholder(record), record.to_metadata(), record.to_document()
        self.records.add(*row)
        found = self.records.get([record.record_id]).get(record.record_id)
        return found is not None and Record.from_row(*found).stamp == record.stamp

    def contents(self, where: Mapping[str, Any] | None = None) -> Iterator[list[Written]]:
        """The entries that meet the condition with their vectors as Chroma has them, page by page, in no order."""
        for page in self.records.scan(where, ["documents", "metadatas", "embeddings"]):
            records = [Record.from_row(*row) for row in zip(page["documents"], page["metadatas"], strict=True)]
            first, further = np.asarray(page["embeddings"], dtype=np.float32), self._further(records)
            yield [
                Written(record, self._own_vectors(record, first[row], further)) for row, record in enumerate(records)
            ]

    def _further(self, records: Iterable[Record]) -> dict[str, Vectors]:
        ids = [one for record in records for one in record.vector_ids[1:]]
        return self.vectors.vectors(ids) if self.vectors is not None else {}

    def _own_vectors(self, record: Record, first: Vectors, further: Mapping[str, Vectors]) -> Vectors:
        if not record.vectors:
            return np.zeros((0, self.dims), np.float32)
        return np.stack([first, *(further[one] for one in record.vector_ids[1:] if one in further)])

    def _placeholder(self, record: Record) -> Vectors:
        return np.asarray(placeholders([record.record_id], self.dims or 2)[0])


def open_collections(client: Any, place: str, dims: int | None, embedder: str) -> Collections:
    """The collections, made where they are missing, brought to this format, and as wide as the index wants them.

    dims: None to take them as they are. Raises StoreMismatch, StoreNewer, StoreFailed.
    """
    cap = int(client.get_max_batch_size())
    names = {collection.name for collection in patiently(client.list_collections)}
    if _NEXT in names and RECORDS not in names:  # killed between the two steps of `_replace_records`
        _rename(client.get_collection(_NEXT, embedding_function=None), RECORDS)
    made = _collection(client, RECORDS, dims or 0, embedder)
    about = dict(made.metadata)
    vectors = client.get_collection(VECTORS, embedding_function=None) if VECTORS in names else None
    if about["format"] == 1 and vectors is not None:
        about = about | {"dims": vectors.metadata["dims"], "embedder": vectors.metadata["embedder"]}
    found = Collections(
        Rows(made, place, cap),
        Rows(_collection(client, NAMESPACES, 0, ""), place, cap),
        Rows(vectors, place, cap) if vectors is not None else None,
        int(about.get("dims", 0)),
        str(about.get("embedder", "")),
    )
    if about["format"] not in range(1, FORMAT + 1):
        raise StoreNewer(place, f"format {about['format']}", f"format {FORMAT}")
    if dims is not None and found.dims and (found.embedder, found.dims) != (embedder, dims):
        raise StoreMismatch(
            place, f"{found.embedder or 'an embedder'} ({found.dims} dimensions)", f"{embedder} ({dims})"
        )
    if found.dims == 0 and dims:
        further = _further_rows(client, place, cap, dims, embedder)
        wanted = replace(found, vectors=further, dims=dims, embedder=embedder)
    else:
        wanted = replace(found)
        if found.dims and found.vectors is None:
            wanted.vectors = _further_rows(client, place, cap, found.dims, found.embedder)
    if about["format"] != FORMAT:
        _fill_namespaces(found.namespaces, found.records)
    if about["format"] == 1:
        wanted.records = _replace_records(client, wanted, _contents_of_format_1(found))
        _drop_first_vectors(wanted)
    elif about["format"] == 2:
        _relabel(found)
        patiently(lambda: made.modify(metadata=about | {"format": FORMAT}))
    if about["format"] != 1 and found.dims != wanted.dims:
        wanted.records = _replace_records(client, wanted, found.contents())
    return wanted


def rewrite(client: Any, collections: Collections, contents: Iterable[list[Written]]) -> Collections:
    """The same store with these entries and vectors, in collections of its own: an index that is broken is left behind.

    Raises StoreFailed and whatever `contents` raises; then the entries are as they were.
    """
    place, cap = collections.records.place, collections.records.cap
    patiently(lambda: client.delete_collection(NAMESPACES))
    collections = replace(collections, namespaces=Rows(_collection(client, NAMESPACES, 0, ""), place, cap))
    _fill_namespaces(collections.namespaces, collections.records)
    if collections.vectors is None:
        return replace(collections, records=_replace_records(client, collections, contents))
    held = list(contents)  # all of it, before anything is taken away
    patiently(lambda: client.delete_collection(VECTORS))
    fresh = replace(collections, vectors=_further_rows(client, place, cap, collections.dims, collections.embedder))
    return replace(fresh, records=_replace_records(client, fresh, held))


def _collection(client: Any, name: str, dims: int, embedder: str) -> Any:
    return patiently(
        lambda: client.get_or_create_collection(
            name,
            embedding_function=None,
            metadata={"format": FORMAT, "dims": dims, "embedder": embedder},
            configuration={"hnsw": INDEX if dims else _NO_INDEX},
        )
    )


def _rename(collection: Any, name: str) -> None:
    patiently(lambda: collection.modify(name=name))


def _further_rows(client: Any, place: str, cap: int, dims: int, embedder: str) -> Rows:
    return Rows(_collection(client, VECTORS, dims, embedder), place, cap)


def _replace_records(client: Any, collections: Collections, contents: Iterable[list[Written]]) -> Rows:
    """Write the entries to a collection beside the present one, then let it take its name and place.

    Killed at any point, the next opening finds the old collection or the new one whole.
    """
    place, cap = collections.records.place, collections.records.cap
    try:
        if _NEXT in {collection.name for collection in patiently(client.list_collections)}:
            patiently(lambda: client.delete_collection(_NEXT))  # what an earlier attempt left
        made = _collection(client, _NEXT, collections.dims, collections.embedder)
        target = replace(collections, records=Rows(made, place, cap))
        for page in contents:
            target.write(page)
        patiently(lambda: client.delete_collection(RECORDS))
        _rename(made, RECORDS)
    except StoreFailed:
        raise
    except Exception as error:
        raise StoreFailed(place, "rewrite its entries", f"{type(error).__name__}: {error}") from error
    return target.records


def _fill_namespaces(rows: Rows, records: Rows) -> None:
    """Write a row for the namespace of every entry, whatever the format of those."""
    kept = NamespaceRows(rows, records, shared=False)
    for page in records.scan(None, ["documents"]):
        entries = [Record.from_row(document, {}) for document in page["documents"]]
        kept.announce({entry.namespace: entry.record_id for entry in entries})


def _relabel(found: Collections) -> None:
    """Bring the labels of format 2 to this one. Done twice, it changes nothing."""
    namespaces = dict[str, Namespace]()
    for page in found.records.scan(None, ["documents"]):
        entries = [Record.from_row(document, {}) for document in page["documents"]]
        found.records.update(page["ids"], [labels_metadata(entry.namespace) for entry in entries])
        namespaces |= {one: entry.namespace for entry in entries for one in entry.vector_ids[1:]}
    if found.vectors is not None:
        found.vectors.update(list(namespaces), [labels_metadata(one) for one in namespaces.values()])


def _contents_of_format_1(found: Collections) -> Iterator[list[Written]]:
    for page in found.records.scan(None, ["documents"]):
        records = [Record.from_row(document, {}) for document in page["documents"]]
        ids = [one for record in records for one in record.vector_ids]
        vectors = found.vectors.vectors(ids) if found.vectors is not None else {}
        held = {record: [vectors[one] for one in record.vector_ids if one in vectors] for record in records}
        yield [
            Written(
                replace(record, vectors=len(rows)), np.stack(rows) if rows else np.zeros((0, found.dims), np.float32)
            )
            for record, rows in held.items()
        ]


def _drop_first_vectors(collections: Collections) -> None:
    if collections.vectors is None:
        return
    collections.vectors.delete([row for row in collections.vectors.ids() if row.endswith(":0")])
