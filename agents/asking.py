"""Asking a role's model: renders the prompt, keeps to the budget, falls back by profile, and records every call."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pydantic import BaseModel

import prompts
from agents.budget import Budget, BudgetSpent
from models.decisions import DecisionRequest, Decisions, Usage, check_answers
from models.errors import ModelBadOutput, ModelError, ModelTimeout
from models.loading import PictureSource
from models.roles import Role, RoleModels
from models.spec import ModelSpec
from tracing.events import ModelCall, Note
from tracing.recorder import Recorder

if TYPE_CHECKING:
    from langchain_core.messages import AIMessageChunk, BaseMessage, HumanMessage

Schema = TypeVar("Schema", bound=BaseModel)
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Rendered:
    """A prompt as it is sent. pictures: content hashes; they stand before the text."""

    label: str
    text: str
    pictures: tuple[str, ...] = ()


def render(prompt: str, values: dict[str, Any], *, pictures: Sequence[str] = ()) -> Rendered:
    """Fill in a prompt file. Raises PromptError for a missing or an unused value."""
    loaded = prompts.load(prompt)
    return Rendered(loaded.label, loaded.render(**values), tuple(pictures))


def message_of(rendered: Rendered, spec: ModelSpec, pictures: PictureSource) -> HumanMessage:
    """The prompt as one message, its pictures first; a model without vision is sent the words alone.

    Raises ModelMisconfigured for a picture that is gone.
    """
    from langchain_core.messages import HumanMessage

    from models.wire import read_picture

    seen = rendered.pictures if spec.vision else ()
    blocks = [_picture_block(read_picture(pictures, picture, spec.label)) for picture in seen]
    return HumanMessage(content=[*blocks, {"type": "text", "text": rendered.text}])


class Asker:
    """One turn's way to the models. Every method raises ModelError (BudgetSpent among them) and nothing else."""

    def __init__(self, models: RoleModels, pictures: PictureSource, recorder: Recorder, budget: Budget) -> None:
        self._models, self._pictures = models, pictures
        self.recorder, self.budget = recorder, budget

    async def text(self, role: Role, rendered: Rendered) -> str:
        """The model's whole answer, never empty."""
        return "".join([piece async for piece in self.stream(role, rendered)])

    async def stream(
        self, role: Role, rendered: Rendered, *, on_restart: Callable[[str], None] = lambda reason: None
    ) -> AsyncGenerator[str]:
        """The model's answer, piece by piece; who closes it ends the model's work.

        on_restart: called with the reason when a fallback takes over; pieces given so far are void then.
        """
        failure: ModelError | None = None
        for name, spec in self._models.chain(role):
            if failure is not None:
                self._note_fallback(role, spec, failure)
                on_restart(str(failure))
            try:
                async with aclosing(self._stream_once(role, name, spec, rendered)) as pieces:
                    async for piece in pieces:
                        yield piece
                return
            except BudgetSpent:
                raise
            except ModelError as error:
                failure = error
        assert failure is not None  # a chain is never empty
        raise failure

    async def json(self, role: Role, rendered: Rendered, schema: type[Schema]) -> Schema:
        """The model's answer as a checked value; an answer that does not fit is sent back for one repair."""
        from models.structured import ask_json

        async def once(name: str, spec: ModelSpec) -> Schema:
            call = _Call(self, role, spec, rendered)
            async with call.under_way():
                chat = await self._models.chat(name)
                messages = [message_of(rendered, spec, self._pictures)]
                value, call.output = await ask_json(chat, messages, schema, spec, on_reply=call.update_from)
            return value

        return await self._first_to_answer(role, once)

    async def decide(self, role: Role, label: str, request: DecisionRequest) -> Decisions:
        """Probabilities for every question; a fallback answers all of them or none, so kinds never mix."""
        pictures = tuple(question.picture for question in request.questions if question.picture)
        rendered = Rendered(label, _shown(request), pictures)

        async def once(name: str, spec: ModelSpec) -> Decisions:
            call = _Call(self, role, spec, rendered, kind="decide")
            async with call.under_way():
                decisions = await (await self._models.decider(name)).decide(request)
                check_answers(decisions, len(request.questions))
                call.usage = decisions.usage
                call.output = ", ".join(_told(answer.probabilities) for answer in decisions.answers)
            return decisions

        return await self._first_to_answer(role, once)

    async def _first_to_answer(self, role: Role, once: Callable[[str, ModelSpec], Awaitable[Answer]]) -> Answer:
        """Ask the role's model, then its fallbacks; the error of the last one when none answers."""
        failure: ModelError | None = None
        for name, spec in self._models.chain(role):
            if failure is not None:
                self._note_fallback(role, spec, failure)
            try:
                return await once(name, spec)
            except BudgetSpent:
                raise
            except ModelError as error:
                failure = error
        assert failure is not None  # a chain is never empty
        raise failure

    async def _stream_once(self, role: Role, name: str, spec: ModelSpec, rendered: Rendered) -> AsyncGenerator[str]:
        call = _Call(self, role, spec, rendered)
        async with call.under_way():
            chat = await self._models.chat(name)
            chunks = cast("AsyncGenerator[AIMessageChunk]", chat.astream([message_of(rendered, spec, self._pictures)]))
            async with aclosing(chunks):
                async for chunk in chunks:
                    call.update_from(chunk)
                    if piece := str(chunk.text):
                        call.output += piece
                        yield piece
            if not call.output.strip():
                raise ModelBadOutput(spec.label, "it said nothing")

    def _note_fallback(self, role: Role, spec: ModelSpec, failure: ModelError) -> None:
        self.recorder.record(Note(what="fallback", detail=f"{role}: {spec.label} takes over, for {failure}"))


class _Call:
    """One call under way: counted against the budget and recorded, however it ends."""

    def __init__(self, asker: Asker, role: Role, spec: ModelSpec, rendered: Rendered, *, kind: str = "chat") -> None:
        self._asker, self._role, self._spec, self._rendered, self._kind = asker, role, spec, rendered, kind
        self.output, self.usage, self.retries = "", Usage(), 0
        self._costs: list[float | None] = []

    def update_from(self, reply: BaseMessage) -> None:
        """Add the usage, cost and retries of a reply or of a piece of one, where it carries them."""
        told = reply.response_metadata
        if "cost_usd" in told:
            self._costs.append(told["cost_usd"])
        self.retries += told.get("retries", 0)
        counted = getattr(reply, "usage_metadata", None)
        if counted:
            self.usage = Usage(
                input_tokens=self.usage.input_tokens + counted["input_tokens"],
                output_tokens=self.usage.output_tokens + counted["output_tokens"],
                cached_tokens=self.usage.cached_tokens + counted.get("input_token_details", {}).get("cache_read", 0),
            )
        if self._costs:  # one unknown price makes the sum unknown
            known = [cost for cost in self._costs if cost is not None]
            self.usage = replace(self.usage, cost_usd=sum(known) if len(known) == len(self._costs) else None)

    def under_way(self) -> _Watch:
        """Check the budget, hold the call to the time that is left, and record it."""
        return _Watch(self)

    def close(self, seconds: float, error: BaseException | None) -> None:
        """Count and record the finished call."""
        self._asker.budget.update_used(self.usage, seconds)
        self._asker.recorder.record(
            ModelCall(
                role=self._role,
                model=self._spec.label,
                kind="decide" if self._kind == "decide" else "chat",
                prompt=self._rendered.label,
                rendered=self._rendered.text,
                pictures=self._rendered.pictures,
                output=self.output,
                parameters={"temperature": self._spec.temperature, "max_tokens": self._spec.max_tokens},
                input_tokens=self.usage.input_tokens,
                output_tokens=self.usage.output_tokens,
                cached_tokens=self.usage.cached_tokens,
                cost_usd=self.usage.cost_usd,
                seconds=seconds,
                retries=self.retries,
                error=_what_ended(error),
            )
        )

    @property
    def model(self) -> str:
        """The model's name, for errors."""
        return self._spec.label

    @property
    def budget(self) -> Budget:
        """The turn's budget."""
        return self._asker.budget


class _Watch:
    def __init__(self, call: _Call) -> None:
        self._call = call

    async def __aenter__(self) -> None:
        self._call.budget.check()
        self._began = time.perf_counter()
        self._limit = asyncio.timeout(self._call.budget.left_s())
        await self._limit.__aenter__()

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        try:
            await self._limit.__aexit__(kind, error, trace)
        except TimeoutError:
            spent = BudgetSpent("seconds", self._call.budget.seconds)
            self._call.close(time.perf_counter() - self._began, spent)
            raise spent from error
        self._call.close(time.perf_counter() - self._began, error)
        if isinstance(error, TimeoutError):
            raise ModelTimeout(self._call.model, time.perf_counter() - self._began) from error


def _what_ended(error: BaseException | None) -> str | None:
    """What ended a call too soon, in words; None where it came to its end."""
    if isinstance(error, GeneratorExit):
        return "it was not read to its end, so what it took is not known"
    return None if error is None else str(error) or type(error).__name__


def _picture_block(data: bytes) -> dict[str, str]:
    mime = "image/png" if data.startswith(b"\x89PNG") else "image/jpeg"
    return {"type": "image", "base64": base64.b64encode(data).decode("ascii"), "mime_type": mime}


def _shown(request: DecisionRequest) -> str:
    """The request as the trace shows it: the state once, then each question."""
    questions = [f"[{number}] {question.text}" for number, question in enumerate(request.questions, 1)]
    return "\n\n".join([request.state, *questions])


def _told(probabilities: Mapping[str, float]) -> str:
    if set(probabilities) == {"yes", "no"}:
        return f"{probabilities['yes']:.3f}"
    best = max(probabilities, key=lambda option: probabilities[option])
    return f"{best} {probabilities[best]:.2f}"
