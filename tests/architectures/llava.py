"""LLaVA: one picture, one fixed grid of tokens."""

from tests.architectures.parts import PATCH_PX, TILE_PX, build, save, text_settings
from tests.tiny import tiny_tokenizer


def vision_settings(side=TILE_PX, patch=PATCH_PX):
    """The settings of a small CLIP, which LLaVA-NeXT uses too."""
    return {
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "image_size": side,
        "patch_size": patch,
        "projection_dim": 16,
    }


def make(folder, *, seed=0, side=TILE_PX, patch=PATCH_PX):
    from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration

    tokenizer = tiny_tokenizer(image_token="<image>")
    config = LlavaConfig(
        vision_config=CLIPVisionConfig(**vision_settings(side, patch)),
        text_config=LlamaConfig(**text_settings(tokenizer)),
        image_token_index=tokenizer.image_token_id,
        vision_feature_layer=-2,
    )
    return save(
        folder,
        build(LlavaForConditionalGeneration, config, tokenizer, seed=seed),
        tokenizer,
        picture_mark="<image>",
        processor="LlavaProcessor",
        image={
            "image_processor_type": "CLIPImageProcessor",
            "size": {"shortest_edge": side},
            "crop_size": {"height": side, "width": side},
        },
        patch_size=patch,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
    )
