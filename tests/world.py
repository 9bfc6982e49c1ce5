"""A small real world for tests: real stores in a folder, a catalogue of twelve prints, scripted models."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from agents.events import TurnDone, TurnEvent, TurnResult
from catalog.items import AttributeSpec, Item
from graphs.services import Services
from graphs.session import Session
from graphs.setup import store_catalogue
from memory.interactions import Interaction
from models.decisions import Choice, Decision, DecisionRequest, Decisions, Predicate
from models.errors import ModelError
from models.roles import RoleModels
from models.spec import ModelSpec
from profiles.settings import Loaded, load_profile

SCHEMA = (
    AttributeSpec(name="price", kind="number", label="price", unit="EUR", aliases=("cost",)),
    AttributeSpec(name="year", kind="number", label="year", unit="year"),
    AttributeSpec(name="genres", kind="list", label="genre", aliases=("genres",)),
)
GENRES = ("Comedy", "Drama", "Horror")
SUBJECTS = ("fox", "owl", "whale", "city")
ITEMS = tuple(
    Item(
        item_id=f"i{n:02}",
        title=f"Quiet Hour {n}",
        text=f"It shows a {SUBJECTS[n % 4]}.",
        attributes={"price": 10.0 * (n + 1), "year": 1965.0 + 5 * n, "genres": (GENRES[n % 3],)},
    )
    for n in range(12)
)


class HashedEmbedder:
    """Words to directions by their hash: texts that share words lie close. Real enough to search with, and instant."""

    name, dims, in_process = "hashed", 64, True

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        rows = np.zeros((len(texts), self.dims), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in text.casefold().split():
                row[hashlib.sha256(word.encode()).digest()[0] % self.dims] += 1
            row[0] += 1e-3
        return rows / np.linalg.norm(rows, axis=1, keepdims=True) if len(texts) else rows


class PlayedChat(BaseChatModel):
    """Answers by a function of the prompt's text. An exception it returns is raised, after what was said before it."""

    answer: Callable[[str], Any]
    heard: list[str]

    @property
    def _llm_type(self) -> str:
        return "played"

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        text = "".join(self._pieces(messages))
        return ChatResult(generations=[ChatGeneration(message=AIMessage(text))])

    async def _astream(
        self, messages: list[BaseMessage], *args: Any, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        for piece in self._pieces(messages):
            yield ChatGenerationChunk(message=AIMessageChunk(content=piece))

    def _pieces(self, messages: list[BaseMessage]) -> list[str]:
        prompt = str(messages[-1].text)
        self.heard.append(prompt)
        answer = self.answer(prompt)
        if isinstance(answer, BaseException):
            raise answer
        return [word + " " for word in str(answer).split(" ")]


class PlayedDecider:
    """Answers by a function of state and question: p(yes) for a predicate, the option for a choice."""

    def __init__(self, answer: Callable[[str, Predicate | Choice], Any]) -> None:
        self.answer = answer
        self.heard: list[DecisionRequest] = []

    async def decide(self, request: DecisionRequest) -> Decisions:
        self.heard.append(request)
        answers = []
        for question in request.questions:
            answer = self.answer(request.state, question)
            if isinstance(answer, ModelError):
                raise answer
            if isinstance(question, Choice):
                rest = 0.1 / (len(question.options) - 1)
                probabilities = {option: 0.9 if option == answer else rest for option in question.options}
            else:
                probabilities = {"yes": answer, "no": 1 - answer}
            answers.append(Decision(probabilities, "scripted", mass=1.0))
        return Decisions(tuple(answers), "played", "scripted")


SPEC = ModelSpec(backend="local", model="played")


class PlayedModels(RoleModels):
    """Every role is played by one scripted chat and one scripted decider."""

    def __init__(self, answer: Callable[[str], Any], decide: Callable[[str, Predicate | Choice], Any]) -> None:
        self.played_chat = PlayedChat(answer=answer, heard=[])
        self.played_decider = PlayedDecider(decide)

    def chain(self, role: Any) -> tuple[tuple[str, ModelSpec], ...]:
        return (("played", SPEC),)

    async def chat(self, name: str) -> BaseChatModel:
        return self.played_chat

    async def decider(self, name: str) -> Any:
        return self.played_decider


def polite(prompt: str) -> Any:
    """Sensible answers to every prompt of ours."""
    if prompt.startswith("You keep a short memory"):
        edit = {
            "op": "add",
            "polarity": "like",
            "aspect": "subject",
            "value": "fox",
            "reason": "liked",
            "evidence": [1],
        }
        return json.dumps({"edits": [edit], "prose": "Likes foxes."})
    if prompt.startswith("You recommend items"):
        titles = [line.split(" | ")[0] for line in prompt.splitlines() if " | " in line]
        return "\n".join(["Here you are.", *(f"{title}: it suits you" for title in titles)])
    if "List what they wish for" in prompt:
        return "a fox"
    if prompt.startswith("Describe this item"):
        return "A woodcut of a fox."
    return "Gladly."


def fond_of_foxes(state: str, question: Predicate | Choice) -> Any:
    """Recommends, and prefers what shows a fox."""
    return "recommend" if isinstance(question, Choice) else 0.9 if "fox" in question.text else 0.2


def open_session(
    home: Path,
    *,
    answer: Callable[[str], Any] = polite,
    decide: Callable[[str, Predicate | Choice], Any] = fond_of_foxes,
    items: Sequence[Item] = ITEMS,
    interactions: Sequence[Interaction] = (),
    embedder: HashedEmbedder | None = None,
    **overrides: Any,
) -> Session:
    """A session on real stores in `home`, with the twelve prints and scripted models."""
    loaded: Loaded = load_profile("demo", {"stores.home": str(home), "catalogue": "prints", **overrides}, {})
    services = Services.open(loaded.profile, embedder=embedder or HashedEmbedder(), models=PlayedModels(answer, decide))
    store_catalogue(services, "prints", SCHEMA, items, interactions)
    return Session(services, "prints")


def played(session: Session) -> PlayedModels:
    """The scripted models of a session, to read what they heard."""
    assert isinstance(session.services.models, PlayedModels)
    return session.services.models


def event(user_id: str, item_id: str, kind: str = "like", **more: Any) -> Interaction:
    """One interaction in the test catalogue."""
    at = more.pop("at", datetime(2026, 1, 1, tzinfo=UTC))
    return Interaction(user_id=user_id, catalogue="prints", kind=kind, item_id=item_id, at=at, **more)  # type: ignore[arg-type]


async def talk(session: Session, user_id: str, message: str, **more: Any) -> tuple[TurnResult, list[TurnEvent]]:
    """One turn: its result and all its events."""
    events = [event async for event in session.ask(user_id, message, **more)]
    assert isinstance(events[-1], TurnDone)
    return events[-1].result, events


def any_picture(session: Session) -> str:
    """The content hash of a picture that the session's store holds from now on."""
    from io import BytesIO

    from PIL import Image

    file = BytesIO()
    Image.new("RGB", (64, 64), "navy").save(file, "PNG")
    return session.pictures.add(file.getvalue())
