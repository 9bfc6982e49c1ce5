"""The models of a profile: loaded once, also where that was begun before anybody asked."""

from __future__ import annotations

import threading

import pytest

from models.errors import ModelMisconfigured
from models.roles import ROLES, RoleModels
from models.scripted import ScriptedChat
from models.spec import ModelSpec


def roles(monkeypatch, load) -> RoleModels:
    monkeypatch.setattr("models.roles.load_chat", load)
    spec = ModelSpec(backend="local", model="anything")
    return RoleModels({"one": spec}, dict.fromkeys(ROLES, "one"), pictures={})


async def test_what_was_begun_is_waited_for_and_not_loaded_again(monkeypatch):
    began, go_on, loaded = threading.Event(), threading.Event(), []

    def load(spec, features):
        began.set()
        assert go_on.wait(10)
        loaded.append(ScriptedChat())
        return loaded[-1]

    models = roles(monkeypatch, load)
    models.preload("responder")
    assert began.wait(10), "it is loaded before anybody asks"
    go_on.set()
    assert await models.chat("one") is loaded[0]
    assert len(loaded) == 1


async def test_what_cannot_be_loaded_is_told_to_whoever_asks(monkeypatch):
    asked = []

    def load(spec, features):
        asked.append(spec)
        raise ModelMisconfigured("anything", "there is no folder", "write the path of one")

    models = roles(monkeypatch, load)
    models.preload("responder")
    with pytest.raises(ModelMisconfigured):
        await models.chat("one")
    assert 1 <= len(asked) <= 2
