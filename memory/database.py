"""The SQL database: one engine, one set of tables, and transactions that are on disk when they return."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Connection,
    Dialect,
    Engine,
    MetaData,
    String,
    Table,
    TypeDecorator,
    bindparam,
    create_engine,
    event,
    make_url,
    select,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import StaticPool
from sqlalchemy.schema import CreateIndex, CreateTable

from memory.errors import DatabaseFailed

metadata = MetaData()  # every table of ours, whoever defines it

_BUSY_TIMEOUT_S = 30
_SYNCED = "palate_synced"


class AnyText(TypeDecorator[str]):
    """Text of any characters. Postgres cannot keep U+0000, so there it is written `\\0`, and a backslash twice."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """As the database keeps it."""
        if value is None or dialect.name != "postgresql":
            return value
        return value.replace("\\", "\\\\").replace("\0", "\\0")

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """As it was given."""
        if value is None or dialect.name != "postgresql":
            return value
        return re.sub(r"\\(.)", lambda match: "\0" if match[1] == "0" else match[1], value)


def open_engine(url: str) -> Engine:
    """An engine for the URL, `sqlite:///path` (folders are made) or `postgresql+psycopg://…`; tried once before return.

    SQLite runs with a write-ahead log that is synced at every commit, unless `writing` says otherwise, so what was
    committed survives a kill and a power cut; with foreign keys, a busy timeout of 30 s, and deleted rows overwritten.
    Raises DatabaseFailed.
    """
    try:
        parsed = make_url(url)
        options: dict[str, Any] = {}
        if parsed.get_backend_name() == "sqlite":
            in_memory = parsed.database in (None, "", ":memory:")
            if in_memory:
                options["poolclass"] = StaticPool  # one connection, or every thread would see its own empty database
            else:
                Path(str(parsed.database)).expanduser().parent.mkdir(parents=True, exist_ok=True)
                parsed = parsed.set(database=str(Path(str(parsed.database)).expanduser()))
            options["connect_args"] = {"timeout": _BUSY_TIMEOUT_S, "check_same_thread": False}
        elif parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        engine = create_engine(parsed, **options)
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
        with engine.connect():
            pass
    except (SQLAlchemyError, OSError, ImportError) as error:
        raise DatabaseFailed(_safe(url), str(getattr(error, "orig", None) or error)) from error
    return engine


@contextmanager
def writing(engine: Engine, *, synced: bool = True) -> Iterator[Connection]:
    """A transaction that may read before it writes; committed, and on disk, at the end of the block.

    On SQLite it takes the write lock at once: a transaction that began by reading could not get it later.
    synced: False spares SQLite the wait for the disk, for what may be missed: the commit survives a kill, and a power
    cut only once another commit was synced or the log was. Raises DatabaseFailed when the database refuses or the disk
    is full; then nothing of the block was kept.
    """
    options = {"palate_writes": True, "palate_synced": synced}
    try:
        with engine.connect().execution_options(**options) as connection, connection.begin():
            yield connection
    except SQLAlchemyError as error:
        raise DatabaseFailed(str(engine.url), str(getattr(error, "orig", None) or error)) from error


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that only reads: one unchanging view, never blocked by a writer. Raises DatabaseFailed."""
    try:
        with engine.connect() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise DatabaseFailed(str(engine.url), str(getattr(error, "orig", None) or error)) from error


def rebuild(engine: Engine) -> bool:
    """Write a SQLite file anew and empty its log, so that neither holds what was deleted; False for any other database.

    Another process may go on using it and wait a moment. Raises DatabaseFailed when one reads from it for longer than
    30 s, or when the disk has no room for a second copy.
    """
    if engine.dialect.name != "sqlite":
        return False
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute("VACUUM")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        busy, *_ = cursor.fetchone() or (0,)
    except sqlite3.Error as error:
        raise DatabaseFailed(str(engine.url), str(error)) from error
    finally:
        connection.close()
    if busy:
        raise DatabaseFailed(str(engine.url), "another process reads from it; let it end and run the same again")
    return True


def rows_of_others(engine: Engine, user_id: str) -> Iterator[bytes]:
    """Every row of every table that is not this user's, its texts as bytes: rows of other users, and of nobody."""
    found = MetaData()
    found.reflect(engine)
    with reading(engine) as connection:
        for table in found.sorted_tables:
            query = select(*[column for column in table.c if isinstance(column.type, String)])
            if "user_id" in table.c:
                query = query.where(table.c.user_id != bindparam("user", user_id, AnyText()))
            if query.selected_columns:
                for row in connection.execute(query):
                    yield "\n".join(filter(None, row)).encode("utf-8", "surrogatepass")


def ensure_tables(engine: Engine, *tables: Table, outdated: Sequence[str] = ()) -> None:
    """Make the tables and their indexes where they are missing; safe when two processes start at once.

    outdated: indexes of earlier versions, which are dropped.
    """
    with writing(engine) as connection:
        for name in outdated:
            connection.exec_driver_sql(f"DROP INDEX IF EXISTS {name}")
        for table in tables:
            connection.execute(CreateTable(table, if_not_exists=True))
            for index in sorted(table.indexes, key=lambda index: str(index.name)):
                connection.execute(CreateIndex(index, if_not_exists=True))


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver's own BEGIN comes too late and hides what we do
    cursor = connection.cursor()
    for setting in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        cursor.execute(f"PRAGMA {setting}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if not options.get("palate_writes", False):
        connection.exec_driver_sql("BEGIN")
        return
    wanted = "FULL" if options["palate_synced"] else "NORMAL"
    if connection.info.get(_SYNCED) != wanted:  # it stays so for the next one that this connection is lent to
        connection.exec_driver_sql(f"PRAGMA synchronous={wanted}")
        connection.info[_SYNCED] = wanted
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _safe(url: str) -> str:
    """The URL without its password."""
    try:
        return make_url(url).render_as_string(hide_password=True)
    except SQLAlchemyError:
        return "whose URL cannot be read"
