"""A random picture-and-text model of a few thousand numbers, saved like any checkpoint: real files, no meaning."""

from __future__ import annotations

import io
from pathlib import Path

TINY_PICTURE_PX = 32
TINY_PATCH_PX = 8

CHAT_TEMPLATE = (
    "{%- for message in messages -%}{{- '<s>' ~ message.role ~ '\n' -}}"
    "{%- if message.content is string -%}{{- message.content -}}"
    "{%- else -%}{%- for block in message.content -%}"
    "{%- if block.type == 'image' -%}{{- '<image>' -}}{%- elif block.type == 'text' -%}{{- block.text -}}{%- endif -%}"
    "{%- endfor -%}{%- endif -%}{{- '</s>' -}}{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<s>assistant\n' -}}{%- endif -%}"
)


def make_tiny_checkpoint(folder: Path, *, seed: int = 0, vision: bool = True, scale: float = 0.35) -> Path:
    """Save a random model into `folder`: LLaVA-style, or a bare language model where `vision` is False.

    scale: spread of the random weights; the larger, the more the answers depend on the words.
    """
    import torch

    tokenizer = tiny_tokenizer("<image>")
    torch.manual_seed(seed)
    model = _llava(tokenizer, scale) if vision else _llama(tokenizer, scale)
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    model.save_pretrained(folder)
    if vision:
        _processor(tokenizer).save_pretrained(folder)
    else:
        tokenizer.chat_template = CHAT_TEMPLATE
        tokenizer.save_pretrained(folder)
    return folder


def make_tiny_adapter(folder: Path, checkpoint: Path, *, seed: int = 1) -> Path:
    """Save a random LoRA for a tiny checkpoint."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForImageTextToText

    torch.manual_seed(seed)
    config = LoraConfig(r=2, target_modules=["q_proj", "v_proj"], init_lora_weights=False)
    get_peft_model(AutoModelForImageTextToText.from_pretrained(checkpoint), config).save_pretrained(folder)
    return folder


def picture(colour: tuple[int, int, int] = (200, 60, 40), size: tuple[int, int] = (48, 40)) -> bytes:
    """Give a PNG of one colour."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "PNG")
    return buffer.getvalue()


def tiny_tokenizer(*tokens: str, **named: str):
    """Give a byte-level tokenizer with one token for each of Yes and No.

    tokens: more control tokens. named: control tokens that a processor looks up by name, such as `image_token`.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = ["Ye", "Yes", "No"]
    vocabulary = {piece: place for place, piece in enumerate([*alphabet, *words])}
    core = Tokenizer(models.BPE(vocab=vocabulary, merges=[("Y", "e"), ("Ye", "s"), ("N", "o")]))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=core,
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        extra_special_tokens=named,
        clean_up_tokenization_spaces=False,
    )
    tokenizer.add_tokens(list(tokens), special_tokens=True)
    return tokenizer


def _processor(tokenizer):
    from transformers import LlavaProcessor
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    side = {"height": TINY_PICTURE_PX, "width": TINY_PICTURE_PX}
    images = CLIPImageProcessorPil(size=side, crop_size=side, do_center_crop=False)
    return LlavaProcessor(
        image_processor=images,
        tokenizer=tokenizer,
        patch_size=TINY_PATCH_PX,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=CHAT_TEMPLATE,
    )


def _text_config(tokenizer, scale: float):
    from transformers import LlamaConfig

    return LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=4096,
        initializer_range=scale,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )


def _llama(tokenizer, scale: float):
    from transformers import LlamaForCausalLM

    return LlamaForCausalLM(_text_config(tokenizer, scale)).eval()


def _llava(tokenizer, scale: float):
    from transformers import CLIPVisionConfig, LlavaConfig, LlavaForConditionalGeneration

    vision = CLIPVisionConfig(
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=TINY_PICTURE_PX,
        patch_size=TINY_PATCH_PX,
        projection_dim=16,
    )
    config = LlavaConfig(
        vision_config=vision,
        text_config=_text_config(tokenizer, scale),
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        vision_feature_layer=-1,
        tie_word_embeddings=False,
    )
    return LlavaForConditionalGeneration(config).eval()
