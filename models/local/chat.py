"""Chat with a checkpoint in this process."""

from __future__ import annotations

import asyncio
import contextlib
import queue
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import Any, Self

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import RunnableConfig
from pydantic import PrivateAttr

from models.decisions import Usage
from models.errors import ModelBadOutput
from models.local.feature_store import FeatureStore
from models.local.generation import Writing, Written, batch_size, write
from models.local.runtime import Runtime, Stop, load_runtime
from models.messages import Said, read_messages
from models.replies import last_piece, metadata, piece, usage_metadata
from models.spec import ModelSpec


class LocalChatModel(BaseChatModel):
    """A checkpoint that writes replies, one call at a time; what is awaited together is written together.

    Every call takes `max_tokens` and `temperature` as keyword arguments in place of the spec's, and `response_format`:
    a pydantic model, to whose schema the reply is held as compact JSON, whole unless it was cut at `max_tokens`. A call
    whose task is cancelled, or whose stream is closed, ends the model's work at its next token. Raises ModelError and
    nothing else.
    """

    spec: ModelSpec
    _runtime: Runtime = PrivateAttr()
    _features: FeatureStore | None = PrivateAttr(default=None)

    @classmethod
    def load(cls, spec: ModelSpec, features: FeatureStore | None = None) -> Self:
        """Load the checkpoint, or share the one that is loaded. Raises ModelMisconfigured.

        features: where it keeps what it made of pictures; None looks at each anew.
        """
        model = cls(spec=spec, disable_streaming=not spec.streaming)
        model._runtime, model._features = load_runtime(spec), features
        return model

    @property
    def runtime(self) -> Runtime:
        """The loaded checkpoint."""
        return self._runtime

    @property
    def _llm_type(self) -> str:
        return "palate-local"

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
        [written] = self._submit([self._read(messages)], kwargs, Stop()).result()
        return self._result(written)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        flag = Stop()
        try:
            waiting = self._runtime.gathering.submit(self._read(messages), self._writing(kwargs), flag)
            written = await asyncio.wrap_future(waiting)
        finally:
            flag.set()
        return self._result(written)

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        flag, pieces = Stop(), queue.SimpleQueue[str | None]()
        future = self._submit([self._read(messages)], kwargs, flag, pieces.put)
        future.add_done_callback(lambda _: pieces.put(None))
        try:
            while (text := pieces.get()) is not None:
                chunk = piece(text)
                if run_manager:
                    run_manager.on_llm_new_token(text, chunk=chunk)
                yield chunk
            yield self._last(future.result()[0])
        finally:
            flag.set()

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        flag, pieces, loop = Stop(), asyncio.Queue[str | None](), asyncio.get_running_loop()

        def hand_over(text: str | None) -> None:
            with contextlib.suppress(RuntimeError):  # the loop may have closed after a cancelled call
                loop.call_soon_threadsafe(pieces.put_nowait, text)

        future = self._submit([self._read(messages)], kwargs, flag, hand_over)
        future.add_done_callback(lambda _: hand_over(None))
        try:
            while (text := await pieces.get()) is not None:
                chunk = piece(text)
                if run_manager:
                    await run_manager.on_llm_new_token(text, chunk=chunk)
                yield chunk
            yield self._last(future.result()[0])
        finally:
            flag.set()

    def batch(
        self,
        inputs: list[LanguageModelInput],
        config: RunnableConfig | list[RunnableConfig] | None = None,
        *,
        return_exceptions: bool = False,
        **kwargs: Any,
    ) -> list[AIMessage]:
        """Write replies to many conversations, many at once; as good as one by one and several times as fast.

        For work over a whole catalogue: callbacks of `config` are not called. An error ends the batch.
        """
        conversations = [self._read(self._convert_input(one).to_messages()) for one in inputs]
        size, flag = batch_size(self._runtime), Stop()
        order = sorted(range(len(conversations)), key=lambda place: _length(conversations[place]))
        replies: dict[int, AIMessage] = {}
        try:
            for start in range(0, len(order), size):
                places = order[start : start + size]
                written = self._submit([conversations[place] for place in places], kwargs, flag).result()
                replies.update(zip(places, map(self._message, written), strict=True))
        finally:
            flag.set()
        return [replies[place] for place in range(len(conversations))]

    async def abatch(
        self,
        inputs: list[LanguageModelInput],
        config: RunnableConfig | list[RunnableConfig] | None = None,
        *,
        return_exceptions: bool = False,
        **kwargs: Any,
    ) -> list[AIMessage]:
        """Write as `batch` does, without holding up the event loop."""
        return await asyncio.to_thread(self.batch, inputs, config, return_exceptions=return_exceptions, **kwargs)

    def _read(self, messages: list[BaseMessage]) -> list[Said]:
        return read_messages(messages, model=self.spec.label, vision=self.spec.vision)

    def _submit(
        self,
        conversations: Sequence[Sequence[Said]],
        kwargs: dict[str, Any],
        stop: Stop,
        on_text: Callable[[str], None] | None = None,
    ) -> Future[list[Written]]:
        return self._runtime.submit(write, self._runtime, conversations, self._writing(kwargs), stop, on_text)

    def _writing(self, kwargs: dict[str, Any]) -> Writing:
        return Writing(
            max_tokens=int(kwargs.get("max_tokens") or self.spec.max_tokens),
            temperature=float(kwargs.get("temperature", self.spec.temperature) or 0.0),
            timeout_s=self.spec.timeout_s,
            picture_px=self.spec.picture_px,
            schema=kwargs.get("response_format"),
            features=self._features,
        )

    def _message(self, written: Written) -> AIMessage:
        usage = _usage(written, self.spec.label)
        return AIMessage(
            content=written.text,
            usage_metadata=usage_metadata(usage),
            response_metadata=metadata(self.spec.label, written.finish, usage),
        )

    def _result(self, written: Written) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._message(written))])

    def _last(self, written: Written) -> ChatGenerationChunk:
        return last_piece(self.spec.label, written.finish, _usage(written, self.spec.label))


def _usage(written: Written, model: str) -> Usage:
    """Give what the reply took. Raises ModelBadOutput for a reply without a word."""
    if not written.text.strip():
        raise ModelBadOutput(model, "it wrote nothing", written.text)
    return Usage(written.input_tokens, written.output_tokens, cost_usd=0.0)


def _length(conversation: list[Said]) -> int:
    return sum(len(getattr(part, "text", "")) for said in conversation for part in said.parts)
