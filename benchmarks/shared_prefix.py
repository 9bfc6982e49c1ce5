"""How much faster training is when the candidates of one person share their prefix, beside TRL's trainer as it comes.

Prints one JSON object. Both train the same random Llama on the same rows with the same settings, by turns in one
process: TRL's `SFTTrainer` with its own collator on separate rows, and the same trainer with our batches. A step holds
all rows, so both take the same steps. tokens_per_s counts the tokens of the separate rows for both: work asked for, not
work done. ratio is the median over the turns, each turn taken for itself, beside the lowest and the highest. On a CPU
`processor` gives the same in processor seconds, which other work on the machine stretches far less than the clock's.
peak_mb is the most a step's tensors take beyond what stood before it. Write a number of turns after the command for
other than five.
"""

from __future__ import annotations

import json
import random
import statistics
import sys
import tempfile
import time
import warnings
from dataclasses import dataclass
from typing import Any

import torch
from datasets import Dataset
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast, TrainerCallback
from transformers.utils import logging
from trl import SFTConfig, SFTTrainer

from training.finetune.collate import IGNORED
from training.finetune.rows import Row
from training.finetune.shared_prefix import SharedPrefix

PREFIX, CANDIDATE, CANDIDATES = 400, 80, 8
TURNS = 5
RATIO_BOUND = 2.5


@dataclass(frozen=True)
class Shape:
    """A model large enough that its matrices are the work, and how many groups a step has."""

    width: int
    layers: int
    words: int
    groups: int
    dtype: torch.dtype


SHAPES = {
    "cpu": Shape(width=512, layers=4, words=2048, groups=1, dtype=torch.float32),
    "cuda": Shape(width=2048, layers=16, words=32000, groups=4, dtype=torch.bfloat16),
}


class Clock(TrainerCallback):  # type: ignore[misc]
    """Seconds of a run of one step, its batch included."""

    def __init__(self) -> None:
        self.began = self.taken = (0.0, 0.0)  # by the clock, and of the processor
        self.loss = 0.0

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """The model is ready, no batch is made yet."""
        self.began = now()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """The weights have changed."""
        clock, processor = now()
        self.taken = clock - self.began[0], processor - self.began[1]

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        """Keep the loss of the step."""
        self.loss = (logs or {}).get("loss", self.loss)


def now() -> tuple[float, float]:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter(), time.process_time()


def make_groups(shape: Shape) -> list[list[Row]]:
    rng = random.Random(0)

    def words(count: int) -> list[int]:
        return [rng.randrange(2, shape.words) for _ in range(count)]

    prefixes = [words(PREFIX) for _ in range(shape.groups)]
    return [[Row(prefix + words(CANDIDATE), 2) for _ in range(CANDIDATES)] for prefix in prefixes]


def make_model(shape: Shape, device: str) -> Any:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=shape.words,
        hidden_size=shape.width,
        intermediate_size=shape.width * 8 // 3 // 64 * 64,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.width // 64,
        max_position_embeddings=2048,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=1,
    )
    return LlamaForCausalLM(config).to(device, shape.dtype)


def make_trainer(model: Any, tokenizer: Any, rows: Dataset, folder: str, device: str, **given: Any) -> SFTTrainer:
    arguments = SFTConfig(
        output_dir=folder,
        max_steps=1,
        per_device_train_batch_size=len(rows),
        learning_rate=1e-5,
        max_length=None,
        gradient_checkpointing=False,
        bf16=False,  # the weights are in their dtype already
        use_cpu=device == "cpu",
        dataset_kwargs={"skip_prepare_dataset": True},
        remove_unused_columns=False,
        dataloader_pin_memory=False,
        save_strategy="no",
        logging_steps=1,
        report_to="none",
        disable_tqdm=True,
    )
    made = SFTTrainer(model=model, args=arguments, train_dataset=rows, processing_class=tokenizer, **given)
    for callback in list(made.callback_handler.callbacks):
        if type(callback).__name__ == "PrinterCallback":
            made.remove_callback(callback)
    return made


def make_tokenizer(words: int) -> PreTrainedTokenizerFast:
    from tokenizers import Tokenizer, models

    core = Tokenizer(models.WordLevel({"<pad>": 0, "</s>": 1, **{str(one): one for one in range(2, words)}}, "<pad>"))
    return PreTrainedTokenizerFast(tokenizer_object=core, pad_token="<pad>", eos_token="</s>")


def peak_mb(trainer: SFTTrainer) -> float:
    """Train a step and tell the most its tensors took beyond what stood before it."""
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        trainer.train()
        return (torch.cuda.max_memory_allocated() - before) / 2**20
    with torch.autograd.profiler.profile(profile_memory=True) as profile:
        trainer.train()
    events = [one for one in profile.kineto_results.events() if one.name() == "[memory]"]
    held = peak = 0
    for event in sorted(events, key=lambda one: one.start_ns()):
        held += event.nbytes()
        peak = max(peak, held)
    return peak / 2**20


def compare(seconds: dict[str, list[float]], tokens: int) -> dict[str, Any]:
    """tokens: of a step. seconds: of each step in turn."""
    ratios = [slow / fast for slow, fast in zip(seconds["trl"], seconds["shared"], strict=True)]
    return {
        "tokens_per_s": {name: round(tokens / statistics.median(found)) for name, found in seconds.items()},
        "ratio": round(statistics.median(ratios), 2),
        "ratio_lowest": round(min(ratios), 2),
        "ratio_highest": round(max(ratios), 2),
    }


def main() -> None:
    warnings.filterwarnings("ignore")
    logging.set_verbosity_error()
    turns = int(sys.argv[1]) if len(sys.argv) > 1 else TURNS
    device = "cuda" if torch.cuda.is_available() else "cpu"
    shape = SHAPES[device]
    groups = make_groups(shape)
    tokens = sum(len(row.ids) for rows in groups for row in rows)
    apart = Dataset.from_list(
        [
            {"input_ids": row.ids, "labels": [IGNORED] * (len(row.ids) - row.answer) + row.ids[-row.answer :]}
            for rows in groups
            for row in rows
        ]
    )
    together = Dataset.from_dict({"group": list(range(len(groups)))})
    tokenizer = make_tokenizer(shape.words)
    sharing = make_model(shape, device)
    shared = SharedPrefix(sharing, pad_id=0)
    clocks = {"trl": Clock(), "shared": Clock()}
    with tempfile.TemporaryDirectory() as folder:
        trainers = {
            "trl": make_trainer(make_model(shape, device), tokenizer, apart, folder, device, callbacks=[clocks["trl"]]),
            "shared": make_trainer(
                sharing,
                tokenizer,
                together,
                folder,
                device,
                callbacks=[clocks["shared"]],
                data_collator=lambda picked: shared.batch([groups[one["group"]] for one in picked], dtype=shape.dtype),
            ),
        }
        peaks = {name: peak_mb(trainer) for name, trainer in trainers.items()}  # the first step warms up as well
        losses = {name: clock.loss for name, clock in clocks.items()}
        taken: dict[str, list[tuple[float, float]]] = {name: [] for name in trainers}
        for turn in range(turns):
            for name in sorted(trainers, reverse=bool(turn % 2)):
                trainers[name].train()
                taken[name].append(clocks[name].taken)
                print(f"turn {turn + 1} {name}: {clocks[name].taken[0]:.1f} s", file=sys.stderr)
    clock, processor = (
        compare({name: [one[kind] for one in found] for name, found in taken.items()}, tokens) for kind in (0, 1)
    )
    figures = {
        "benchmark": "shared_prefix",
        "device": torch.cuda.get_device_name() if device == "cuda" else f"cpu, {torch.get_num_threads()} threads",
        "shape": f"{shape.layers} layers, {shape.width} wide, {shape.words} words, {str(shape.dtype).split('.')[-1]}",
        "rows": f"{shape.groups} x {CANDIDATES} of {PREFIX} + {CANDIDATE} tokens",
        "turns": turns,
        **clock,
        **({"processor": processor} if device == "cpu" else {}),
        "ratio_bound": RATIO_BOUND,
        "peak_mb": {name: round(peak) for name, peak in peaks.items()},
        "loss_difference": abs(losses["trl"] - losses["shared"]) / losses["trl"],
        "met": clock["ratio"] >= RATIO_BOUND,
    }
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
