"""What a checkpoint can do on prints and people it never saw, role by role.

`python -m training.evaluate checkpoints/demo --json`
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import prompts
from catalog.demo.drawing import draw
from catalog.demo.looks import ASPECTS, VALUES, describe, random_look
from training import product, roles
from training.batches import decision_batch
from training.figures import f1
from training.recurrence import BLOCK, BLOCKS, Panel, keeping, ranking
from training.talk import talking
from training.tokens import INTENTS, chat_text, choice_text

SEED = 424_242  # no example, picture, shop or person of training comes from it
UNWRITTEN = {  # messages that the grammar of training does not make
    "recommend": (
        "got anything cosy for a rainy sunday?",
        "my sister turns forty, help",
        "which one goes with a green sofa?",
        "time for some art",
        "find a companion for my lighthouse picture",
    ),
    "critique": (
        "hmm, all a bit heavy",
        "could they be smaller and friendlier",
        "nah, brighter ones",
        "keep the style, drop the birds",
        "less pink, more air",
    ),
    "feedback": (
        "oh, that first one is a gem",
        "the fourth gives me a headache",
        "wonderful, I want number two on my wall",
        "number five is kitsch",
        "I adore the second",
    ),
    "question": (
        "does the first one come framed?",
        "how many euros for number three?",
        "in which year was the last one printed?",
        "what can be seen on the second?",
        "is the third bigger than a book?",
    ),
    "correct_taste": (
        "actually owls bore me",
        "you have me wrong, I like gloomy things",
        "please forget the thing about whales",
        "I was never fond of neon",
        "I changed my mind about foxes, I do like them",
    ),
    "small_talk": (
        "good afternoon to you",
        "ha, funny",
        "you are quick",
        "many thanks, dear machine",
        "I had a long day",
    ),
}


class Reader:
    """A checkpoint, ready to answer; prompts go in as the product sends them."""

    def __init__(self, folder: Path) -> None:
        import torch
        from transformers import AutoModelForImageTextToText, AutoProcessor

        self.model = AutoModelForImageTextToText.from_pretrained(str(folder), dtype=torch.float32).eval()
        self.processor = AutoProcessor.from_pretrained(str(folder))
        self.tokenizer = self.processor.tokenizer

    def answer(self, prompt: str, picture: Image.Image | None = None, *, longest: int = 320) -> str:
        """The most probable answer, without sampling."""
        content: list[dict[str, Any]] = [{"type": "text", "text": prompt}]
        if picture is not None:
            content.insert(0, {"type": "image", "image": picture})
        [told] = self._generated([[{"role": "user", "content": content}]], longest)
        return told

    def answers(self, prompts: list[str], *, longest: int = 320) -> list[str]:
        """The most probable answer to each of several texts, all at once."""
        chats = [[{"role": "user", "content": [{"type": "text", "text": prompt}]}] for prompt in prompts]
        return self._generated(chats, longest)

    def _generated(self, chats: list[list[dict[str, Any]]], longest: int) -> list[str]:
        import torch

        inputs = self.processor.apply_chat_template(
            chats,
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
            processor_kwargs={"padding": True, "padding_side": "left"},
        )
        with torch.no_grad():
            made = self.model.generate(**inputs, max_new_tokens=longest, do_sample=False)
        start = inputs["input_ids"].shape[1]
        return [str(text) for text in self.tokenizer.batch_decode(made[:, start:], skip_special_tokens=True)]

    def p_yes(self, decisions: roles.Decisions) -> list[float]:
        """p(yes) / (p(yes) + p(no)) of every candidate of one state."""
        import torch

        batch = decision_batch(self.tokenizer, [decisions])
        with torch.no_grad():
            hidden = self.model.model(
                input_ids=batch.input_ids, attention_mask=batch.mask, position_ids=batch.positions, use_cache=False
            ).last_hidden_state[batch.reads[:, 0], batch.reads[:, 1]]
            logits = self.model.lm_head(hidden).float()
        pair = logits[:, [self.tokenizer.convert_tokens_to_ids(word) for word in ("Yes", "No")]]
        return [float(p) for p in pair.softmax(-1)[:, 0]]

    def letter(self, prompt: str, count: int) -> int:
        """The number of the most probable option letter."""
        import torch

        ids = self.tokenizer(chat_text(prompt), add_special_tokens=False, return_tensors="pt")["input_ids"]
        with torch.no_grad():
            logits = self.model(input_ids=ids, logits_to_keep=1).logits[0, -1]
        letters = self.tokenizer.convert_tokens_to_ids(list("ABCDEFGHIJ"[:count]))
        return int(logits[letters].argmax())


def summaries(reader: Reader, count: int, seed: int = SEED) -> dict[str, float]:
    """The share of unseen pictures whose value is named right, by aspect, and of whole descriptions without a fault."""
    rng = random.Random(seed)
    right = dict.fromkeys((*ASPECTS, "whole"), 0)
    for number in range(count):
        look = random_look(rng)
        prompt = prompts.load("item_summarizer").render(title="Wager for later", text="The title came last.")
        told = reader.answer(prompt, draw(look, seed=seed + number), longest=60)
        for aspect in ASPECTS:
            named = [value for value in VALUES[aspect] if value in told]
            right[aspect] += max(named, key=len, default="") == look.value(aspect)
        right["whole"] += told == describe(look)
    return {name: hits / count for name, hits in right.items()}


def folding(reader: Reader, count: int, seed: int = SEED) -> dict[str, float]:
    """How often a fold is valid JSON, agrees with the teacher edit by edit (F1), and ends in the same prose."""
    rng, valid, same = random.Random(seed + 1), 0, 0
    found: list[set[tuple[str, ...]]] = []
    true: list[set[tuple[str, ...]]] = []
    for _ in range(count):
        example = roles.folding(rng)
        taught = json.loads(example.answer)
        true.append({_edit_key(edit) for edit in taught["edits"]})
        try:
            told = json.loads(reader.answer(example.prompt))
            found.append({_edit_key(edit) for edit in told["edits"]})
            same += told["prose"] == taught["prose"]
            valid += 1
        except (ValueError, KeyError, TypeError):
            found.append(set())
    return {"valid_json": valid / count, "edit_f1": f1(found, true), "same_prose": same / count}


def _edit_key(edit: dict[str, Any]) -> tuple[str, ...]:
    return (edit["op"], edit["polarity"], edit["aspect"], edit["value"])


def deciding(reader: Reader, people: int, seed: int = SEED) -> dict[str, float]:
    """How well p(yes) ranks unseen prints for people never met, and how honest it is."""
    return ranking(Panel(people, seed=seed), reader.p_yes)


def keeping_taste(reader: Reader, people: int, seed: int = SEED) -> dict[str, float]:
    """The memory of people never met over twelve blocks, every fold resting on the model's own folds before it.

    The product makes of each answer what it makes of one in a conversation.
    """
    return keeping(Panel(people, seed=seed + 6, fewest=BLOCK * max(BLOCKS)), reader.answers)


def understanding(reader: Reader, count: int, seed: int = SEED) -> dict[str, float]:
    """Intents read right, on new messages of training's grammar and on messages written by hand; wishes by F1."""
    rng, hits = random.Random(seed + 3), 0
    names = list(INTENTS)
    for _ in range(count):
        example = roles.intending(rng)
        hits += "ABCDEF"[reader.letter(example.prompt, len(names))] == example.answer
    by_hand = [(intent, text) for intent, texts in UNWRITTEN.items() for text in texts]
    shown = ["Wager for later", "Greeting and other stories", "Errand at the usual hour"]
    right = 0
    for intent, text in by_hand:
        state = prompts.load("understanding_intent").render(message=text, shown=shown)
        right += names[reader.letter(choice_text(state, "", list(INTENTS.items())), len(names))] == intent
    wished = [roles.wishing(rng) for _ in range(count // 2)]
    told = [set(reader.answer(example.prompt, longest=40).split("; ")) - {"none"} for example in wished]
    return {
        "intent_accuracy": hits / count,
        "intent_accuracy_by_hand": right / len(by_hand),
        "wishes_f1": f1(told, [set(example.answer.split("; ")) - {"none"} for example in wished]),
    }


def responding(reader: Reader, count: int, seed: int = SEED) -> dict[str, float]:
    """Titles copied to the letter in their place, whole replies as taught, and talk as taught."""
    rng, titles, copied, same, talked = random.Random(seed + 4), 0, 0, 0, 0
    for _ in range(count):
        example = roles.responding(rng)
        told = reader.answer(example.prompt)
        wanted = re.findall(r"^(\d+\. .*) \| .*? \| fits: ", example.prompt, flags=re.MULTILINE)
        titles += len(wanted)
        copied += sum(any(line.startswith(f"{start}:") for line in told.splitlines()) for start in wanted)
        same += told == example.answer
        talk = talking(rng)
        talked += reader.answer(talk.prompt, longest=120) == talk.answer
    return {"titles_exact": copied / max(1, titles), "reply_as_taught": same / count, "talk_as_taught": talked / count}


def sharing(reader: Reader, count: int, seed: int = SEED) -> dict[str, float]:
    """The largest difference between p(yes) in shared rows and one by one; it should be numerical noise."""
    rng = random.Random(seed + 5)
    worst = 0.0
    for _ in range(count):
        decisions = roles.deciding(rng, candidates=5)
        together = reader.p_yes(decisions)
        alone = [reader.p_yes(replace(decisions, questions=(question,)))[0] for question in decisions.questions]
        worst = max(worst, float(np.abs(np.array(together) - np.array(alone)).max()))
    return {"largest_difference": worst}


def understanding_in_product(folder: Path, count: int, seed: int = SEED) -> dict[str, float]:
    """Intents and filters of messages as the parser and the model read them together."""
    by_hand = [(intent, text) for intent, texts in UNWRITTEN.items() for text in texts]
    with product.opened(folder, seed=seed) as (services, _):
        return asyncio.run(product.understanding(services, by_hand, count, seed=seed + 3))


def replies_in_product(folder: Path, count: int, seed: int = SEED) -> dict[str, float]:
    """What is true of the checked replies of whole turns."""
    with product.opened(folder, seed=seed) as (services, prints):
        return asyncio.run(product.replies(services, prints, count, seed=seed + 4))


def evaluate(folder: Path, *, share: float = 1.0, only: Sequence[str] = (), seed: int = SEED) -> dict[str, Any]:
    """All figures of a checkpoint; `share` of the full number of cases. Seconds taken are told beside each part.

    Parts that end in `_in_product` are what comes of the model in the product, the others of the model alone; the
    recurrence is always the product's. only: the parts to look at, all where none is named. seed: what the cases
    are drawn from; those of the manifest come from the one that stands here.
    """
    reader = Reader(folder)
    parts: dict[str, Callable[[Reader, int, int], dict[str, float]]] = {
        "item_summarizer": summaries,
        "preference_memory": folding,
        "recurrence": keeping_taste,
        "recommender": deciding,
        "understanding": understanding,
        "understanding_in_product": lambda _, count, seed: understanding_in_product(folder, count, seed),
        "responder": responding,
        "responder_in_product": lambda _, count, seed: replies_in_product(folder, count, seed),
        "shared_prefix": sharing,
    }
    counts = {
        "item_summarizer": 200,
        "preference_memory": 100,
        "recurrence": 24,
        "recommender": 150,
        "understanding": 300,
        "understanding_in_product": 300,
        "responder": 60,
        "responder_in_product": 60,
    }
    figures: dict[str, Any] = {}
    for name, part in ((name, part) for name, part in parts.items() if not only or name in only):
        started, count = time.monotonic(), max(3, round(counts.get(name, 5) * share))
        told = {
            key: round(value, 7 if name == "shared_prefix" else 4) for key, value in part(reader, count, seed).items()
        }
        figures[name] = {**told, "cases": count, "seconds": round(time.monotonic() - started, 1)}
    return figures


def main() -> None:
    """Evaluate from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    parser.add_argument("--share", type=float, default=1.0, help="of the full number of cases")
    parser.add_argument("--part", action="append", default=[], help="only this part; may be repeated")
    parser.add_argument("--seed", type=int, default=SEED, help="draw other cases")
    parser.add_argument("--write", action="store_true", help="keep the figures in the checkpoint's manifest")
    given = parser.parse_args()
    if given.write and (given.part or given.share != 1.0 or given.seed != SEED):
        parser.error("--write keeps the figures of all parts at full size and the usual seed; leave the others out")
    figures = evaluate(given.checkpoint, share=given.share, only=given.part, seed=given.seed)
    if given.write:
        path = given.checkpoint / "palate_manifest.json"
        about = json.loads(path.read_text(encoding="utf-8")) | {"figures": figures}
        path.write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    if given.json:
        print(json.dumps(figures))
        return
    for part, told in figures.items():
        print(part, " ".join(f"{name} {value:g}" for name, value in told.items()))


if __name__ == "__main__":
    main()
