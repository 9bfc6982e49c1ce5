"""Examples as tokens: the prompt exactly as the product reads it, then the answer, and nothing cut."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from models.decisions import Choice, Predicate
from models.errors import ModelMisconfigured
from models.loading import PictureSource
from models.local.architectures import TOKEN_KINDS
from models.local.decider import PicturesApart
from models.pictures import open_picture, placeholders
from models.wire import as_systemone, read_picture, words_of
from training.finetune.examples import Candidates, Chosen, Example, Written, YesNo


@dataclass(frozen=True)
class Row:
    """One prompt with its answer. ids: both, the answer being the last `answer` of them. inputs: pixels and the like.

    kinds: per-token inputs by name, each as long as ids.
    """

    ids: list[int]
    answer: int
    inputs: dict[str, Any] = field(default_factory=dict)
    kinds: dict[str, list[int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Label:
    """An answer word and the one token that stands for it."""

    text: str
    token_id: int


class Encoder:
    """Turns examples into rows for one checkpoint. What it encodes equals what `models.local` reads, id for id."""

    def __init__(
        self, processor: Any, decision_config: Any, end_ids: tuple[int, ...], pictures: PictureSource, *,
        picture_px: int, label: str,
    ) -> None:  # fmt: skip
        """end_ids: what ends a reply of this checkpoint. Raises ModelMisconfigured for labels of several tokens."""
        self._processor, self._decider = processor, copy.deepcopy(processor)
        self._config, self._pictures, self._px, self._label = decision_config, pictures, picture_px, label
        self._sees = getattr(processor, "image_processor", None) is not None
        self._tokenizer = getattr(processor, "tokenizer", processor)
        self._end = _end_of_answer(processor, self._tokenizer, end_ids)
        self.yes, self.no = self._labels()

    def rows(self, example: Example) -> Iterator[Row]:
        """A row per candidate, or the one of a text. Raises ModelMisconfigured for a picture that cannot be read."""
        match example:
            case Candidates():
                yield from (self._decision(example.state, question) for question in example.questions)
            case Chosen():
                yield self._choice(example)
            case Written():
                yield self._text(example.prompt, example.picture, example.answer)

    def _decision(self, state: str, question: YesNo) -> Row:
        mark = placeholders(1, f"{state}\n{words_of(Predicate(question.text))}")[0] if question.picture else None
        assets = {mark: self._picture(question.picture)} if mark and question.picture else {}
        asked = as_systemone(Predicate(question.text, question.picture), mark)
        body = {"state": state, "questions": {"q": asked}, "assets": assets}
        processor = PicturesApart(self._decider)
        [(inputs, _)] = self._config.prepare_inputs(body, processor)
        place = int(inputs.pop("marks")[-1])
        answer = self.yes if question.yes else self.no
        return self._row({**inputs, **processor.pictures}, place, [answer.token_id, *self._end])

    def _choice(self, example: Chosen) -> Row:
        asked = as_systemone(Choice(example.text, dict(example.options)), None)
        body = {"state": example.state, "questions": {"q": asked}}
        [(inputs, [parsed])] = self._config.prepare_inputs(body, self._decider)
        place = int(inputs.pop("marks")[-1])
        tokens = dict(zip(parsed.options, self._tokens_of(parsed.labels), strict=True))
        return self._row(inputs, place, [tokens[example.answer], *self._end])

    def _text(self, prompt: str, picture: str | None, answer: str) -> Row:
        seen = [{"type": "image", "image": self._picture(picture)}] if picture else []
        content = [*seen, {"type": "text", "text": prompt}] if self._sees else prompt
        inputs = self._processor.apply_chat_template(
            [[{"role": "user", "content": content}]],
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
            sanitize_control_tokens=True,
        )
        said = self._tokenizer(answer, add_special_tokens=False, split_special_tokens=True)["input_ids"]
        return self._row(dict(inputs), inputs["input_ids"].shape[1], [*said, *self._end])

    def _row(self, inputs: dict[str, Any], place: int, answer: list[int]) -> Row:
        prompt = inputs.pop("input_ids")[0, :place].tolist()
        inputs.pop("attention_mask", None)
        kinds = {
            name: inputs.pop(name)[0, :place].tolist() + [0] * len(answer) for name in TOKEN_KINDS if name in inputs
        }
        return Row([*prompt, *answer], len(answer), inputs, kinds)

    def _picture(self, content_hash: str) -> Any:
        if not self._sees:
            remedy = "choose an image-text-to-text base, or train on summaries (`recommend.candidate_view=summary`)"
            raise ModelMisconfigured(self._label, "an example has a picture and it takes text only", remedy)
        data = read_picture(self._pictures, content_hash, self._label)
        return open_picture(data, model=self._label, longest_px=self._px)

    def _labels(self) -> tuple[Label, Label]:
        body = {"state": "", "questions": {"q": as_systemone(Predicate("a?"), None)}}
        [(_, [parsed])] = self._config.prepare_inputs(body, self._decider)
        ids = self._tokens_of(parsed.labels)
        labels = dict(zip(parsed.options, (Label(*pair) for pair in zip(parsed.labels, ids, strict=True)), strict=True))
        return labels["true"], labels["false"]

    def _tokens_of(self, labels: Sequence[str]) -> list[int]:
        """The token of each label. Raises ModelMisconfigured for one of several tokens."""
        from transformers.decision import label_token_ids

        tokenizer = getattr(self._decider, "tokenizer", self._decider)
        try:
            return list(label_token_ids(tokenizer, tuple(labels)))
        except ValueError as error:
            remedy = "choose a base whose tokenizer has them, or write its labels into its decision.json"
            raise ModelMisconfigured(self._label, f"it cannot answer in one token ({error})", remedy) from error


def _end_of_answer(processor: Any, tokenizer: Any, end_ids: tuple[int, ...]) -> list[int]:
    """The tokens a chat template writes after an answer, up to the first that ends a reply."""
    words = "answer" if tokenizer is processor else [{"type": "text", "text": "answer"}]
    turns = [{"role": "user", "content": words}, {"role": "assistant", "content": words}]
    after = processor.apply_chat_template(turns, tokenize=False).rpartition("answer")[2]
    ids = tokenizer(after, add_special_tokens=False)["input_ids"]
    ends = end_ids or ((tokenizer.eos_token_id,) if tokenizer.eos_token_id is not None else ())
    place = next((place for place, token in enumerate(ids) if token in ends), None)
    return list(ids[: place + 1]) if place is not None else list(ends[:1])
