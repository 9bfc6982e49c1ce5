"""Exact decisions by a checkpoint in this process: the shared state is read once, every question after it."""

from __future__ import annotations

import asyncio
import copy
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from models.decisions import Choice, Decision, DecisionRequest, Decisions, Question, Usage
from models.errors import ModelMisconfigured, ModelTimeout
from models.local.runtime import Runtime, Stop, load_runtime
from models.pictures import open_picture, placeholders
from models.spec import ModelSpec
from models.wire import as_systemone, read_picture, words_of

if TYPE_CHECKING:
    from models.loading import PictureSource

BATCH_TOKENS = 4096  # tokens run at once, padding included; bounds memory, not the answers
BATCH_ROWS = 32
TOLERANCE = {True: 1e-4, False: 2e-2}  # of a probability: float32, and shorter floats
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Row:
    """One question as the model reads it: token ids up to the place of the answer, the labels' ids, pixels if any."""

    ids: list[int]
    labels: list[int]
    options: tuple[str, ...]
    temperature: float
    pictures: dict[str, Any]


class LocalDecider:
    """Reads the probability of each allowed answer from the model's next-token distribution.

    The words are those of transformers' own decision prompt, so a server of the same checkpoint gives the same answers.
    Each answer equals the one of a separate full reading: within 1e-4 in float32.
    """

    def __init__(self, spec: ModelSpec, runtime: Runtime, pictures: PictureSource) -> None:
        self._spec, self._runtime, self._pictures = spec, runtime, pictures

    @classmethod
    def load(cls, spec: ModelSpec, pictures: PictureSource) -> Self:
        """Load the checkpoint, or share the one that is loaded. Raises ModelMisconfigured."""
        return cls(spec, load_runtime(spec), pictures)

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
        rows = [self._row(request.state, question) for question in request.questions]
        for row in rows:
            self._runtime.check_length(len(row.ids))
        logits, read_tokens = read_rows(self._runtime, rows, check)
        answers = tuple(_answer(row, scores) for row, scores in zip(rows, logits, strict=True))
        whole = sum(len(row.ids) for row in rows)
        usage = Usage(input_tokens=whole, cached_tokens=whole - read_tokens, cost_usd=0.0)
        return Decisions(answers, self._spec.label, "local", usage)

    def _row(self, state: str, question: Question) -> Row:
        """Tokenise one question exactly as transformers' decision pipeline does."""
        from transformers.decision import label_token_ids

        runtime, assets = self._runtime, {}
        mark = placeholders(1, f"{state}\n{words_of(question)}")[0] if question.picture else None
        if mark and question.picture:
            if not (self._spec.vision and runtime.sees):
                remedy = "choose a model with `vision: true`, or ask about summaries"
                raise ModelMisconfigured(self._spec.label, "a question has a picture and it takes text only", remedy)
            data = read_picture(self._pictures, question.picture, self._spec.label)
            assets = {mark: open_picture(data, model=self._spec.label, longest_px=self._spec.picture_px)}
        body = {"state": state, "questions": {"q": as_systemone(question, mark)}, "assets": assets}
        [(inputs, [parsed])] = runtime.decision_config.prepare_inputs(body, runtime.decide_processor)
        place = int(inputs.pop("marks")[-1])
        ids = inputs.pop("input_ids")[0, :place].tolist()
        tokenizer = getattr(runtime.decide_processor, "tokenizer", runtime.decide_processor)
        try:
            labels = label_token_ids(tokenizer, tuple(parsed.labels))
        except ValueError as error:
            remedy = "choose a checkpoint whose tokenizer has them, or write its labels into its decision.json"
            raise ModelMisconfigured(self._spec.label, f"it cannot answer in one token ({error})", remedy) from error
        options = tuple(question.options) if isinstance(question, Choice) else ("yes", "no")
        if not isinstance(question, Choice) and parsed.options[0] == "false":
            options = ("no", "yes")
        temperature = float(runtime.decision_config.temperature.get(parsed.type, 1.0))
        return Row(ids, labels, options, temperature, inputs if question.picture else {})


def read_rows(runtime: Runtime, rows: Sequence[Row], check: Any = lambda: None) -> tuple[list[Any], int]:
    """Give the logits over the whole vocabulary at the end of each row, and how many tokens were really read.

    check: called before each piece of work; raises to end it.
    """
    results: list[Any] = [None] * len(rows)
    texts = [place for place, row in enumerate(rows) if not row.pictures]
    read = 0
    if len(texts) > 1 and runtime.shares_prefix is not False:
        shared, count = _read_after_prefix(runtime, [rows[place] for place in texts], check)
        if runtime.shares_prefix is None:
            runtime.shares_prefix = _is_exact(runtime, rows[texts[0]], shared[0])
        if runtime.shares_prefix:
            read += count
            for place, logits in zip(texts, shared, strict=True):
                results[place] = logits
    for place, row in enumerate(rows):
        if results[place] is None:
            check()
            results[place] = _read_whole(runtime, row)
            read += len(row.ids)
    return results, read


def _is_exact(runtime: Runtime, row: Row, logits: Any) -> bool:
    """Check once per checkpoint that its architecture can go on from a shared prefix; some cannot."""
    alone, shared = _read_whole(runtime, row).softmax(-1), logits.softmax(-1)
    difference = float((alone - shared).abs().max())
    exact = difference <= TOLERANCE[runtime.exact]
    if not exact:
        log.warning(
            "%s cannot share a prefix (differs by %.1e); its questions are read one by one", runtime.label, difference
        )
    return exact


def shared_prefix(rows: Sequence[Row]) -> int:
    """Give how many leading tokens all rows have in common, leaving each at least one of its own."""
    shortest, longest = min(row.ids for row in rows), max(row.ids for row in rows)
    limit = min(len(row.ids) for row in rows) - 1
    return next((place for place in range(limit) if shortest[place] != longest[place]), limit)


def _read_whole(runtime: Runtime, row: Row) -> Any:
    import torch

    pictures = {
        name: value.to(runtime.device, dtype=runtime.model.dtype if value.is_floating_point() else None)
        for name, value in row.pictures.items()
        if hasattr(value, "to")
    }
    ids = torch.tensor([row.ids], device=runtime.device)
    return runtime.model(input_ids=ids, use_cache=False, logits_to_keep=1, **pictures).logits[0, -1].float().cpu()


def _read_after_prefix(runtime: Runtime, rows: Sequence[Row], check: Any) -> tuple[list[Any], int]:
    import torch

    length = shared_prefix(rows)
    cache = None
    if length:
        check()
        prefix = torch.tensor([rows[0].ids[:length]], device=runtime.device)
        cache = runtime.model(input_ids=prefix, use_cache=True, logits_to_keep=1).past_key_values
    results: list[Any] = [None] * len(rows)
    read = length
    for places in _batches(rows, length):
        check()
        batch = [rows[place].ids[length:] for place in places]
        for place, logits in zip(places, _read_batch(runtime, batch, length, cache), strict=True):
            results[place] = logits
        read += sum(map(len, batch))
    return results, read


def _read_batch(runtime: Runtime, rests: list[list[int]], length: int, cache: Any) -> list[Any]:
    """Read rests of different lengths side by side, padded on the right; what is padding nobody attends to."""
    import torch

    width, count, device = max(map(len, rests)), len(rests), runtime.device
    ids = torch.zeros((count, width), dtype=torch.long, device=device)
    mask = torch.zeros((count, length + width), dtype=torch.long, device=device)
    mask[:, :length] = 1
    for place, rest in enumerate(rests):
        ids[place, : len(rest)] = torch.tensor(rest, device=device)
        mask[place, length : length + len(rest)] = 1
    positions = torch.arange(length, length + width, device=device).expand(count, -1)
    own = copy.deepcopy(cache)
    if own is not None:
        own.batch_repeat_interleave(count)
    ends = torch.tensor([len(rest) - 1 for rest in rests], device=device)
    places, where = torch.unique(ends, return_inverse=True)
    output = runtime.model(
        input_ids=ids,
        attention_mask=mask,
        position_ids=positions,
        past_key_values=own,
        use_cache=own is not None,
        logits_to_keep=places,
    )
    return [output.logits[place, where[place]].float().cpu() for place in range(count)]


def _batches(rows: Sequence[Row], length: int) -> list[list[int]]:
    """Group rows of similar length, each group within the bounds."""
    order = sorted(range(len(rows)), key=lambda place: len(rows[place].ids))
    batches: list[list[int]] = []
    for place in order:
        width = len(rows[place].ids) - length
        if batches and len(batches[-1]) < BATCH_ROWS and (len(batches[-1]) + 1) * width <= BATCH_TOKENS:
            batches[-1].append(place)
        else:
            batches.append([place])
    return batches


def _answer(row: Row, logits: Any) -> Decision:
    mass = float(logits.softmax(-1)[row.labels].sum())
    allowed = (logits[row.labels] / row.temperature).softmax(-1).tolist()
    probabilities = dict(zip(row.options, allowed, strict=True))
    if "yes" in probabilities and row.options == ("no", "yes"):
        probabilities = {"yes": probabilities["yes"], "no": probabilities["no"]}
    return Decision(probabilities, "local", mass=min(1.0, mass))
