"""A set-up that was broken off: what is left is known, and gone on with without doing anything twice."""

from __future__ import annotations

import asyncio
import io
import threading

import pytest
from PIL import Image

from catalog.pictures import PictureStore
from graphs.describing import summarize_catalogue
from graphs.setup import Unfinished, finish, unfinished
from models.errors import ModelBadOutput, ModelUnreachable
from tests import world


def pictured(tmp_path, count: int = 4):
    store, items = PictureStore(tmp_path / "pictures"), []
    for number, item in enumerate(world.ITEMS):
        data = io.BytesIO()
        Image.new("RGB", (16, 16), (number * 20, 80, 120)).save(data, "PNG")
        items.append(item.model_copy(update={"picture": store.add(data.getvalue()) if number < count else None}))
    return items


@pytest.fixture
async def session(tmp_path):
    session = world.open_session(tmp_path, items=pictured(tmp_path))
    yield session
    await session.aclose()


async def test_what_is_left_is_counted_and_done_and_then_nothing_is_left(session):
    services, catalogue = session.services, session.catalogue
    assert unfinished(services, catalogue) == Unfinished(unindexed=0, undescribed=4, pictured=4)
    told: list[tuple[str, int, int]] = []
    done = await finish(services, catalogue, lambda *step: told.append(step))
    assert (done.written, done.failed) == (4, {})
    assert told[-1] == ("looking at the pictures", 4, 4)
    assert unfinished(services, catalogue).nothing
    heard = len(world.played(session).played_chat.heard)
    await finish(services, catalogue)
    assert len(world.played(session).played_chat.heard) == heard, "nothing is looked at twice"


async def test_a_stop_waits_for_what_is_being_kept(session, monkeypatch):
    services, begun, go_on = session.services, threading.Event(), threading.Event()
    put = services.items.put_summaries

    def slowly(*what):
        begun.set()
        assert go_on.wait(20)
        put(*what)

    monkeypatch.setattr(services.items, "put_summaries", slowly)
    describing = asyncio.create_task(summarize_catalogue(services, session.catalogue))
    await asyncio.to_thread(begun.wait, 20)
    describing.cancel()
    await asyncio.sleep(0.05)
    assert not describing.done(), "the stores must not be closed below it"
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await describing
    assert unfinished(services, session.catalogue).nothing


async def test_items_that_no_search_found_are_found_afterwards(session):
    services, catalogue = session.services, session.catalogue
    services.items.drop("prints")
    assert unfinished(services, catalogue).unindexed == 12
    assert services.items.nearest("prints", "a fox", limit=3) == []
    await finish(services, catalogue)
    assert unfinished(services, catalogue).nothing
    assert services.items.nearest("prints", "a fox", limit=3)


async def test_going_on_leaves_alone_what_another_model_described(session, monkeypatch):
    services, catalogue = session.services, session.catalogue
    await summarize_catalogue(services, catalogue)
    heard = len(world.played(session).played_chat.heard)
    monkeypatch.setattr("graphs.describing.author_of", lambda spec: "a newer model")
    await finish(services, catalogue)
    assert len(world.played(session).played_chat.heard) == heard
    await summarize_catalogue(services, catalogue)
    assert len(world.played(session).played_chat.heard) == heard + 4


async def test_a_model_that_says_nothing_leaves_all_to_be_done(tmp_path):
    session = world.open_session(tmp_path, answer=lambda prompt: " ", items=pictured(tmp_path))
    with pytest.raises(ModelBadOutput):
        await finish(session.services, session.catalogue)
    assert unfinished(session.services, session.catalogue).undescribed == 4
    await session.aclose()


async def test_what_was_described_is_kept_when_the_model_fails_at_the_next_pictures(session, monkeypatch):
    services, catalogue, asked = session.services, session.catalogue, []
    monkeypatch.setattr("graphs.describing.BATCH", 3)
    chat = services.models.chat

    async def once(name: str):
        asked.append(name)
        if len(asked) > 1:
            raise ModelUnreachable("played", "http://127.0.0.1:1")
        return await chat(name)

    monkeypatch.setattr(services.models, "chat", once)
    with pytest.raises(ModelUnreachable):
        await finish(services, catalogue)
    assert unfinished(services, catalogue).undescribed == 1


async def test_descriptions_are_kept_while_the_next_pictures_are_looked_at(session, monkeypatch):
    services, catalogue, looked = session.services, session.catalogue, threading.Event()
    monkeypatch.setattr("graphs.describing.BATCH", 2)
    chat, put = services.models.chat, services.items.put_summaries
    rounds = []

    async def noted(name: str):
        rounds.append(name)
        if len(rounds) == 2:
            looked.set()
        return await chat(name)

    def put_late(name, summaries):
        assert looked.wait(10), "the next pictures waited for the last descriptions to be kept"
        put(name, summaries)

    monkeypatch.setattr(services.models, "chat", noted)
    monkeypatch.setattr(services.items, "put_summaries", put_late)
    await finish(services, catalogue)
    assert unfinished(services, catalogue).nothing
