"""Holding what a checkpoint writes to a JSON schema: at each step only tokens that can still lead to JSON that fits.

Tokens count by their bytes, so a token that holds a whole piece of JSON is used like any other. The JSON is compact, no
space between its parts and the keys in the schema's order, and its objects are closed: no key that the schema lacks.
Source: llguidance, https://github.com/guidance-ai/llguidance, an Earley parser over derivatives of regular expressions.
"""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from models.errors import ModelMisconfigured

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch
    from llguidance import LLMatcher
    from pydantic_core import core_schema

SCHEMAS_KEPT = 32  # compiled, per checkpoint
ESCAPES = '"\\nrt'  # the only escapes written in strings: what JSON needs, and line breaks and tabs
REMEDY = "write `schema_output: none` for this model"


class Grammars:
    """The schemas that one checkpoint is held to, each compiled when it is first asked for. For one thread."""

    def __init__(self, label: str, tokenizer: Any, end_ids: Sequence[int]) -> None:
        """Read the vocabulary. end_ids: the tokens that end a reply; the tokenizer's own where there are none.

        Raises ModelMisconfigured when the package is missing or the tokenizer is of a kind that it cannot read.
        """
        try:
            from llguidance.hf import from_tokenizer
        except ImportError as error:
            remedy = f'install it with `pip install "palate[local]"`, or {REMEDY}'
            raise ModelMisconfigured(label, "to hold it to a schema needs the package `llguidance`", remedy) from error
        self._label, self._end_ids = label, tuple(end_ids) or (tokenizer.eos_token_id,)
        try:
            self._tokenizer = from_tokenizer(tokenizer, eos_token=list(self._end_ids))
        except Exception as error:
            detail = f"its tokenizer cannot be held to a schema ({_first_line(str(error))})"
            raise ModelMisconfigured(label, detail, REMEDY) from error
        self._compiled = functools.lru_cache(maxsize=SCHEMAS_KEPT)(self._compile)

    def hold(self, schema: type[BaseModel], rows: int) -> Held:
        """Give what holds each of `rows` replies, written at once, to the schema. Raises ModelMisconfigured."""
        matcher = self._compiled(schema)
        copies = [matcher.deep_copy() for _ in range(rows)]  # which share what was worked out about the tokens
        return Held(self._label, copies, self._end_ids)

    def _compile(self, schema: type[BaseModel]) -> LLMatcher:
        from llguidance import LLMatcher, LLParserLimits

        grammar = LLMatcher.grammar_from_json_schema(
            json.dumps(schema.model_json_schema(schema_generator=_Closed)),
            # lenient: what a grammar cannot say, such as unique items, is left to the check of the finished value
            overrides={"whitespace_flexible": False, "lenient": True, "json_allowed_escapes": ESCAPES},
        )
        limits = LLParserLimits(verbose_errors=False)  # else its errors quote what was written
        matcher = LLMatcher(self._tokenizer, grammar, log_level=0, limits=limits)
        if matcher.is_error():
            detail = f"it cannot be held to the schema {schema.__name__} ({_first_line(matcher.get_error())})"
            raise ModelMisconfigured(self._label, detail, REMEDY)
        return matcher


class Held:
    """Takes the scores of the next tokens and leaves those that fit; a callable, as transformers wants it.

    Each row has a matcher of its own. A row whose JSON is complete may only end, by one of `end_ids`.
    """

    def __init__(self, label: str, matchers: Sequence[LLMatcher], end_ids: tuple[int, ...]) -> None:
        self._label, self._matchers, self.end_ids = label, matchers, end_ids
        self._read: int | None = None  # tokens of each row, the prompt's included, that the matchers know of

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Give the scores with minus infinity for what does not fit.

        input_ids: (rows, tokens), the prompt included; scores: (rows, vocabulary). Raises ModelMisconfigured when the
        schema proves too complex.
        """
        import torch

        if self._read is not None:
            self._follow(input_ids[:, self._read :].tolist())
        self._read = input_ids.shape[1]
        fits = torch.from_numpy(self._fitting(scores.shape[1])).to(scores.device)
        for matcher in self._matchers:
            if matcher.is_error():
                detail = f"it could not be held to the schema ({_first_line(matcher.get_error())})"
                raise ModelMisconfigured(self._label, detail, REMEDY)
        # what fits stays possible even where an earlier step of generation forbade it
        return scores.clamp(min=torch.finfo(scores.dtype).min).masked_fill(~fits, -torch.inf)

    def keep(self, places: Sequence[int]) -> None:
        """Go on with these rows alone, which are all there is from now on."""
        self._matchers = [self._matchers[place] for place in places]

    def _follow(self, written: list[list[int]]) -> None:
        for matcher, tokens in zip(self._matchers, written, strict=True):
            for token in tokens:
                if not matcher.is_stopped():  # after its end a row is only padding
                    matcher.consume_token(token)

    def _fitting(self, vocabulary: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Which tokens fit, (rows, vocabulary); a model's spare places beyond its tokenizer's tokens never do."""
        bits = [np.frombuffer(matcher.compute_bitmask(), dtype=np.uint8) for matcher in self._matchers]
        return np.unpackbits(np.stack(bits), axis=1, count=vocabulary, bitorder="little").view(np.bool_)


class _Closed(GenerateJsonSchema):
    """Schemas of models without other keys than their own, unless the model asks for them."""

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        made = super().model_schema(schema)
        if "properties" in made:
            made.setdefault("additionalProperties", False)
        return made


def _first_line(text: str) -> str:
    return (text.strip().splitlines() or ["no reason given"])[0][:200]
