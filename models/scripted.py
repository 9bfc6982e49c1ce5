"""Models for tests: they answer what they are told to, through the same interfaces. Never a fallback of the product."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import PrivateAttr

from models.decisions import Choice, Decision, DecisionRequest, Decisions, Question, Usage
from models.errors import ModelError
from models.replies import last_piece, metadata, piece, usage_metadata

ChatStep = str | ModelError | Callable[[Sequence[BaseMessage]], str]
Odds = Mapping[str, float] | float | ModelError


class ScriptedChat(BaseChatModel):
    """Says its steps in turn, the last one for ever; a step is text, an error to raise, or a function of the messages.

    Keeps what it was asked in `asked`. A stream gives a word at a time, `pause_s` apart, and notes in `stopped` whether
    it was ended before its last word. Words are counted as tokens.
    """

    name: str | None = "scripted"
    pause_s: float = 0.0
    _steps: list[ChatStep] = PrivateAttr()
    _asked: list[list[BaseMessage]] = PrivateAttr(default_factory=list)
    _stopped: bool = PrivateAttr(default=False)

    def __init__(self, *steps: ChatStep, pause_s: float = 0.0) -> None:
        super().__init__(pause_s=pause_s)  # type: ignore[call-arg]
        self._steps = list(steps) or ["Yes."]

    @property
    def asked(self) -> list[list[BaseMessage]]:
        """The messages of every call, in order."""
        return self._asked

    @property
    def stopped(self) -> bool:
        """Whether the last stream was ended early."""
        return self._stopped

    @property
    def _llm_type(self) -> str:
        return "palate-scripted"

    def _next(self, messages: Sequence[BaseMessage]) -> str:
        self._asked.append(list(messages))
        step = self._steps.pop(0) if len(self._steps) > 1 else self._steps[0]
        if isinstance(step, ModelError):
            raise step
        return step(messages) if callable(step) else step

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        text = self._next(messages)
        usage = _count(messages, text)
        message = AIMessage(
            content=text, usage_metadata=usage_metadata(usage), response_metadata=metadata("scripted", "stop", usage)
        )
        return ChatResult(generations=[ChatGeneration(message=message)])

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        text = self._next(messages)
        self._stopped = True
        for number, word in enumerate(text.split(" ")):
            await asyncio.sleep(self.pause_s)
            chunk = piece(word if number == 0 else f" {word}")
            if run_manager:
                await run_manager.on_llm_new_token(str(chunk.message.content), chunk=chunk)
            yield chunk
        self._stopped = False
        yield last_piece("scripted", "stop", _count(messages, text))


class ScriptedDecider:
    """Answers each question by a rule: a function that gives the odds of its options, p(yes) alone for a predicate.

    The rule may give an error, which is raised. Keeps what it was asked in `asked`.
    """

    def __init__(self, rule: Callable[[str, Question], Odds] = lambda state, question: 0.5) -> None:
        self._rule = rule
        self.asked: list[DecisionRequest] = []

    async def decide(self, request: DecisionRequest) -> Decisions:
        """Answer every question, in order."""
        if not request.questions:
            return Decisions((), "scripted", "scripted")
        self.asked.append(request)
        answers = tuple(self._answer(request.state, question) for question in request.questions)
        return Decisions(answers, "scripted", "scripted", Usage(len(request.state.split()), cost_usd=0.0))

    def _answer(self, state: str, question: Question) -> Decision:
        odds = self._rule(state, question)
        if isinstance(odds, ModelError):
            raise odds
        if isinstance(odds, (int, float)):
            if isinstance(question, Choice):
                first, *others = question.options
                odds = {first: odds, **{other: (1 - odds) / len(others) for other in others}}
            else:
                odds = {"yes": odds, "no": 1 - odds}
        whole = sum(odds.values())
        return Decision({option: value / whole for option, value in odds.items()}, "scripted", mass=1.0)


def _count(messages: Sequence[BaseMessage], text: str) -> Usage:
    read = sum(len(str(message.content).split()) for message in messages)
    return Usage(read, len(text.split()), cost_usd=0.0)
