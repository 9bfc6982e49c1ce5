"""Adapters sit on the language layers, chosen by where a layer is; the picture tower has none."""

import re
import warnings
from pathlib import Path

import pytest
import torch

from tests.tiny import make_tiny_checkpoint
from training.finetune.adapters import language_path, lora_modules, lora_pattern, trainable_model
from training.finetune.base import open_base
from training.finetune.errors import TrainingRefused
from training.finetune.settings import TrainSettings

SIZES = {
    "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
    "num_key_value_heads": 2, "vocab_size": 64, "pad_token_id": 0,
}  # fmt: skip


def settings(base, **changes):
    return TrainSettings(base=str(base), catalogue="c", device="cpu", **changes)


def llava():
    from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration

    eyes = CLIPVisionConfig(
        hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2, image_size=32, patch_size=8
    )
    return LlavaForConditionalGeneration(
        LlavaConfig(vision_config=eyes, text_config=LlamaConfig(**SIZES), image_token_index=63)
    )


def qwen():
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    eyes = {"depth": 2, "hidden_size": 16, "intermediate_size": 32, "num_heads": 2, "out_hidden_size": 16}
    words = {**SIZES, "rope_scaling": {"type": "mrope", "mrope_section": [1, 1, 2]}}
    return Qwen2_5_VLForConditionalGeneration(Qwen2_5_VLConfig(vision_config=eyes, text_config=words))


def idefics():
    from transformers import Idefics3Config, Idefics3ForConditionalGeneration, LlamaConfig

    eyes = {
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "image_size": 32,
        "patch_size": 8,
    }
    return Idefics3ForConditionalGeneration(
        Idefics3Config(vision_config=eyes, text_config=LlamaConfig(**SIZES), pad_token_id=0)
    )


def gemma():
    from transformers import Gemma3Config, Gemma3ForConditionalGeneration

    eyes = {
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "image_size": 32,
        "patch_size": 8,
    }
    return Gemma3ForConditionalGeneration(
        Gemma3Config(vision_config=eyes, text_config={**SIZES, "head_dim": 8}, mm_tokens_per_image=4)
    )


@pytest.mark.parametrize("make", [llava, qwen, idefics, gemma])
def test_every_linear_language_layer_is_adapted_and_nothing_that_sees(make):
    model = make()
    chosen = lora_modules(model)
    linear = {name for name, module in model.named_modules() if isinstance(module, torch.nn.Linear)}
    sees = {name for name in linear if re.search(r"vision|visual|connector|projector", name)}
    assert {name.rpartition(".")[2] for name in sees} & {
        name.rpartition(".")[2] for name in chosen
    }  # names do not tell
    assert not sees & set(chosen)
    assert linear - sees - set(chosen) == {"lm_head"}
    assert [name for name, _ in model.named_modules() if re.fullmatch(lora_pattern(model), name)] == chosen


def test_a_loaded_adapter_trains_language_layers_only(tmp_path):
    tiny = make_tiny_checkpoint(tmp_path / "tiny")
    model = trainable_model(open_base(settings(tiny)), settings(tiny))
    trained = [name for name, weight in model.named_parameters() if weight.requires_grad]
    assert trained
    assert all(".language_model.layers." in name and "lora_" in name for name in trained)


def test_adapting_a_base_that_is_named_by_a_relative_path_warns_of_nothing(tmp_path, monkeypatch):
    make_tiny_checkpoint(tmp_path / "tiny")
    monkeypatch.chdir(tmp_path)
    base = open_base(settings("tiny"))
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*base_model_name_or_path")
        model = trainable_model(base, settings("tiny"))
    assert Path(model.peft_config["default"].base_model_name_or_path).is_dir(), "a hub would be asked for what is none"


def test_full_training_trains_everything(tmp_path):
    tiny = make_tiny_checkpoint(tmp_path / "tiny")
    model = trainable_model(open_base(settings(tiny)), settings(tiny, method="full"))
    assert all(weight.requires_grad for weight in model.parameters())


def test_the_same_seed_starts_the_same_adapters(tmp_path):
    tiny = make_tiny_checkpoint(tmp_path / "tiny")

    def start(seed):
        torch.rand(3)
        model = trainable_model(open_base(settings(tiny)), settings(tiny, seed=seed))
        return torch.cat([weight.flatten() for name, weight in model.named_parameters() if "lora_A" in name])

    assert torch.equal(start(1), start(1))
    assert not torch.equal(start(1), start(2))


def test_the_weights_of_a_model_that_is_not_quantised_keep_their_precision(tmp_path):
    tiny = make_tiny_checkpoint(tmp_path / "tiny")
    model = trainable_model(open_base(settings(tiny)), settings(tiny, dtype="bfloat16"))
    assert {weight.dtype for name, weight in model.named_parameters() if "lora_" not in name} == {torch.bfloat16}


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_qlora_without_a_cuda_device_is_refused_with_the_reason(tmp_path):
    tiny = make_tiny_checkpoint(tmp_path / "tiny")
    with pytest.raises(TrainingRefused, match="QLoRA needs a CUDA device and there is none; write --method lora"):
        trainable_model(open_base(settings(tiny)), settings(tiny, method="qlora"))


def test_a_model_whose_language_layers_cannot_be_told_is_refused():
    class Whole(torch.nn.Module):
        def get_decoder(self):
            return self

    with pytest.raises(TrainingRefused, match="the language layers of a Whole cannot be told"):
        language_path(Whole())
