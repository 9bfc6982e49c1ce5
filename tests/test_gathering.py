import asyncio
import threading
from types import SimpleNamespace

import pytest

import models.local.gathering
from models.errors import ModelMisconfigured
from models.loading import load_chat
from models.spec import ModelSpec
from tests.test_models_local import seen
from tests.tiny import make_tiny_checkpoint, picture

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
WORDS = ("hello", "good day to you", "a fox in the snow", "blue", "what else is there to see")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return make_tiny_checkpoint(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def chat(checkpoint):
    return load_chat(ModelSpec(backend="local", model=str(checkpoint), max_tokens=12))


@pytest.fixture
def calls(monkeypatch):
    """How many conversations each call of the model had."""
    sizes, write = [], models.local.gathering.write

    def counted(runtime, conversations, *rest):
        sizes.append(len(conversations))
        return write(runtime, conversations, *rest)

    monkeypatch.setattr(models.local.gathering, "write", counted)
    return sizes


async def waiting(chat, *asked):
    """Ask for everything while the model is busy; gives the tasks in order, and what lets the model go on."""
    busy = asyncio.Event()
    loop, gate = asyncio.get_running_loop(), threading.Event()
    chat.runtime.worker.submit(lambda: (loop.call_soon_threadsafe(busy.set), gate.wait()))
    await busy.wait()
    tasks = [asyncio.create_task(chat.ainvoke(*one[:1], **dict(one[1:]))) for one in asked]
    await asyncio.sleep(0.05)
    return tasks, gate.set


async def test_what_waits_together_is_one_call_and_reads_as_if_alone(chat, calls):
    alone = [(await chat.ainvoke(words)).content for words in WORDS]
    assert calls == [1] * len(WORDS)
    tasks, go = await waiting(chat, *((words,) for words in WORDS))
    go()
    assert [reply.content for reply in await asyncio.gather(*tasks)] == alone
    assert calls[len(WORDS) :] == [len(WORDS)]


async def test_what_is_to_be_written_otherwise_waits_for_its_own_call(chat, calls):
    short = ("max_tokens", 3)
    tasks, go = await waiting(
        chat, (WORDS[0],), (WORDS[0], short), ([seen(picture())],), (WORDS[1], short), (WORDS[1],)
    )
    go()
    replies = await asyncio.gather(*tasks)
    assert [reply.usage_metadata["output_tokens"] for reply in replies] == [12, 3, 12, 3, 12]
    assert calls == [2, 2, 1]


async def test_one_that_nobody_waits_for_any_more_is_left_out_and_the_others_stay(chat, calls):
    tasks, go = await waiting(chat, *((words,) for words in WORDS[:3]))
    tasks[1].cancel()
    await asyncio.sleep(0)
    go()
    first, gone, last = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(gone, asyncio.CancelledError)
    assert all((first.content, last.content))
    assert calls == [2]


async def test_the_model_stops_only_when_nobody_waits_for_it(checkpoint, calls):
    chat = load_chat(ModelSpec(backend="local", model=str(checkpoint), max_tokens=4000, timeout_s=60))
    settings = chat.runtime.model.generation_config
    end, settings.eos_token_id = settings.eos_token_id, None
    try:
        tasks, go = await waiting(chat, (WORDS[0],), (WORDS[1],))
        go()
        while not calls:
            await asyncio.sleep(0.01)
        tasks[0].cancel()
        done, _ = await asyncio.wait(tasks, timeout=0.3)
        assert done == {tasks[0]}  # the other one is written on
        tasks[1].cancel()
        await asyncio.wait(tasks)
        await asyncio.wait_for(asyncio.to_thread(chat.runtime.worker.submit(lambda: None).result), 10)
    finally:
        settings.eos_token_id = end


async def test_one_given_up_while_it_is_written_leaves_the_others_their_replies(chat, calls, monkeypatch):
    write, loop, written = models.local.gathering.write, asyncio.get_running_loop(), threading.Event()

    def slow(*arguments):
        replies = write(*arguments)
        loop.call_soon_threadsafe(tasks[0].cancel)
        assert written.wait(10)
        return replies

    monkeypatch.setattr(models.local.gathering, "write", slow)
    tasks, go = await waiting(chat, (WORDS[0],), (WORDS[1],))
    go()
    await asyncio.wait([tasks[0]])
    written.set()
    assert (await asyncio.wait_for(tasks[1], 10)).content
    assert tasks[0].cancelled()


async def test_one_that_does_not_fit_fails_alone(chat, calls):
    tasks, go = await waiting(chat, (WORDS[0],), ("word " * 20_000,), (WORDS[1],))
    go()
    first, long, last = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(long, ModelMisconfigured)
    assert "shorten" in str(long)
    assert all((first.content, last.content))


async def test_more_than_the_model_takes_at_once_go_in_turns(chat, calls, monkeypatch):
    monkeypatch.setattr(models.local.gathering, "batch_size", lambda runtime: 2)
    tasks, go = await waiting(chat, *((words,) for words in WORDS))
    go()
    assert all(reply.content for reply in await asyncio.gather(*tasks))
    assert calls == [2, 2, 1]


async def test_while_more_keep_coming_they_are_waited_for_and_who_is_alone_does_not_wait(chat, calls, monkeypatch):
    more, pauses = list(WORDS[2:]), []
    loop = asyncio.get_running_loop()
    late = []

    def pause(seconds):
        pauses.append(seconds)
        if more:
            late.append(asyncio.run_coroutine_threadsafe(chat.ainvoke(more.pop()), loop))
            arrived = asyncio.run_coroutine_threadsafe(asyncio.sleep(0.05), loop)
            arrived.result()

    monkeypatch.setattr(models.local.gathering, "time", SimpleNamespace(sleep=pause))
    await chat.ainvoke(WORDS[0])
    assert (calls, pauses) == ([1], [])
    tasks, go = await waiting(chat, *((words,) for words in WORDS[:2]))
    go()
    await asyncio.gather(*tasks, *map(asyncio.wrap_future, late))
    assert calls == [1, len(WORDS)]
    assert len(pauses) == len(WORDS) - 2 + 1, "and no longer than they come"
