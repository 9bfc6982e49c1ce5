"""LLaVA-NeXT: a picture is cut into tiles by its shape, and its padding is cut off again."""

from tests.architectures.llava import vision_settings
from tests.architectures.parts import PATCH_PX, TILE_PX, build, save, text_settings
from tests.tiny import tiny_tokenizer

GRIDS = [[TILE_PX, 2 * TILE_PX], [2 * TILE_PX, TILE_PX], [2 * TILE_PX, 2 * TILE_PX], [TILE_PX, 3 * TILE_PX]]


def make(folder, *, seed=0):
    from transformers import CLIPVisionConfig, LlamaConfig, LlavaNextConfig, LlavaNextForConditionalGeneration

    tokenizer = tiny_tokenizer(image_token="<image>")
    config = LlavaNextConfig(
        vision_config=CLIPVisionConfig(**vision_settings()),
        text_config=LlamaConfig(**text_settings(tokenizer)),
        image_token_index=tokenizer.image_token_id,
        image_grid_pinpoints=GRIDS,
        vision_feature_layer=-2,
    )
    return save(
        folder,
        build(LlavaNextForConditionalGeneration, config, tokenizer, seed=seed),
        tokenizer,
        picture_mark="<image>",
        processor="LlavaNextProcessor",
        image={
            "image_processor_type": "LlavaNextImageProcessor",
            "size": {"shortest_edge": TILE_PX},
            "crop_size": {"height": TILE_PX, "width": TILE_PX},
            "image_grid_pinpoints": GRIDS,
        },
        patch_size=PATCH_PX,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
    )
