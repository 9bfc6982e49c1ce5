"""Fine-tuning at the shape of 7-billion-parameter models: tokens a second, share of the card, memory, beside TRL.

Prints one JSON object. LLaVA-NeXT and Qwen2.5-VL at the shape of their 7-billion-parameter models, random weights, LoRA
of rank 16 on the language layers, bfloat16, rows of text. Each is trained by TRL's `SFTTrainer` as it comes, on
separate rows, and with candidates that share their prefix; steps, rows and settings as in `shared_prefix.py`.
tokens_per_s counts the tokens of the separate rows for both. share_of_card is of the matrix rate that this card reaches
here, for the tokens that were really read: 4 operations per weight and token, as adapters need no gradients of the
weights themselves; attention is left out. Where there is no CUDA device the same runs at a shape of toys, to show that
it would run (`measured` is false then and no figure means anything).
"""

from __future__ import annotations

import gc
import json
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from datasets import Dataset
from peft import LoraConfig, get_peft_model
from shared_prefix import (  # type: ignore[import-not-found]  # stands beside this file
    CANDIDATE,
    CANDIDATES,
    IGNORED,
    PREFIX,
    SHAPES,
    Clock,
    make_tokenizer,
    make_trainer,
    peak_mb,
)
from shared_prefix import make_groups as groups_of
from transformers import (
    AutoModelForImageTextToText,
    CLIPVisionConfig,
    LlamaConfig,
    LlavaNextConfig,
    Qwen2_5_VLConfig,
)
from transformers.utils import logging

from training.finetune.adapters import lora_pattern
from training.finetune.shared_prefix import SharedPrefix

TURNS, RANK = 5, 16


@dataclass(frozen=True)
class Size:
    """A decoder's width, feed-forward width, layers, heads and key heads, and its words."""

    width: int
    inner: int
    layers: int
    heads: int
    key_heads: int
    words: int


SIZES = {"llava-next-7b": Size(4096, 11008, 32, 32, 32, 32064), "qwen2.5-vl-7b": Size(3584, 18944, 28, 28, 4, 152064)}
TOY = Size(128, 256, 2, 4, 2, 512)


def llava_next(size: Size) -> Any:
    """As llava-hf/llava-v1.6-vicuna-7b-hf."""
    text = LlamaConfig(
        vocab_size=size.words,
        hidden_size=size.width,
        intermediate_size=size.inner,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        num_key_value_heads=size.key_heads,
        pad_token_id=0,
    )
    small = size is TOY
    tower = CLIPVisionConfig(
        hidden_size=64 if small else 1024,
        intermediate_size=128 if small else 4096,
        num_hidden_layers=2 if small else 24,
        num_attention_heads=4 if small else 16,
        image_size=336,
        patch_size=14,
    )
    return LlavaNextConfig(vision_config=tower, text_config=text, image_token_id=size.words - 1)


def qwen(size: Size) -> Any:
    """As Qwen/Qwen2.5-VL-7B-Instruct."""
    head = size.width // size.heads
    text = {
        "vocab_size": size.words,
        "hidden_size": size.width,
        "intermediate_size": size.inner,
        "num_hidden_layers": size.layers,
        "num_attention_heads": size.heads,
        "num_key_value_heads": size.key_heads,
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": 1e6,
            "mrope_section": [head // 8, head // 16 * 3, head // 16 * 3],
        },
        "pad_token_id": 0,
        "bos_token_id": 1,
        "eos_token_id": 1,
    }
    small = size is TOY
    tower = {
        "hidden_size": 64 if small else 1280,
        "intermediate_size": 128 if small else 3420,
        "depth": 2 if small else 32,
        "num_heads": 4 if small else 16,
        "out_hidden_size": size.width,
    }
    special = {
        "image_token_id": size.words - 1,
        "video_token_id": size.words - 2,
        "vision_start_token_id": size.words - 3,
        "vision_end_token_id": size.words - 4,
    }
    return Qwen2_5_VLConfig(text_config=text, vision_config=tower, **special)


def adapted(config: Any, device: str, dtype: torch.dtype) -> Any:
    torch.manual_seed(0)
    with torch.device(device):
        model = AutoModelForImageTextToText.from_config(config, dtype=dtype)
    lora = LoraConfig(r=RANK, lora_alpha=2 * RANK, target_modules=lora_pattern(model), task_type="CAUSAL_LM")
    return get_peft_model(model, lora)


def matrix_rate(device: str) -> float:
    """Operations a second of the card's own bfloat16 matrix product, the best of ten."""
    side = 8192
    left, right = (torch.randn(side, side, device=device, dtype=torch.bfloat16) for _ in range(2))
    best = float("inf")
    for _ in range(10):
        torch.cuda.synchronize()
        began = time.perf_counter()
        left @ right
        torch.cuda.synchronize()
        best = min(best, time.perf_counter() - began)
    return 2 * side**3 / best


def measure(make_config: Callable[[Size], Any], size: Size, device: str, rate: float | None) -> dict[str, Any]:
    """One architecture: both ways, by turns."""
    shape = replace(SHAPES[device], words=size.words - 8)
    groups = groups_of(shape)
    rows = Dataset.from_list(
        [
            {"input_ids": row.ids, "labels": [IGNORED] * (len(row.ids) - row.answer) + row.ids[-row.answer :]}
            for group in groups
            for row in group
        ]
    )
    apart = len(groups) * CANDIDATES * (PREFIX + CANDIDATE)
    read = {"trl": apart, "shared": len(groups) * (PREFIX + CANDIDATES * CANDIDATE)}
    tokenizer, clocks = make_tokenizer(64), {name: Clock() for name in read}
    found: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in read:  # one model at a time: two would not fit
            model = adapted(make_config(size), device, shape.dtype)
            weights = sum(one.numel() for part, one in model.named_parameters() if ".layers." in part)
            given: dict[str, Any] = {"callbacks": [clocks[name]]}
            data = rows
            if name == "shared":
                shared = SharedPrefix(model, pad_id=0)
                data = Dataset.from_dict({"group": list(range(len(groups)))})
                given["data_collator"] = lambda picked, to=shared: to.batch(
                    [groups[one["group"]] for one in picked], dtype=shape.dtype
                )
            trainer = make_trainer(model, tokenizer, data, folder, device, **given)
            peak, seconds = peak_mb(trainer), []
            for _ in range(TURNS):
                trainer.train()
                seconds.append(clocks[name].taken[0])
            typical = statistics.median(seconds)
            found[name] = {
                "tokens_per_s": round(apart / typical),
                "seconds_lowest_highest": [round(min(seconds), 4), round(max(seconds), 4)],
                "share_of_card": None if rate is None else round(4 * weights * read[name] / typical / rate, 3),
                "peak_mb": round(peak),
            }
            print(f"{type(make_config(size)).__name__} {name}: {typical:.2f} s a step", file=sys.stderr)
            del model, trainer, given
            gc.collect()
    ratio = found["shared"]["tokens_per_s"] / found["trl"]["tokens_per_s"]
    return {"weights": weights, "ratio": round(ratio, 2), **found}


def main() -> None:
    warnings.filterwarnings("ignore")
    logging.set_verbosity_error()
    cuda = torch.cuda.is_available()
    device, rate = ("cuda", matrix_rate("cuda")) if cuda else ("cpu", None)
    makers = {"llava-next-7b": llava_next, "qwen2.5-vl-7b": qwen}
    figures = {name: measure(make, SIZES[name] if cuda else TOY, device, rate) for name, make in makers.items()}
    about = {
        "benchmark": "finetune_gpu",
        "measured": cuda,
        "device": torch.cuda.get_device_name() if cuda else "none with CUDA: toys, to show that it runs",
        "card_teraflops": None if rate is None else round(rate / 1e12, 1),
    }
    print(json.dumps(about | figures, indent=2))


if __name__ == "__main__":
    main()
