"""Which weights are trained: low-rank adapters on the language layers and nowhere else, or everything."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from training.finetune.base import Base, device_of, dtype_of, load_model
from training.finetune.errors import TrainingRefused
from training.finetune.settings import TrainSettings


def language_path(model: Any) -> str:
    """The module path of the language layers, `model.language_model`. Raises TrainingRefused where there are none."""
    decoder = model.get_decoder()
    for name, module in model.named_modules():
        if module is decoder and name:
            return str(name)
    raise TrainingRefused(
        f"the language layers of a {type(model).__name__} cannot be told from the rest", "train it by --method full"
    )


def lora_modules(model: Any) -> list[str]:
    """The module paths that get adapters: every linear layer of the language layers, by where it is, not by its name.

    A picture tower has layers of the same names; chosen by name they would be adapted too.
    """
    import torch

    inside = language_path(model) + "."
    return [
        name
        for name, module in model.named_modules()
        if name.startswith(inside) and isinstance(module, torch.nn.Linear)
    ]


def lora_pattern(model: Any) -> str:
    """A regular expression that matches exactly the paths of `lora_modules`; short, as it is saved with the adapter."""
    wanted, inside = lora_modules(model), language_path(model)
    tails = {re.sub(r"\d+", "<n>", name.removeprefix(f"{inside}.")) for name in wanted}
    escaped = sorted(re.escape(tail).replace("<n>", r"\d+") for tail in tails)
    pattern = rf"{re.escape(inside)}\.(?:{'|'.join(escaped)})"
    matched = [name for name, _ in model.named_modules() if re.fullmatch(pattern, name)]
    if matched != wanted:
        raise TrainingRefused(
            f"the language layers of a {type(model).__name__} are not regular", "train it by --method full"
        )
    return pattern


def trainable_model(base: Base, settings: TrainSettings) -> Any:
    """The base made ready for the method: adapted, quantised and adapted, or whole. Raises TrainingRefused.

    The same seed starts the same adapters.
    """
    from transformers import set_seed

    set_seed(settings.seed)
    model = _base_of(base, settings)
    if settings.method == "full":
        return model
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        target_modules=lora_pattern(model),
        task_type="CAUSAL_LM",
        revision=base.revision,
    )
    return get_peft_model(model, config)


def adapted_model(base: Base, settings: TrainSettings, adapter: Path) -> Any:
    """The base with adapters that were trained before, to be trained on. adapter: their folder."""
    from peft import PeftModel

    return PeftModel.from_pretrained(_base_of(base, settings), str(adapter), is_trainable=True)


def _base_of(base: Base, settings: TrainSettings) -> Any:
    """The base's weights, in four bits where the method says so. Raises TrainingRefused."""
    if settings.method != "qlora":
        return load_model(base, settings)
    from peft import prepare_model_for_kbit_training

    refuse_qlora(settings)
    place = {"": int(os.environ.get("LOCAL_RANK", "0"))}
    model = load_model(base, settings, quantization_config=_quantization(base, settings), device_map=place)
    return prepare_model_for_kbit_training(
        model, use_gradient_checkpointing=settings.gradient_checkpointing
    )  # only here: on a model that is not quantised it would make every weight float32


def refuse_qlora(settings: TrainSettings) -> None:
    """Raises TrainingRefused with the reason where four-bit weights cannot be trained with."""
    if device_of(settings) != "cuda":
        raise TrainingRefused("QLoRA needs a CUDA device and there is none", "write --method lora")
    try:
        import bitsandbytes  # noqa: F401
    except ImportError as error:
        remedy = "install it with `pip install bitsandbytes`, or write --method lora"
        raise TrainingRefused("QLoRA needs the package bitsandbytes", remedy) from error


def _quantization(base: Base, settings: TrainSettings) -> Any:
    """Four bits for the language layers; the picture tower and the last layer stay as they are."""
    import torch
    from transformers import AutoModelForCausalLM, AutoModelForImageTextToText, BitsAndBytesConfig

    loader = AutoModelForImageTextToText if base.sees else AutoModelForCausalLM
    with torch.device("meta"):
        empty = loader.from_config(base.config)
    inside = language_path(empty) + "."
    outside = [
        name
        for name, module in empty.named_modules()
        if isinstance(module, torch.nn.Linear) and not name.startswith(inside)
    ]
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype_of(settings),
        llm_int8_skip_modules=outside,
    )
