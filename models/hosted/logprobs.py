"""Decisions read from the probabilities of a chat model's first word."""

from __future__ import annotations

import base64
import math
import string
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from langchain_core.messages import BaseMessage, HumanMessage

from models.decisions import Choice, Decision, DecisionRequest, Decisions, Question, Usage
from models.errors import ModelMisconfigured
from models.hosted.chat import HostedChatModel, priced, read_usage
from models.hosted.together import together, total
from models.spec import ModelSpec
from models.wire import read_picture
from prompts import load

if TYPE_CHECKING:
    from models.loading import PictureSource

TOP = 20  # as many alternatives as the interface gives
_AROUND = string.whitespace + string.punctuation + "▁Ġ"


class LogprobsDecider:
    """Asks one question a call for one word, and sums the probabilities of every way to write each answer.

    An answer that is not among the alternatives gets the most it can have; a low `mass` marks answers to doubt.
    """

    def __init__(self, spec: ModelSpec, pictures: PictureSource, chat: HostedChatModel) -> None:
        self._spec, self._pictures, self._chat = spec, pictures, chat

    async def decide(self, request: DecisionRequest) -> Decisions:
        """Answer every question, in order. Raises ModelMisconfigured where the model tells no probabilities."""
        answered = await together([lambda q=question: self._ask(request.state, q) for question in request.questions])  # type: ignore[misc]
        if all(decision.mass == 0.0 for decision, _ in answered):
            remedy = "write `decide: [graded]` for this model"
            raise ModelMisconfigured(self._spec.label, "it does not answer in one word", remedy)
        usage = total(priced(self._spec, used) for _, used in answered)
        return Decisions(tuple(decision for decision, _ in answered), self._spec.label, "logprobs", usage)

    async def _ask(self, state: str, question: Question) -> tuple[Decision, Usage]:
        message = question_message(state, question, self._pictures, self._spec)
        response, _ = await self._chat.complete([message], max_tokens=1, temperature=0, logprobs=True, top_logprobs=TOP)
        usage, _ = read_usage(response, 1, len(str(message.content)))
        return read_decision(question, _alternatives(response, self._spec)), usage


def question_message(state: str, question: Question, pictures: PictureSource, spec: ModelSpec) -> BaseMessage:
    """Give the message that asks one question, its picture before the text."""
    options = [
        f"{letter}. {name}: {about}" if about else f"{letter}. {name}"
        for letter, (name, about) in zip(string.ascii_uppercase, _options(question).items(), strict=False)
    ]
    text = load("decision_answer").render(state=state, question=question.text, options=options)
    if not question.picture:
        return HumanMessage(content=text)
    return HumanMessage(content=[picture_block(question.picture, pictures, spec), {"type": "text", "text": text}])


def picture_block(content_hash: str, pictures: PictureSource, spec: ModelSpec) -> dict[str, Any]:
    """Give a stored picture as a LangChain content block."""
    data = base64.b64encode(read_picture(pictures, content_hash, spec.label)).decode("ascii")
    return {"type": "image", "base64": data, "mime_type": "image/png"}


def read_decision(question: Question, alternatives: Mapping[str, float]) -> Decision:
    """Give the decision that these first words and their probabilities make.

    A label that none of them is gets the smaller of the least probability listed and all that is not listed.
    """
    names = list(_options(question)) or ["yes", "no"]
    labels = list(string.ascii_uppercase[: len(names)]) if isinstance(question, Choice) else names
    found = dict.fromkeys(labels, 0.0)
    for word, probability in alternatives.items():
        bare = word.strip(_AROUND)
        label = bare if isinstance(question, Choice) else bare.lower()
        if label in found:
            found[label] += probability
    mass = min(1.0, sum(found.values()))
    if mass == 0.0:
        return Decision({name: 1 / len(names) for name in names}, "logprobs", mass=0.0)
    unlisted = max(0.0, 1.0 - sum(alternatives.values()))
    bound = min(unlisted, min(alternatives.values()))
    weights = [found[label] or bound for label in labels]
    return Decision({name: w / sum(weights) for name, w in zip(names, weights, strict=True)}, "logprobs", mass=mass)


def _options(question: Question) -> Mapping[str, str]:
    return question.options if isinstance(question, Choice) else {}


def _alternatives(response: Any, spec: ModelSpec) -> dict[str, float]:
    """Give the first words the model considered, with their probabilities. Raises ModelMisconfigured where none are."""
    choice = response.choices[0] if response.choices else None
    content = getattr(getattr(choice, "logprobs", None), "content", None) or []
    entries: Iterable[Any] = (getattr(content[0], "top_logprobs", None) or [content[0]]) if content else []
    found: dict[str, float] = {}
    for entry in entries:
        found[entry.token] = found.get(entry.token, 0.0) + math.exp(min(0.0, entry.logprob))
    if not found:
        remedy = "write `decide: [graded]` for this model"
        raise ModelMisconfigured(spec.label, "it gives no probabilities of words", remedy)
    return found
