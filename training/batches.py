"""Examples become tensors: answers are learned and nothing else, and candidates share their state's tokens.

Text examples are padded on the right, so plain causal attention is exact. Decisions put all candidates of a state in
one row: each sees the state and itself, at the positions it would have alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from training.pictures import PicturePool
from training.roles import Decisions, Example
from training.tokens import ASSISTANT, END, USER, chat_text
from training.vision import as_pixels

IGNORED = -100


@dataclass(frozen=True)
class TextBatch:
    """input_ids, labels: (rows, length); labels hold the next token where it is learned, else IGNORED.

    weights: (rows, length), how much each label counts. pixels: (pictures, 3, side, side) or None, in row order.
    facts: (m, 3), row and place of the last token of a value, and what the facts say of it; m may be 0.
    """

    input_ids: Any
    labels: Any
    weights: Any
    pixels: Any
    facts: Any
    roles: tuple[str, ...]


@dataclass(frozen=True)
class DecisionBatch:
    """mask: (rows, 1, length, length), added to scores. reads: (n, 2), row and place; p: (n,), its answer.

    facts: (m, 3), row and place of the last token of a value in a candidate, and what the state's facts say of it.
    """

    input_ids: Any
    positions: Any
    mask: Any
    reads: Any
    p: Any
    facts: Any


def encoded(tokenizer: Any, texts: Sequence[str]) -> list[list[int]]:
    """Token ids of each text, nothing added."""
    return [list(ids) for ids in tokenizer(list(texts), add_special_tokens=False)["input_ids"]]


def text_rows(tokenizer: Any, examples: Sequence[Example]) -> list[tuple[list[int], list[int]]]:
    """Prompt ids and answer ids of each example; the answer ends with the end token."""
    prompts_ids = encoded(tokenizer, [chat_text(e.prompt, picture=e.picture is not None) for e in examples])
    answers_ids = encoded(tokenizer, [e.answer + END for e in examples])
    return list(zip(prompts_ids, answers_ids, strict=True))


def text_batches(
    tokenizer: Any, examples: Sequence[Example], pool: PicturePool | None, *, tokens: int, longest: int = 900
) -> Iterator[TextBatch]:
    """Batches of at most `tokens` padded tokens, rows of similar length together; rows over `longest` are left out."""
    rows = [(e, *row) for e, row in zip(examples, text_rows(tokenizer, examples), strict=True)]
    rows = sorted(
        (row for row in rows if len(row[1]) + len(row[2]) <= longest), key=lambda row: len(row[1]) + len(row[2])
    )
    group: list[tuple[Example, list[int], list[int]]] = []
    for row in rows:
        if group and (len(group) + 1) * (len(row[1]) + len(row[2])) > tokens:
            yield _text_batch(tokenizer, group, pool)
            group = []
        group.append(row)
    if group:
        yield _text_batch(tokenizer, group, pool)


def _text_batch(
    tokenizer: Any, rows: Sequence[tuple[Example, list[int], list[int]]], pool: PicturePool | None
) -> TextBatch:
    import numpy as np
    import torch

    length = max(len(prompt) + len(answer) for _, prompt, answer in rows) - 1
    input_ids = torch.full((len(rows), length), tokenizer.pad_token_id)
    labels = torch.full((len(rows), length), IGNORED)
    weights = torch.zeros((len(rows), length))
    facts = list[tuple[int, int, int]]()
    for number, (example, prompt, answer) in enumerate(rows):
        ids = [*prompt, *answer]
        facts += _places_in_order(tokenizer, number, ids[:-1], example)
        input_ids[number, : len(ids) - 1] = torch.tensor(ids[:-1])
        labels[number, len(prompt) - 1 : len(ids) - 1] = torch.tensor(answer)
        weights[number, len(prompt) - 1 : len(ids) - 1] = example.weight
    seen = [example.picture for example, _, _ in rows if example.picture is not None]
    pixels = as_pixels(np.stack([pool.pixels[row] for row in seen])) if seen and pool is not None else None
    named = torch.tensor(facts).view(-1, 3)
    return TextBatch(input_ids, labels, weights, pixels, named, tuple(example.role for example, _, _ in rows))


def _places_in_order(tokenizer: Any, row: int, ids: list[int], example: Example) -> list[tuple[int, int, int]]:
    """Where a fold's events and answer name its values, one after the other; those worded otherwise are left out."""
    if not example.named:
        return []
    [head] = encoded(tokenizer, ["New events, oldest first:"])
    at = next((i for i in range(len(ids)) if ids[i : i + len(head)] == head), 0)
    places = []
    for value, (_, said) in zip(encoded(tokenizer, [value for value, _ in example.named]), example.named, strict=True):
        found = next((i for i in range(at, len(ids) - len(value) + 1) if ids[i : i + len(value)] == value), None)
        if found is not None:
            at = found + len(value)
            places.append((row, at - 1, said))
    return places


def decision_batch(tokenizer: Any, decisions: Sequence[Decisions]) -> DecisionBatch:
    """One row per state, its candidates one after the other."""
    import torch

    packed, facts = [], list[tuple[int, int, int]]()
    for decision in decisions:
        tail = f"\nAnswer Yes or No only.{END}{ASSISTANT}"
        state, *questions = encoded(
            tokenizer, [f"{USER}{decision.state}\n\n", *(question + tail for question, _ in decision.questions)]
        )
        packed.append((state, questions, [p for _, p in decision.questions]))
    length = max(len(state) + sum(map(len, questions)) for state, questions, _ in packed)
    input_ids = torch.full((len(packed), length), tokenizer.pad_token_id)
    positions = torch.zeros((len(packed), length), dtype=torch.long)
    segments = torch.full((len(packed), length), -1)
    reads, answers = [], []
    for row, (state, questions, ps) in enumerate(packed):
        place = len(state)
        input_ids[row, :place] = torch.tensor(state)
        positions[row, :place] = torch.arange(place)
        segments[row, :place] = 0
        for number, (question, p) in enumerate(zip(questions, ps, strict=True), start=1):
            end = place + len(question)
            input_ids[row, place:end] = torch.tensor(question)
            positions[row, place:end] = torch.arange(len(state), len(state) + len(question))
            segments[row, place:end] = number
            if decisions[row].named:
                facts += _value_places(tokenizer, row, place, question, decisions[row].named[number - 1])
            reads.append((row, end - 1))
            answers.append(p)
            place = end
    looking, looked_at = segments[:, :, None], segments[:, None, :]
    causal = torch.ones((length, length), dtype=torch.bool).tril()
    mask = causal & ((looking == looked_at) | (looked_at == 0))
    added = torch.zeros(mask.shape).masked_fill(~mask, torch.finfo(torch.float32).min)
    return DecisionBatch(
        input_ids, positions, added[:, None], torch.tensor(reads), torch.tensor(answers), torch.tensor(facts)
    )


def _value_places(
    tokenizer: Any, row: int, start: int, question: list[int], named: Sequence[tuple[str, int]]
) -> list[tuple[int, int, int]]:
    places = []
    for ids, (_, said) in zip(encoded(tokenizer, [value for value, _ in named]), named, strict=True):
        ends = [i + len(ids) for i in range(len(question) - len(ids) + 1) if question[i : i + len(ids)] == ids]
        if ends:  # the last: a title may hold the same word, the summary comes after it
            places.append((row, start + ends[-1] - 1, said))
    return places
