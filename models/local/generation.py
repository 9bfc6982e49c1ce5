"""Writing text with a loaded checkpoint. Everything here runs on the runtime's own thread."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from models.errors import ModelMisconfigured, ModelTimeout
from models.local.feature_store import FeatureStore
from models.local.features import apart, as_inputs, eyes_of
from models.local.runtime import Runtime, Stop
from models.local.together import may_write_together, write_together
from models.messages import Picture, Said
from models.pictures import open_picture

SMALL_MODEL_PARAMETERS = 200_000_000


@dataclass(frozen=True)
class Writing:
    """How to write: at most `max_tokens`, greedily at temperature 0, within `timeout_s` (streamed or many: a token).

    schema: what the replies are held to, as compact JSON; None leaves them free. features: where what was made of
    pictures is kept; None looks at each anew.
    """

    max_tokens: int
    temperature: float
    timeout_s: float
    picture_px: int
    schema: type[BaseModel] | None = None
    features: FeatureStore | None = None


@dataclass(frozen=True)
class Written:
    """One reply. finish: "stop" when the model ended it, "length" when it was cut at the limit."""

    text: str
    input_tokens: int
    output_tokens: int
    finish: str


def batch_size(runtime: Runtime) -> int:
    """Give how many replies to write at once: what keeps both the processor busy and the memory small."""
    return 64 if runtime.model.num_parameters() < SMALL_MODEL_PARAMETERS else 8


def write(
    runtime: Runtime,
    conversations: Sequence[Sequence[Said]],
    writing: Writing,
    stop: Stop,
    on_text: Callable[[str], None] | None = None,
) -> list[Written]:
    """Write a reply to each conversation, all at once, padded on the left.

    on_text: is given the text piece by piece, for a single conversation. A reply that was stopped ends where it was.
    Raises ModelTimeout when nothing is done in time, ModelMisconfigured when a prompt is too long or the model cannot
    be held to the schema.
    """
    from transformers import LogitsProcessorList

    if stop.is_set():
        return [Written("", 0, 0, "stop") for _ in conversations]
    inputs = encode(runtime, conversations, writing.picture_px)
    _use_features(runtime, inputs, conversations, writing)
    prompt_tokens = inputs["input_ids"].shape[1]
    runtime.check_length(prompt_tokens + 1)
    clock = _Clock(writing.timeout_s, stop, patient=on_text is not None or len(conversations) > 1)
    options = _options(runtime, writing, clock)
    held = None if writing.schema is None else runtime.grammars.hold(writing.schema, len(conversations))
    ends = runtime.end_ids if held is None else held.end_ids
    lengths = inputs["attention_mask"].sum(dim=1).tolist()
    if len(conversations) > 1 and not options["do_sample"] and may_write_together(runtime.model, inputs):
        most = options["max_new_tokens"]
        replies = write_together(runtime, inputs, most=most, ends=ends, held=held, over=clock)
    else:
        if held is not None:
            options |= {"logits_processor": LogitsProcessorList([held]), "eos_token_id": list(held.end_ids)}
        if on_text is not None:
            options["streamer"] = _streamer(runtime, on_text, clock)
        replies = runtime.model.generate(**inputs, **options)[:, prompt_tokens:].tolist()
    if clock.expired:
        raise ModelTimeout(runtime.label, writing.timeout_s)
    return [_written(runtime, reply, ends, length) for reply, length in zip(replies, lengths, strict=True)]


def encode(runtime: Runtime, conversations: Sequence[Sequence[Said]], picture_px: int) -> Any:
    """Give token ids, attention mask and pixels on the model's device. Control tokens in what people said are text.

    Raises ModelMisconfigured for pictures that cannot be read, or that the checkpoint cannot take.
    """
    if not runtime.sees and any(said.has_picture for turns in conversations for said in turns):
        remedy = "choose an image-text-to-text checkpoint for this role"
        raise ModelMisconfigured(runtime.label, "it takes text only and was given a picture", remedy)
    turns = [[_turn(runtime, said, picture_px) for said in conversation] for conversation in conversations]
    padding = _padding(runtime) if len(turns) > 1 else {}
    inputs = runtime.processor.apply_chat_template(
        turns,
        add_generation_prompt=True,
        tokenize=True,
        return_dict=True,
        return_tensors="pt",
        sanitize_control_tokens=True,
        **padding,
    )
    return inputs.to(runtime.device, dtype=runtime.model.dtype) if runtime.sees else inputs.to(runtime.device)


def _use_features(runtime: Runtime, inputs: Any, conversations: Sequence[Sequence[Said]], writing: Writing) -> None:
    """Put what is known of the pictures in place of their pixels, where each can be told from the others.

    Several of which one is unknown are looked at together instead, and nothing is kept of them: one at a time they
    would take far longer, and a whole catalogue is summarised once.
    """
    said = (turn for conversation in conversations for turn in conversation)
    hashes = [part.content_hash for turn in said for part in turn.parts if isinstance(part, Picture)]
    eyes = eyes_of(runtime, writing.features, writing.picture_px) if hashes else None
    if eyes is None or (len(hashes) > 1 and not all(map(eyes.knows, hashes))):
        return
    if (each := apart(inputs, len(hashes))) is None:
        return
    seen = [eyes.see(one, its) for one, its in zip(hashes, each, strict=True)]
    del inputs["pixel_values"]
    inputs.update(as_inputs(seen))


def _padding(runtime: Runtime) -> dict[str, Any]:
    """The arguments for prompts of different lengths: filled on the left, so all replies begin at the same place."""
    _pad_token_id(runtime)
    if runtime.sees:
        return {"processor_kwargs": {"padding": True, "padding_side": "left"}}
    return {"padding": True, "tokenizer_kwargs": {"padding_side": "left"}}


def _turn(runtime: Runtime, said: Said, picture_px: int) -> dict[str, Any]:
    if not runtime.sees:
        return {"role": said.speaker, "content": "".join(getattr(part, "text", "") for part in said.parts)}
    content = [
        {"type": "image", "image": open_picture(part.data, model=runtime.label, longest_px=picture_px)}
        if isinstance(part, Picture)
        else {"type": "text", "text": part.text}
        for part in said.parts
    ]
    return {"role": said.speaker, "content": content}


def _options(runtime: Runtime, writing: Writing, clock: _Clock) -> dict[str, Any]:
    from transformers import StoppingCriteriaList

    limit = runtime.context_tokens
    options: dict[str, Any] = {
        "max_new_tokens": min(writing.max_tokens, limit) if limit else writing.max_tokens,
        "do_sample": writing.temperature > 0,
        "stopping_criteria": StoppingCriteriaList([clock]),
        "pad_token_id": _pad_token_id(runtime),
    }
    if writing.temperature > 0:
        return {**options, "temperature": writing.temperature}
    return {**options, "temperature": None, "top_p": None, "top_k": None}


def _pad_token_id(runtime: Runtime) -> int:
    if runtime.tokenizer.pad_token_id is None:
        runtime.tokenizer.pad_token = runtime.tokenizer.eos_token
    return int(runtime.tokenizer.pad_token_id)


def _written(runtime: Runtime, ids: list[int], ends: Sequence[int], input_tokens: int) -> Written:
    length = next((place for place, token in enumerate(ids) if token in ends), None)
    kept = ids if length is None else ids[:length]
    text = runtime.tokenizer.decode(kept, skip_special_tokens=True)
    return Written(text, int(input_tokens), len(kept) + (length is not None), "length" if length is None else "stop")


class _Clock:
    """Ends generation when it is stopped or takes too long; a callable, as transformers wants it.

    patient: the time counts from the last token, not from the first.
    """

    def __init__(self, timeout_s: float, stop: Stop, *, patient: bool) -> None:
        self._timeout_s, self._stop, self._patient = timeout_s, stop, patient
        self._since = time.monotonic()
        self.expired = False

    def __call__(self, input_ids: Any, scores: Any, **_: Any) -> Any:
        import torch

        now = time.monotonic()
        self.expired = now - self._since > self._timeout_s and not self._stop.is_set()
        if self._patient:
            self._since = now
        done = self.expired or self._stop.is_set()
        return torch.full((input_ids.shape[0],), done, dtype=torch.bool, device=input_ids.device)


def _streamer(runtime: Runtime, on_text: Callable[[str], None], clock: _Clock) -> Any:
    from transformers import TextStreamer

    class Pieces(TextStreamer):  # type: ignore[misc]
        """Hands on each finished piece of text."""

        def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
            if text and not clock.expired:
                on_text(text)

    return Pieces(runtime.tokenizer, skip_prompt=True, skip_special_tokens=True)
