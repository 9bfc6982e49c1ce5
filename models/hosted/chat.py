"""Chat with a provider or an OpenAI-compatible server, through LiteLLM."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import RunnableConfig

from models.decisions import Usage
from models.errors import ModelBadOutput, ModelBusy, ModelRefused
from models.hosted.client import call_arguments, check_reachable_by_settings, known_price, litellm
from models.hosted.failures import redact, translate, with_repeats
from models.hosted.together import AT_ONCE
from models.messages import Picture, Said, read_messages
from models.pictures import data_url
from models.replies import last_piece, metadata, piece, usage_metadata
from models.spec import ModelSpec

CHARACTERS_PER_TOKEN = 4  # a guess for servers that do not count; replies so counted say `usage_estimated`
TAKEN = ("max_tokens", "temperature", "response_format", "logprobs", "top_logprobs", "tools", "tool_choice", "stop")


class HostedChatModel(BaseChatModel):
    """A model behind an HTTP interface that writes replies.

    Every call takes `max_tokens`, `temperature`, `response_format`, `logprobs` and `top_logprobs` as keyword arguments.
    Calls that may succeed later are repeated, a stream only before its first word. A cancelled call, or a closed
    stream, closes the connection, which stops the server's work. Raises ModelError and nothing else.
    """

    spec: ModelSpec

    @classmethod
    def load(cls, spec: ModelSpec) -> Self:
        """Give the model; nothing is sent. Raises ModelMisconfigured for a missing key or an unknown provider."""
        check_reachable_by_settings(spec)
        return cls(spec=spec, disable_streaming=not spec.streaming)

    @property
    def _llm_type(self) -> str:
        return "palate-hosted"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model_name": self.spec.label}

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        with ThreadPoolExecutor(1) as thread:  # a loop of its own, wherever this is called
            return thread.submit(asyncio.run, self._agenerate(messages, stop, None, **kwargs)).result()

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        response, repeats = await self.complete(messages, **kwargs)
        return ChatResult(generations=[ChatGeneration(message=self._message(response, repeats))])

    async def complete(self, messages: list[BaseMessage], **kwargs: Any) -> tuple[Any, int]:
        """Give LiteLLM's own response, unchecked, and how many repeats it took; no callback hears of it."""
        request = await self._request(messages, kwargs)

        async def ask() -> Any:
            async with asyncio.timeout(self.spec.timeout_s):
                return await litellm().acompletion(**request)

        return await with_repeats(self.spec, ask)

    async def abatch(
        self,
        inputs: list[LanguageModelInput],
        config: RunnableConfig | list[RunnableConfig] | None = None,
        *,
        return_exceptions: bool = False,
        **kwargs: Any,
    ) -> list[AIMessage]:
        """Write replies to many conversations, eight at once unless `config` says otherwise."""
        bounded = config if config is not None else RunnableConfig(max_concurrency=AT_ONCE)
        return await super().abatch(inputs, bounded, return_exceptions=return_exceptions, **kwargs)

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        request = await self._request(messages, kwargs) | {"stream": True}
        if self.spec.stream_usage if self.spec.stream_usage is not None else self.spec.backend == "hosted":
            request["stream_options"] = {"include_usage": True}
        reader = _Reader(self.spec)
        try:
            first, repeats = await with_repeats(self.spec, lambda: reader.open(request))
            text: str | None = first
            while text is not None:
                chunk = piece(text)
                if run_manager:
                    await run_manager.on_llm_new_token(text, chunk=chunk)
                yield chunk
                text = await self._safely(reader.next)
            prompt_size = sum(len(str(message.content)) for message in messages)
            usage, estimated = reader.usage(prompt_size)
            whole = priced(self.spec, usage)
            yield last_piece(self.spec.label, reader.finish, whole, retries=repeats, estimated=estimated)
        finally:
            await reader.close()

    async def _safely(self, step: Callable[[], Awaitable[str | None]]) -> str | None:
        try:
            return await step()
        except Exception as error:
            raise translate(error, self.spec) from None

    async def _request(self, messages: list[BaseMessage], kwargs: dict[str, Any]) -> dict[str, Any]:
        said = read_messages(messages, model=self.spec.label, vision=self.spec.vision)
        options: dict[str, Any] = {"max_tokens": self.spec.max_tokens, "temperature": self.spec.temperature}
        options |= {name: kwargs[name] for name in TAKEN if name in kwargs}
        options = {name: value for name, value in options.items() if value is not None}
        turns = await asyncio.to_thread(lambda: [_turn(one, self.spec) for one in said])
        return {**call_arguments(self.spec), "messages": turns, "max_retries": 0, **options}

    def _message(self, response: Any, repeats: int) -> AIMessage:
        choice = response.choices[0] if response.choices else None
        if choice is None:
            raise ModelBadOutput(self.spec.label, "its answer holds no choice")
        finish, text = str(choice.finish_reason or "stop"), choice.message.content or _tool_arguments(choice.message)
        check_reply(self.spec, text, finish, _refusal(choice.message))
        usage, estimated = read_usage(response, len(text), 0)
        whole = priced(self.spec, usage)
        facts = metadata(self.spec.label, finish, whole, retries=repeats, estimated=estimated)
        return AIMessage(content=text, usage_metadata=usage_metadata(whole), response_metadata=facts)


class _Reader:
    """Reads one streamed reply."""

    def __init__(self, spec: ModelSpec) -> None:
        self._spec = spec
        self._stream: Any = None
        self._written = 0
        self._usage: Any = None
        self.finish = ""

    async def open(self, request: dict[str, Any]) -> str:
        """Send the request and give the first words."""
        await self.close()
        async with asyncio.timeout(self._spec.timeout_s):
            self._stream = await litellm().acompletion(**request)
        return await self.next() or ""

    async def next(self) -> str | None:
        """Give the next words, or None at the end. Raises ModelBadOutput when it is empty, ModelBusy when it broke."""
        while True:
            try:
                async with asyncio.timeout(self._spec.timeout_s):
                    chunk = await anext(self._stream)
            except StopAsyncIteration:
                self._check_end()
                return None
            self._usage = getattr(chunk, "usage", None) or self._usage
            if chunk.choices and (text := chunk.choices[0].delta.content):
                self._written += len(text)
                return str(text)

    def _check_end(self) -> None:
        finish = getattr(self._stream, "received_finish_reason", None)
        if finish is None:
            raise ModelBusy(self._spec.label, "the reply broke off")
        self.finish = str(finish)
        check_reply(self._spec, "written" if self._written else "", self.finish, None)

    def usage(self, prompt_characters: int) -> tuple[Usage, bool]:
        """Give what the reply took, and whether it is a guess."""
        for chunk in reversed(getattr(self._stream, "chunks", [])):
            self._usage = self._usage or getattr(chunk, "usage", None)
        return read_usage(self, self._written, prompt_characters, self._usage)

    async def close(self) -> None:
        """Close the connection, which tells the server to stop."""
        if self._stream is not None:
            with contextlib.suppress(Exception):
                await self._stream.aclose()


def check_reply(spec: ModelSpec, text: str, finish: str, refusal: str | None) -> None:
    """Refuse a reply that is none. Raises ModelRefused or ModelBadOutput."""
    if refusal or finish == "content_filter":
        raise ModelRefused(spec.label, redact(str(refusal or "content filter"), spec)[:200])
    if not text.strip():
        cut = "it spent its whole `max_tokens` without a word" if finish == "length" else "it wrote nothing"
        raise ModelBadOutput(spec.label, cut, text)


def read_usage(response: Any, written: int, prompt_characters: int, given: Any = None) -> tuple[Usage, bool]:
    """Give the token counts of a response, and whether they are guessed from its length."""
    counts = given or getattr(response, "usage", None)
    if not callable(counts) and counts is not None and getattr(counts, "prompt_tokens", None):
        details = getattr(counts, "prompt_tokens_details", None)
        cached = int(getattr(details, "cached_tokens", None) or 0)
        return Usage(int(counts.prompt_tokens), int(counts.completion_tokens or 0), cached), False
    guess = [-(-count // CHARACTERS_PER_TOKEN) for count in (prompt_characters, written)]
    return Usage(guess[0], guess[1]), True


def _refusal(message: Any) -> str | None:
    """Give the words of a refusal, which LiteLLM keeps among what is special to a provider."""
    special = getattr(message, "provider_specific_fields", None) or {}
    return special.get("refusal") or getattr(message, "refusal", None)


def _tool_arguments(message: Any) -> str:
    """Give what the model wrote into a tool call, for models that keep to a schema only so."""
    calls = getattr(message, "tool_calls", None) or []
    return str(calls[0].function.arguments or "") if calls else ""


def priced(spec: ModelSpec, usage: Usage) -> Usage:
    """Give the usage with its cost: by the spec's prices, else by LiteLLM's list, else unknown."""
    from models.loading import price_of

    cost = price_of(spec, usage)
    if cost is None:
        cost = known_price(spec, usage.input_tokens, usage.output_tokens, usage.cached_tokens)
    return Usage(usage.input_tokens, usage.output_tokens, usage.cached_tokens, cost)


def _turn(said: Said, spec: ModelSpec) -> dict[str, Any]:
    if not said.has_picture:
        return {"role": said.speaker, "content": "".join(getattr(part, "text", "") for part in said.parts)}
    content = [
        {"type": "image_url", "image_url": {"url": data_url(part.data, model=spec.label, longest_px=spec.picture_px)}}
        if isinstance(part, Picture)
        else {"type": "text", "text": part.text}
        for part in said.parts
    ]
    return {"role": said.speaker, "content": content}
