"""The contract of a store, held by ours on a directory and on a server, and held against LangGraph's own."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, ClassVar

import chromadb
import pytest
from langgraph.store.memory import InMemoryStore
from langgraph.store.sqlite import SqliteStore

from memory.chroma_aio import AsyncChromaStore
from memory.chroma_store import ChromaStore
from tests.chroma_server import chroma_server
from tests.conformance.contract import StoreContract
from tests.conformance.filters import ODD_NAMES
from tests.conformance.search import Search
from tests.postgres import has_pgvector

try:  # an SQLite that loads extensions, as Python's own seldom does
    from pysqlite3 import dbapi2 as sqlite
except ImportError:
    import sqlite3 as sqlite


class TestChromaDirectory(StoreContract):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def make(self, *, index=None, ttl=None):
        return ChromaStore.from_conn_string(str(self.folder / "chroma"), index=index, ttl=ttl)


class TestChromaIndex(Search):
    """What is found by Chroma's index, as in a directory of many vectors. It has no column of the table."""

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def make(self, *, index=None, ttl=None):
        return ChromaStore.from_conn_string(str(self.folder / "chroma"), index=index, ttl=ttl, exact_limit=0)


class TestChromaServer(StoreContract):
    @pytest.fixture(scope="class")
    def url(self, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
        with chroma_server(tmp_path_factory.mktemp("server")) as url:
            yield url

    @pytest.fixture(autouse=True)
    def _url(self, url: str) -> None:
        self.url = url

    @contextmanager
    def make(self, *, index=None, ttl=None):
        client = chromadb.HttpClient(host="127.0.0.1", port=int(self.url.rsplit(":", 1)[1]))
        for collection in client.list_collections():
            client.delete_collection(collection.name)
        with ChromaStore.from_conn_string(self.url, index=index, ttl=ttl) as store:
            yield store


class OnItsLoop:
    """An asynchronous store on a loop in a thread of its own: its calls by name, awaited or not, from anywhere."""

    def __init__(self, store: AsyncChromaStore, loop: asyncio.AbstractEventLoop) -> None:
        self._store, self._loop = store, loop
        self.supports_ttl = store.supports_ttl

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._store, name)

        async def awaited(*arguments: Any, **named: Any) -> Any:
            return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(call(*arguments, **named), self._loop))

        def waited_for(*arguments: Any, **named: Any) -> Any:
            return asyncio.run_coroutine_threadsafe(call(*arguments, **named), self._loop).result()

        if not inspect.iscoroutinefunction(call):
            return call
        return awaited if name.startswith("a") else waited_for


class TestAsyncChromaStore(TestChromaDirectory):
    @contextmanager
    def make(self, *, index=None, ttl=None):
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever)
        thread.start()

        def run(awaitable: Any) -> Any:
            return asyncio.run_coroutine_threadsafe(awaitable, loop).result()

        manager = AsyncChromaStore.from_conn_string(str(self.folder / "chroma"), index=index, ttl=ttl)
        store = run(manager.__aenter__())
        try:
            run(store.setup())
            yield OnItsLoop(store, loop)
        finally:
            run(manager.__aexit__(None, None, None))
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()


class TestInMemoryStore(StoreContract):
    differences: ClassVar[dict[str, str]] = {
        "test_created_at_survives_overwriting": "it begins anew with every put",
        "test_a_value_is_a_copy_on_the_way_in": "the caller's own dict is kept",
        "test_a_value_is_a_copy_on_the_way_out": "the stored dict itself is handed out",
        "test_a_value_that_json_cannot_hold_is_refused_and_nothing_of_its_batch_is_kept": "any object is kept",
        "test_a_malformed_namespace_is_refused_inside_a_batch": "only `put` checks namespaces, `batch` does not",
        "test_reading_an_unknown_namespace_leaves_no_trace": "`get` makes the namespace",
        "test_a_namespace_is_gone_with_its_last_entry": "empty namespaces stay listed",
        "test_an_unknown_operator_is_refused[empty]": "noticed only where an entry is compared",
        **dict.fromkeys(
            (f"test_a_filter_finds[{case}]" for case in ("gt", "gte_as_numbers", "lt", "lte", "range")),
            "TypeError where a field is missing",
        ),
        "test_a_filter_finds[texts_as_texts]": "ValueError: only numbers are ordered",
        "test_a_filter_finds[true_is_not_one]": "as in Python, true equals 1",
        "test_the_best_of_several_vectors_counts_and_the_entry_comes_once": "ValueError: a text may stand only once",
        "test_the_same_text_may_stand_twice_in_a_batch": "ValueError: a text may stand only once",
        "test_overwriting_without_an_index_takes_the_old_meaning_away": "the old vector stays (langgraph #8214)",
        "test_pages_of_a_search_by_meaning_never_repeat": "entries without a vector come again on every page",
    }

    @contextmanager
    def make(self, *, index=None, ttl=None):
        yield InMemoryStore(index=index)


class TestSqliteStore(StoreContract):
    differences: ClassVar[dict[str, str]] = {
        "test_created_at_survives_overwriting": "it begins anew with every put (INSERT OR REPLACE)",
        "test_both_times_know_their_zone": "times have no zone",
        "test_any_text_survives_as_value[lone_surrogate]": "UTF-8 cannot hold a lone surrogate",
        "test_any_text_survives_as_key[lone_surrogate]": "UTF-8 cannot hold a lone surrogate",
        "test_a_malformed_namespace_is_refused_inside_a_batch[empty]": "`batch` takes an empty namespace",
        "test_the_asynchronous_calls_do_the_same": "they are in another class, AsyncSqliteStore",
        "test_tasks_write_side_by_side": "they are in another class, AsyncSqliteStore",
        "test_a_filter_finds[ne]": "a field that is null or missing never meets `$ne`",
        "test_a_filter_finds[ne_of_a_missing_field]": "a field that is null or missing never meets `$ne`",
        "test_a_filter_finds[gt]": "a text is greater than any number",
        "test_a_filter_finds[gte_as_numbers]": "a text is greater than any number",
        "test_a_filter_finds[true_is_not_one]": "true equals 1",
        "test_a_filter_finds[nested]": "ValueError: a nested field is taken for an operator",
        "test_a_filter_finds[nested_not_met]": "ValueError: a nested field is taken for an operator",
        **dict.fromkeys(
            (f"test_a_field_may_have_any_name[{name}]" for name in ODD_NAMES),
            "ValueError: letters, digits, `_`, `-` and `.` only, since CVE-2025-8709",
        ),
        "test_what_is_over_may_be_hidden_before_it_is_swept": "returned until swept (langgraph #8902)",
        **dict.fromkeys(
            (
                "test_the_nearest_comes_first_with_its_cosine_as_score",
                "test_a_search_stays_under_its_prefix_and_its_filter",
                "test_blank_and_missing_fields_are_kept_and_not_scored",
            ),
            "the whole value is embedded, whatever `fields` says (langgraph #8808)",
        ),
        **dict.fromkeys(
            ("test_what_is_not_indexed_follows_without_a_score", "test_pages_of_a_search_by_meaning_never_repeat"),
            "a search by meaning never returns what has no vector",
        ),
        "test_overwriting_without_an_index_takes_the_old_meaning_away": "the old vector stays (langgraph #8757)",
        "test_an_embedder_may_be_awaited": "only by another class, AsyncSqliteStore",
    }
    vectors = "" if hasattr(sqlite.Connection, "enable_load_extension") else "this Python's SQLite loads no extensions"

    @contextmanager
    def make(self, *, index=None, ttl=None):
        with closing(sqlite.connect(":memory:", check_same_thread=False, isolation_level=None)) as connection:
            store = SqliteStore(connection, index=index, ttl=ttl)
            store.setup()
            yield store
            store.stop_ttl_sweeper()


class TestPostgresStore(StoreContract):
    differences: ClassVar[dict[str, str]] = {
        **dict.fromkeys(
            (f"test_a_filter_finds[{case}]" for case in ("gt", "gte_as_numbers", "lt", "lte", "range")),
            "numbers are compared as texts (langgraph #7684)",
        ),
        "test_a_filter_finds[ne_of_a_missing_field]": "a missing field never meets `$ne`",
        "test_a_filter_finds[nested]": "ValueError: a nested field is taken for an operator",
        "test_a_filter_finds[nested_not_met]": "ValueError: a nested field is taken for an operator",
        **dict.fromkeys(
            (
                f"test_any_text_survives_as_{what}[{text}]"
                for what in ("value", "key")
                for text in ("nul", "lone_surrogate")
            ),
            "PostgreSQL's texts and jsonb hold no NUL and no lone surrogate",
        ),
        "test_a_malformed_namespace_is_refused_inside_a_batch[empty]": "`batch` takes an empty namespace",
        "test_reading_begins_the_time_anew_unless_told_not_to[refreshed]": "what is left of a minute is lost: "
        "`ttl_minutes` is a whole number",
        **dict.fromkeys(
            (
                "test_what_is_not_indexed_follows_without_a_score",
                "test_pages_of_a_search_by_meaning_never_repeat",
                "test_blank_and_missing_fields_are_kept_and_not_scored",
            ),
            "a search by meaning never returns what has no vector",
        ),
        "test_overwriting_without_an_index_takes_the_old_meaning_away": "the old vector stays and is found",
        "test_an_embedder_may_be_awaited": "ValueError: it calls the embedder without awaiting it",
    }
    vectors = "" if has_pgvector() else "needs pgvector on the server"

    @pytest.fixture(autouse=True)
    def _server(self, postgres_folder: Path) -> None:
        self.server = postgres_folder

    @contextmanager
    def make(self, *, index=None, ttl=None):
        postgres = pytest.importorskip("langgraph.store.postgres", reason="needs langgraph-checkpoint-postgres")
        import psycopg

        name = "conformance"
        with psycopg.connect(host=str(self.server), user="palate", dbname="postgres", autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {name}")
        url = f"postgresql://palate@/{name}?host={self.server}"
        with postgres.PostgresStore.from_conn_string(url, index=index, ttl=ttl) as store:
            store.setup()
            yield store
