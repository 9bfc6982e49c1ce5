"""The embedded model's shape: how wide, how deep, how many picture tokens."""

from __future__ import annotations

from typing import Any

from training.tokens import PATCH, PICTURE_SIDE


def vision_config() -> Any:
    """The vision tower: 4 layers, 192 wide, 64 patches."""
    from transformers import CLIPVisionConfig

    return CLIPVisionConfig(
        hidden_size=192,
        intermediate_size=576,
        num_hidden_layers=4,
        num_attention_heads=4,
        projection_dim=192,
        image_size=PICTURE_SIDE,
        patch_size=PATCH,
        hidden_act="gelu",
    )


def new_model(tokenizer: Any) -> Any:
    """An untrained model for that tokenizer: a Llama decoder of 6 layers, 256 wide, behind a CLIP-type vision tower."""
    from transformers import LlamaConfig, LlavaConfig, LlavaForConditionalGeneration

    rows = (len(tokenizer) + 63) // 64 * 64
    text = LlamaConfig(
        vocab_size=rows,
        hidden_size=256,
        intermediate_size=704,
        num_hidden_layers=6,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=4096,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        tie_word_embeddings=True,
    )
    config = LlavaConfig(
        vision_config=vision_config(),
        text_config=text,
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        vision_feature_layer=-1,
        vision_feature_select_strategy="default",
        image_seq_length=(PICTURE_SIDE // PATCH) ** 2,
        tie_word_embeddings=True,
    )
    return LlavaForConditionalGeneration(config)
