"""Which model plays which role, loaded when it is first asked and kept."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from models.decisions import Decider
from models.errors import ModelError
from models.loading import PictureSource, load_chat, load_decider
from models.spec import ModelSpec

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from models.local.feature_store import FeatureStore

Role = Literal["understanding", "item_summarizer", "preference_memory", "recommender", "responder"]
ROLES: tuple[Role, ...] = ("understanding", "item_summarizer", "preference_memory", "recommender", "responder")


class RoleModels:
    """The models of one profile. Safe to share between threads; nothing is loaded until it is asked for."""

    def __init__(
        self,
        models: Mapping[str, ModelSpec],
        roles: Mapping[Role, str],
        pictures: PictureSource,
        features: FeatureStore | None = None,
    ) -> None:
        """features: where local checkpoints keep what they made of pictures."""
        self._models, self._roles, self._pictures, self._features = dict(models), dict(roles), pictures, features
        self._chats: dict[str, BaseChatModel] = {}
        self._deciders: dict[str, Decider] = {}
        self._loading = threading.Lock()

    def chain(self, role: Role) -> tuple[tuple[str, ModelSpec], ...]:
        """The role's model and its fallbacks, in the order they are tried; each at most once."""
        chain: dict[str, ModelSpec] = {}
        name: str | None = self._roles[role]
        while name is not None and name not in chain:
            chain[name] = self._models[name]
            name = chain[name].fallback
        return tuple(chain.items())

    async def chat(self, name: str) -> BaseChatModel:
        """The chat model of that name. Raises ModelError when it cannot be loaded."""
        if name in self._chats:
            return self._chats[name]
        return await asyncio.to_thread(self._load_chat, name)

    async def decider(self, name: str) -> Decider:
        """The decider of that name. Raises ModelError when it cannot be loaded."""
        if name in self._deciders:
            return self._deciders[name]
        return await asyncio.to_thread(self._load_decider, name)

    def preload(self, role: Role) -> None:
        """Begin to load the role's chat model: whoever asks for it later waits less, and is told of what fails then."""
        name = self.chain(role)[0][0]
        threading.Thread(target=self._try_chat, args=(name,), name="palate-loading").start()

    def _try_chat(self, name: str) -> None:
        with contextlib.suppress(ModelError):
            self._load_chat(name)

    def _load_chat(self, name: str) -> BaseChatModel:
        with self._loading:
            if name not in self._chats:
                self._chats[name] = load_chat(self._models[name], self._features)
            return self._chats[name]

    def _load_decider(self, name: str) -> Decider:
        with self._loading:
            if name not in self._deciders:
                self._deciders[name] = load_decider(self._models[name], self._pictures, self._features)
            return self._deciders[name]
