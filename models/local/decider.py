"""Exact decisions by a checkpoint in this process: the shared state is read once, every question after it."""

from __future__ import annotations

import asyncio
import hashlib
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from models.decisions import Choice, Decision, DecisionRequest, Decisions, Question, Usage, check_answers
from models.errors import ModelMisconfigured, ModelTimeout
from models.local.architectures import TOKEN_KINDS
from models.local.features import eyes_of
from models.local.reading import read_rows
from models.local.rows import Row
from models.local.runtime import Runtime, Stop, load_runtime
from models.pictures import open_picture, placeholders
from models.spec import ModelSpec
from models.wire import as_systemone, read_picture, words_of

if TYPE_CHECKING:
    from models.loading import PictureSource
    from models.local.feature_store import FeatureStore

QUESTIONS_AT_ONCE = 256  # bounds the memory of their pictures and logits, however many are asked


class LocalDecider:
    """Reads the probability of each allowed answer from the model's next-token distribution.

    The words are those of transformers' own decision prompt, so a server of the same checkpoint gives the same answers.
    Each answer equals the one of a separate full reading: within 1e-4 in float32.
    """

    def __init__(
        self, spec: ModelSpec, runtime: Runtime, pictures: PictureSource, features: FeatureStore | None = None
    ) -> None:
        """features: where what was made of pictures is kept, for weights that stay; None looks at each anew."""
        self._spec, self._runtime, self._pictures = spec, runtime, pictures
        self._eyes = eyes_of(runtime, features, spec.picture_px)
        self._label_ids: dict[tuple[str, ...], list[int]] = {}

    @classmethod
    def load(cls, spec: ModelSpec, pictures: PictureSource, features: FeatureStore | None = None) -> Self:
        """Load the checkpoint, or share the one that is loaded. Raises ModelMisconfigured."""
        return cls(spec, load_runtime(spec), pictures, features)

    @property
    def runtime(self) -> Runtime:
        """The loaded checkpoint."""
        return self._runtime

    async def decide(self, request: DecisionRequest) -> Decisions:
        """Answer every question, in order. Raises ModelError and nothing else; a cancelled call stops the model."""
        if not request.questions:
            return Decisions((), self._spec.label, "local")
        stop = Stop()
        try:
            return await asyncio.wrap_future(self._runtime.submit(self._decide, request, stop))
        finally:
            stop.set()

    def _decide(self, request: DecisionRequest, stop: Stop) -> Decisions:
        started = time.monotonic()

        def check() -> None:
            if stop.is_set():
                raise ModelTimeout(self._spec.label, time.monotonic() - started)  # nobody waits for it any more
            if time.monotonic() - started > self._spec.timeout_s:
                raise ModelTimeout(self._spec.label, self._spec.timeout_s)

        check()
        answers: list[Decision] = []
        whole = read = 0
        for start in range(0, len(request.questions), QUESTIONS_AT_ONCE):
            rows = []
            for question in request.questions[start : start + QUESTIONS_AT_ONCE]:
                check()
                rows.append(self.row(request.state, question))
                self._runtime.check_length(len(rows[-1].ids))
            logits, tokens = read_rows(self._runtime, rows, check)
            answers += [_answer(row, scores) for row, scores in zip(rows, logits, strict=True)]
            whole, read = whole + sum(len(row.ids) for row in rows), read + tokens
        usage = Usage(input_tokens=whole, cached_tokens=whole - read, cost_usd=0.0)
        decisions = Decisions(tuple(answers), self._spec.label, "local", usage)
        check_answers(decisions, len(request.questions))
        return decisions

    def row(self, state: str, question: Question) -> Row:
        """Tokenise one question exactly as transformers' decision pipeline does. Raises ModelMisconfigured."""
        runtime, assets, content_hash = self._runtime, {}, ""
        mark = placeholders(1, f"{state}\n{words_of(question)}")[0] if question.picture else None
        if mark and question.picture:
            if not (self._spec.vision and runtime.sees):
                remedy = "choose a model with `vision: true`, or ask about summaries"
                raise ModelMisconfigured(self._spec.label, "a question has a picture and it takes text only", remedy)
            data = read_picture(self._pictures, question.picture, self._spec.label)
            content_hash = hashlib.sha256(data).hexdigest()
            assets = {mark: open_picture(data, model=self._spec.label, longest_px=self._spec.picture_px)}
        body = {"state": state, "questions": {"q": as_systemone(question, mark)}, "assets": assets}
        processor = PicturesApart(runtime.decide_processor)
        [(inputs, [parsed])] = runtime.decision_config.prepare_inputs(body, processor)
        place = int(inputs["marks"][-1])
        ids = inputs["input_ids"][0, :place].tolist()
        labels = self._labels(tuple(parsed.labels))
        options = tuple(question.options) if isinstance(question, Choice) else ("yes", "no")
        if not isinstance(question, Choice) and parsed.options[0] == "false":
            options = ("no", "yes")
        temperature = float(runtime.decision_config.temperature.get(parsed.type, 1.0))
        if not question.picture:
            return Row(ids, labels, options, temperature)
        kinds = {name: inputs[name][:, :place] for name in TOKEN_KINDS if name in inputs}
        look = partial(self._eyes.see, content_hash, processor.pictures) if self._eyes else None
        return Row(ids, labels, options, temperature, processor.pictures, kinds, look)

    def _labels(self, labels: tuple[str, ...]) -> list[int]:
        """Give the tokens of the labels, looked up once. Raises ModelMisconfigured where one takes several."""
        from transformers.decision import label_token_ids

        if labels not in self._label_ids:
            processor = self._runtime.decide_processor
            try:
                self._label_ids[labels] = label_token_ids(getattr(processor, "tokenizer", processor), labels)
            except ValueError as error:
                detail = f"it cannot answer in one token ({error})"
                remedy = "choose a checkpoint whose tokenizer has them, or write its labels into its decision.json"
                raise ModelMisconfigured(self._spec.label, detail, remedy) from error
        return self._label_ids[labels]


class PicturesApart:
    """A processor that keeps the pictures of its last prompt to itself and hands out what belongs to the tokens.

    transformers' decision prompt takes any input whose last size is the number of tokens for one number per token, and
    fails on a picture that happens to be as wide as the prompt is long.
    """

    def __init__(self, processor: Any) -> None:
        self._processor = processor
        self.pictures: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._processor, name)

    @property
    def tokenizer(self) -> _AddedVocabulary:
        """The processor's tokenizer, or the processor itself where it is one."""
        return _AddedVocabulary(getattr(self._processor, "tokenizer", self._processor))

    def apply_chat_template(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Give the inputs that have one number per token; `pictures` holds the others."""
        inputs = dict(self._processor.apply_chat_template(*args, **kwargs))
        tokens = {name: inputs.pop(name) for name in ("input_ids", "attention_mask", *TOKEN_KINDS) if name in inputs}
        self.pictures = {name: value for name, value in inputs.items() if hasattr(value, "to")}
        return tokens


class _AddedVocabulary:
    """A tokenizer that is asked for its vocabulary only to find what was added to it.

    transformers' decision prompt looks for its own two tokens in a copy of the whole vocabulary at every question: 8 ms
    of 11,000 tokens, more than the rest of a short prompt takes.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tokenizer, name)

    def get_vocab(self) -> dict[str, int]:
        """Token → id of the added tokens alone."""
        return dict(self._tokenizer.get_added_vocab())


def _answer(row: Row, logits: Any) -> Decision:
    mass = float(logits.softmax(-1)[row.labels].sum())
    allowed = (logits[row.labels] / row.temperature).softmax(-1).tolist()
    probabilities = dict(zip(row.options, allowed, strict=True))
    if "yes" in probabilities and row.options == ("no", "yes"):
        probabilities = {"yes": probabilities["yes"], "no": probabilities["no"]}
    return Decision(probabilities, "local", mass=min(1.0, mass))
