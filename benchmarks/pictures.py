"""What keeping the features of pictures spares: the same work with nothing kept, with all kept, and looking anew.

Prints one JSON object, for two checkpoints: the shipped one, whose tower is small, and one of the proportions of
SmolVLM-256M (a tower of 93 million numbers before a decoder of 135 million) with random weights and fewer layers. Two
kinds of work over pictures of the demo catalogue: a decision over candidates that each have a picture, and summaries
of them. `anew` looks at every picture each time; `cold` keeps what it saw for the first time; `kept` finds it, in a
process that has just been started. Seconds are processor time of the model's thread, medians over rounds in turn.
`difference` is the largest of any p(yes) between `anew` and `kept`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

CHECKPOINT, SEED = Path(__file__).resolve().parent.parent / "checkpoints" / "demo", 7
CANDIDATES, SUMMARIES, TOKENS, ROUNDS = 12, 4, 16, 3
TASTE = "One person's taste: they like quiet prints of foxes and owls, in deep blue, for a study. " * 3
WAYS = ("anew", "cold", "kept")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        wide = make_wide_model(Path(folder) / "wide")
        told = {
            "shipped": Bench(str(CHECKPOINT), Path(folder)).figures(asked.rounds),
            "wide_tower": Bench(str(wide), Path(folder)).figures(asked.rounds),
        }
    print(json.dumps(told, indent=2))


def make_wide_model(folder: Path) -> Path:
    """A checkpoint with random weights whose tower outweighs its decoder as in small published models."""
    import torch
    from transformers import AutoConfig, AutoModelForImageTextToText, AutoProcessor

    torch.manual_seed(SEED)
    config = AutoConfig.from_pretrained(CHECKPOINT)
    eyes, words = config.vision_config, config.text_config
    eyes.hidden_size, eyes.intermediate_size, eyes.num_hidden_layers, eyes.num_attention_heads = 768, 3072, 6, 12
    words.hidden_size, words.intermediate_size, words.num_hidden_layers = 576, 1536, 6
    words.num_attention_heads = words.num_key_value_heads = 9
    AutoModelForImageTextToText.from_config(config).save_pretrained(folder)
    AutoProcessor.from_pretrained(CHECKPOINT).save_pretrained(folder)
    for path in CHECKPOINT.glob("*.j*"):
        if not (folder / path.name).exists():
            shutil.copy(path, folder)
    return folder


class Bench:
    """One checkpoint, and what it is asked."""

    def __init__(self, checkpoint: str, scratch: Path) -> None:
        from models.decisions import DecisionRequest, Predicate
        from models.spec import ModelSpec

        self.spec = ModelSpec(backend="local", model=checkpoint, device="cpu", dtype="float32", max_tokens=TOKENS)
        self.pictures = Prints(CANDIDATES)
        self.root = scratch / "features"
        questions = [Predicate(f"Print {number}. Would they like it?", str(number)) for number in range(CANDIDATES)]
        self.request = DecisionRequest(TASTE, questions)

    def figures(self, rounds: int) -> dict[str, Any]:
        """Time both kinds of work in every way, in turn."""
        found: dict[str, dict[str, list[float]]] = {work: {way: [] for way in WAYS} for work in ("decide", "summarize")}
        answers: dict[str, list[float]] = {}
        for number in range(rounds + 1):
            for work in found:
                shutil.rmtree(self.root, ignore_errors=True)
                for way in WAYS:
                    if work == "decide":
                        seconds, answers[way] = self.decide(way)
                    else:
                        seconds = self.summarize(way)
                    if number:  # the first round warms up
                        found[work][way].append(seconds)
        apart = [abs(one - other) for one, other in zip(answers["anew"], answers["kept"], strict=True)]
        medians = {work: {way: statistics.median(times) for way, times in ways.items()} for work, ways in found.items()}
        return {
            "candidates": CANDIDATES,
            "summaries": SUMMARIES,
            "seconds": {work: {way: round(one, 4) for way, one in ways.items()} for work, ways in medians.items()},
            "anew_times_kept": {work: round(ways["anew"] / ways["kept"], 2) for work, ways in medians.items()},
            "difference": max(apart),
        }

    def decide(self, way: str) -> tuple[float, list[float]]:
        """Decide over all candidates; gives seconds and every p(yes)."""
        from models.local.decider import LocalDecider

        decider = LocalDecider.load(self.spec, self.pictures, self.store(way))
        decider.runtime.prefixes.clear()
        seconds, told = timed(decider.runtime, lambda: asyncio.run(decider.decide(self.request)))
        return seconds, [one.p_yes for one in told.answers]

    def summarize(self, way: str) -> float:
        """Write about some of them, one after another; gives seconds."""
        from agents.asking import Rendered, message_of
        from models.local.chat import LocalChatModel

        chat = LocalChatModel.load(self.spec, self.store(way))
        asked = [
            [message_of(Rendered("", "Describe this print.", (str(number),)), self.spec, self.pictures)]
            for number in range(SUMMARIES)
        ]
        return timed(chat.runtime, lambda: [chat.invoke(one) for one in asked])[0]

    def store(self, way: str) -> Any:
        """Where features are kept, as if the process were new."""
        from models.local.feature_store import FeatureStore

        return None if way == "anew" else FeatureStore(self.root)


def timed(runtime: Any, work: Callable[[], Any]) -> tuple[float, Any]:
    """How much processor time the model's thread took for this, and what came of it."""
    before = runtime.worker.submit(time.thread_time).result()
    told = work()
    return runtime.worker.submit(time.thread_time).result() - before, told


class Prints:
    """Pictures as the demo catalogue draws them."""

    def __init__(self, count: int) -> None:
        from catalog.demo.apart import png
        from catalog.demo.looks import random_look

        self._data = [png(random_look(random.Random(number)), seed=number) for number in range(count)]

    def read(self, number: str) -> bytes:
        """The picture of that number."""
        return self._data[int(number)]


if __name__ == "__main__":
    main()
