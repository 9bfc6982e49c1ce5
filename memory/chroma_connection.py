"""Opening Chroma: a directory that one process owns, or a server by URL."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from memory.chroma_client import close_client, open_client
from memory.chroma_health import damage, damage_after_a_crash, repair, torn_files
from memory.chroma_layout import Collections, open_collections
from memory.chroma_lock import LOCK_FILE, DirectoryLock
from memory.chroma_namespaces import NamespaceRows
from memory.chroma_rows import Rows
from memory.chroma_swap import finish_swap
from memory.errors import StoreError, StoreFailed, StoreUnreachable
from memory.namespaces import Namespaces
from memory.records import Record
from memory.text_index import TextIndex
from memory.vectors import VectorCache


@dataclass
class Connection:
    """An open Chroma. Stores of one process on one directory share it.

    exclusive: we are the only writer, so what is remembered here stays true; elsewhere nothing is.
    """

    place: str
    client: Any
    collections: Collections
    exclusive: bool
    mutex: threading.RLock = field(default_factory=threading.RLock)
    recent: OrderedDict[str, Record] = field(default_factory=OrderedDict)
    absent: set[str] = field(default_factory=set)  # ids asked for in vain
    mirror: VectorCache | None = None
    crowded: bool = False  # too many vectors for a mirror
    namespaces: Namespaces | None = None
    further: bool | None = None  # whether any entry has a second vector; None for not known
    process: int = field(default_factory=os.getpid)
    lock: DirectoryLock | None = None
    users: int = 1
    closed: bool = False

    @property
    def records(self) -> Rows:
        """The rows of the entries."""
        return self.collections.records

    @property
    def vectors(self) -> Rows | None:
        """The rows of second and further vectors; None while no index was ever configured."""
        return self.collections.vectors

    @property
    def namespace_rows(self) -> NamespaceRows:
        """The rows of the namespaces that hold an entry."""
        return NamespaceRows(self.collections.namespaces, self.records, shared=not self.exclusive)

    @property
    def dims(self) -> int:
        """The width of the vectors, 0 while no index was ever configured."""
        return self.collections.dims

    def close_client(self) -> None:
        """Close Chroma's client; no file of a directory is in use any more. Raises StoreFailed."""
        if self.lock is None:
            self.client.close()
            if (session := getattr(getattr(self.client, "_server", None), "_session", None)) is not None:
                session.close()  # Chroma leaves it open
            return
        try:
            close_client(self.client, Path(self.place))
        except TimeoutError as error:
            raise StoreFailed(self.place, "close", str(error)) from error

    def forget_read(self) -> None:
        """Drop what is remembered of the entries; it is read anew."""
        self.recent.clear()
        self.absent.clear()
        self.mirror = self.namespaces = self.further = None
        self.crowded = False


_opened: dict[str, Connection] = {}
_opening = threading.Lock()


def _abandon_after_fork() -> None:
    global _opening
    _opening = threading.Lock()
    for connection in _opened.values():
        if connection.lock is not None:
            connection.lock.abandon()
    _opened.clear()


os.register_at_fork(after_in_child=_abandon_after_fork)


def connect(path_or_url: str, index: TextIndex | None) -> Connection:
    """Open the directory, made when missing, or the server.

    index: what embeds, compared with what the vectors came from; None to take them as they are. A directory's index is
    looked at, thoroughly when its last owner was killed, and made anew where it is damaged.
    Raises StoreLocked, StoreUnreachable, StoreMismatch, StoreNewer, StoreDamaged and StoreFailed.
    """
    dims, embedder = (index.dims, index.name) if index is not None else (None, "")
    if path_or_url.startswith(("http://", "https://")):
        return _connect_server(path_or_url, dims, embedder)
    directory = Path(path_or_url).expanduser().resolve()
    with _opening:
        if (shared := _opened.get(str(directory))) is not None:
            with shared.mutex:
                shared.collections = open_collections(shared.client, shared.place, dims, embedder)
            shared.users += 1
            return shared
        connection = _connect_directory(directory, index)
        _opened[str(directory)] = connection
        return connection


def disconnect(connection: Connection) -> None:
    """Give up one use; the last one closes Chroma and then lets others in."""
    if connection.process != os.getpid():
        return  # a forked child; it owns nothing, and the mutex may have been held when it was made
    with _opening, connection.mutex:
        connection.users -= 1
        if connection.users > 0 or connection.closed:
            return
        connection.closed = True
        _opened.pop(connection.place, None)
        try:
            connection.close_client()
        finally:
            if connection.lock is not None:
                connection.lock.release()


def _connect_directory(directory: Path, index: TextIndex | None) -> Connection:
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock = DirectoryLock(directory)
    except OSError as error:
        raise StoreFailed(str(directory), "open", str(error)) from error
    try:
        finish_swap(directory, keep=LOCK_FILE)
        client, collections = _open_healthy(directory, index, broken_off=lock.broken_off)
    except BaseException as error:
        lock.release(whole=not lock.broken_off)
        if isinstance(error, StoreError) or not isinstance(error, Exception):
            raise
        raise StoreFailed(str(directory), "open", f"{type(error).__name__}: {error}") from error
    return Connection(str(directory), client, collections, exclusive=True, lock=lock)


def _open_healthy(directory: Path, index: TextIndex | None, *, broken_off: bool) -> tuple[Any, Collections]:
    dims, embedder = (index.dims, index.name) if index is not None else (None, "")
    found = torn_files(directory) or (damage_after_a_crash(directory) if broken_off else "")
    client = open_client(directory)
    try:
        collections = open_collections(client, str(directory), dims, embedder)
        for rows in (collections.records, collections.vectors, collections.namespaces):
            found = found or (damage(rows) if rows is not None else "")  # never asked of an index known to be torn
        if found:
            return repair(client, collections, index, damage=found)
        if broken_off:
            NamespaceRows(collections.namespaces, collections.records, shared=False).verify()
        return client, collections
    except BaseException:
        close_client(client, directory)
        raise


def _connect_server(url: str, dims: int | None, embedder: str) -> Connection:
    import chromadb
    from chromadb.config import Settings

    parts = urlsplit(url)
    secure = parts.scheme == "https"
    try:
        client = chromadb.HttpClient(
            host=parts.hostname or "localhost",
            port=parts.port or (443 if secure else 8000),
            ssl=secure,
            settings=Settings(anonymized_telemetry=False),
        )
        client.heartbeat()
    except Exception as error:
        raise StoreUnreachable(url, f"{type(error).__name__}: {error}") from error
    connection = with_collections(url, client, dims, embedder, exclusive=False)
    connection.namespace_rows.verify()  # no lock tells whether a client was killed
    return connection


def with_collections(place: str, client: Any, dims: int | None, embedder: str, *, exclusive: bool) -> Connection:
    """A connection by that client, its collections made where they are missing; see `connect`."""
    return Connection(place, client, open_collections(client, place, dims, embedder), exclusive)
