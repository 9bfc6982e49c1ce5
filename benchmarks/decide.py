"""How fast many candidates are decided over one shared state, against asking the model once per candidate.

Prints one JSON object. All ways take turns in one process on one model: a LLaVA of the shipped checkpoint's kind, wider
and deeper, with random weights. `ours` is `LocalDecider`, from request to probabilities. Against it: `pipeline`,
transformers' own decision pipeline, one candidate after another; `published`, a full prompt per candidate, a picture
before it and 30 tokens generated, as MLLM-MSR's published code asks; and `forward`, one plain pass over as many tokens
as ours has to read, which is the limit. `kept` is ours when the state was decided over before, so that its reading is
kept: a turn later with an unchanged taste. Ratios are medians over rounds,
of seconds as they pass and of processor time, which tells more on a machine that others use too.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHECKPOINT = Path(__file__).resolve().parent.parent / "checkpoints" / "demo"
WIDTH, LAYERS, GENERATED, SEED = 512, 8, 30, 7


@dataclass(frozen=True)
class Shape:
    """One request. rounds: how often each way is timed. bounds: way → how many times as fast ours is to be."""

    prefix: int
    tokens: int
    candidates: int
    rounds: int
    bounds: dict[str, float]


SHAPES = (
    Shape(300, 60, 20, 5, {"pipeline": 3.5, "published": 15.0, "forward": 0.7, "kept": 1 / 1.5}),
    Shape(1000, 60, 50, 3, {"pipeline": 8.0, "forward": 0.7, "kept": 1 / 1.5}),
)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, help="of each shape, in place of its own number")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        make_model(Path(folder))
        bench = Bench(folder)
        print(json.dumps([bench.figures(shape, asked.rounds or shape.rounds) for shape in SHAPES], indent=2))


def make_model(folder: Path) -> None:
    """A checkpoint with random weights, of the shipped one's kind."""
    import torch
    from transformers import AutoConfig, AutoModelForImageTextToText, AutoProcessor

    torch.manual_seed(SEED)
    config = AutoConfig.from_pretrained(CHECKPOINT)
    text = config.text_config
    text.hidden_size, text.intermediate_size, text.num_hidden_layers = WIDTH, 3 * WIDTH, LAYERS
    text.num_attention_heads = text.num_key_value_heads = WIDTH // text.head_dim
    AutoModelForImageTextToText.from_config(config).save_pretrained(folder)
    AutoProcessor.from_pretrained(CHECKPOINT).save_pretrained(folder)
    for name in ("decision.json", "decision_config.json", "chat_template.jinja"):
        if (CHECKPOINT / name).is_file():
            (folder / name).write_bytes((CHECKPOINT / name).read_bytes())


class Bench:
    """The ways, loaded once."""

    def __init__(self, folder: str) -> None:
        import torch
        from transformers import pipeline

        from models.local.decider import LocalDecider
        from models.spec import ModelSpec

        self.decider = LocalDecider.load(
            ModelSpec(backend="local", model=folder, device="cpu", dtype="float32", timeout_s=600), NoPictures()
        )
        runtime = self.decider.runtime
        self.model, self.processor = runtime.model, runtime.processor
        self.runtime = runtime
        self.pipeline = pipeline(
            "decision",
            model=self.model,
            tokenizer=runtime.decide_processor.tokenizer,
            processor=runtime.decide_processor,
        )
        self.torch = torch

    def figures(self, shape: Shape, rounds: int) -> dict[str, Any]:
        """Time every way over one request, in turn."""
        from models.decisions import DecisionRequest, Predicate

        state, questions = (
            self.words(shape.prefix, "state"),
            [self.words(shape.tokens, f"candidate {number}") for number in range(shape.candidates)],
        )
        request = DecisionRequest(state, [Predicate(question) for question in questions])
        rows = [self.decider.row(request.state, question) for question in request.questions]
        from models.local.rows import shared_prefix

        prefix = shared_prefix(rows)
        own = sum(len(row.ids) - prefix for row in rows)
        ways: dict[str, Callable[[], object]] = {
            "ours": lambda: self.ours(request, fresh=True),
            "kept": lambda: self.ours(request, fresh=False),
            "forward": lambda: self.forward(prefix + own),
            "pipeline": lambda: self.one_by_one(state, questions),
        }
        if "published" in shape.bounds:
            ways["published"] = lambda: self.published(state, questions)
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        processor: dict[str, list[float]] = {name: [] for name in ways}
        self.ours(request, fresh=True)
        for _ in range(rounds):
            for name, way in ways.items():
                began, worked = time.perf_counter(), time.process_time()
                way()
                seconds[name].append(time.perf_counter() - began)
                processor[name].append(time.process_time() - worked)
        ratios = times_ours(seconds)
        return {
            "prefix_tokens": prefix,
            "tokens_a_candidate": round(own / shape.candidates, 1),
            "candidates": shape.candidates,
            "seconds": {name: round(statistics.median(times), 3) for name, times in seconds.items()},
            "times_ours": {name: round(ratio, 2) for name, ratio in ratios.items()},
            "processor_times_ours": {name: round(ratio, 2) for name, ratio in times_ours(processor).items()},
            "bounds": {name: round(bound, 2) for name, bound in shape.bounds.items()},
            "met": {
                name: ratios[name] <= bound if name == "kept" else ratios[name] >= bound
                for name, bound in shape.bounds.items()
            },
        }

    def words(self, tokens: int, start: str) -> str:
        """A text of about that many tokens that begins with its name."""
        text, number = start, 0
        while len(self.processor.tokenizer(text)["input_ids"]) < tokens:
            number += 1
            text += f" {('fox', 'owl', 'calm', 'blue', 'paper', 'storm', 'line', 'joy')[number * number % 8]} {number},"
        return text

    def ours(self, request: Any, *, fresh: bool) -> object:
        """Decide in one request. fresh: with nothing kept from an earlier one."""
        if fresh:
            self.runtime.prefixes.clear()
        return asyncio.run(self.decider.decide(request))

    def forward(self, tokens: int) -> object:
        """One plain pass over so many tokens, in rows as long as a model of this length takes at once."""
        width = 1000
        with self.torch.inference_mode():
            for start in range(0, tokens, width):
                ids = self.torch.randint(10, 1000, (1, min(width, tokens - start)))
                self.model(input_ids=ids, use_cache=False, logits_to_keep=1)
        return None

    def one_by_one(self, state: str, questions: list[str]) -> object:
        """Transformers' decision pipeline, a candidate at a time."""
        with self.torch.inference_mode():
            return [
                self.pipeline({"state": state, "questions": {"q": {"type": "noul", "instructions": question}}})
                for question in questions
            ]

    def published(self, state: str, questions: list[str]) -> object:
        """A prompt per candidate, its picture first, with 30 tokens generated."""
        from PIL import Image

        picture, told = Image.new("RGB", (224, 224), "navy"), []
        for question in questions:
            content = [{"type": "image", "image": picture}, {"type": "text", "text": f"{state}\n{question}"}]
            inputs = self.processor.apply_chat_template(
                [{"role": "user", "content": content}],
                add_generation_prompt=True,
                tokenize=True,
                return_dict=True,
                return_tensors="pt",
            )
            with self.torch.inference_mode():
                told.append(
                    self.model.generate(
                        **inputs, max_new_tokens=GENERATED, min_new_tokens=GENERATED, do_sample=False, pad_token_id=0
                    )
                )
        return told


def times_ours(times: dict[str, list[float]]) -> dict[str, float]:
    """How many times as long as ours each way took: the median over rounds."""
    return {
        name: statistics.median(one / ours for one, ours in zip(own, times["ours"], strict=True))
        for name, own in times.items()
        if name != "ours"
    }


class NoPictures:
    """No candidate of ours has one here."""

    def read(self, picture: str) -> bytes:
        """Refuse."""
        raise FileNotFoundError(picture)


if __name__ == "__main__":
    main()
