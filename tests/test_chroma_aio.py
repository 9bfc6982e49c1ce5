"""What the asynchronous store adds to the contract: batches of one turn of the loop, and refusing to block it."""

from __future__ import annotations

import asyncio

import pytest

from memory.chroma_aio import AsyncChromaStore
from memory.embedding import index_for
from memory.errors import StoreClosed, StoreLocked
from tests.test_chroma_owner import holder
from tests.word_embedder import WordEmbedder


async def test_what_tasks_begin_together_is_embedded_in_one_call(tmp_path):
    embedder = WordEmbedder()
    async with AsyncChromaStore.from_conn_string(str(tmp_path), index=index_for(embedder)) as store:
        await store.setup()
        await asyncio.gather(*(store.aput(("u",), str(n), {"text": f"text {n}"}) for n in range(5)))
        assert len(embedder.calls) == 1
        assert len(await store.asearch(("u",), query="text 3")) == 5


async def test_a_synchronous_call_on_the_loop_is_refused_and_from_a_thread_it_works(tmp_path):
    async with AsyncChromaStore.from_conn_string(str(tmp_path)) as store:
        with pytest.raises(asyncio.InvalidStateError):
            store.put(("u",), "k", {"n": 1})
        await asyncio.to_thread(store.put, ("u",), "k", {"n": 1})
        assert (await asyncio.to_thread(store.get, ("u",), "k")).value == {"n": 1}


async def test_closed_it_says_so_and_the_directory_is_free(tmp_path):
    async with AsyncChromaStore.from_conn_string(str(tmp_path)) as store:
        await store.aput(("u",), "k", {"n": 1})
    with pytest.raises(StoreClosed):
        await store.abatch([])
    await store.aclose()
    async with AsyncChromaStore.from_conn_string(str(tmp_path)) as again:
        assert (await again.aget(("u",), "k")).value == {"n": 1}


async def test_a_directory_in_use_is_refused_as_by_the_other_store(tmp_path):
    process = holder(tmp_path)
    try:
        with pytest.raises(StoreLocked, match=str(process.pid)):
            async with AsyncChromaStore.from_conn_string(str(tmp_path)):
                pass
    finally:
        process.kill()
        process.communicate()
