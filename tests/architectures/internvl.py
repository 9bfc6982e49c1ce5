"""InternVL: as many square tiles as suit the shape of the picture, and a small whole; tokens merged four to one."""

from tests.architectures.parts import PATCH_PX, TILE_PX, build, save, text_settings
from tests.tiny import tiny_tokenizer

MARKS = {
    "start_image_token": "<img>",
    "end_image_token": "</img>",
    "context_image_token": "<IMG_CONTEXT>",
    "video_token": "<video>",
}
PER_TILE = (TILE_PX // PATCH_PX) ** 2 // 4


def make(folder, *, seed=0):
    from transformers import InternVLConfig, InternVLForConditionalGeneration

    tokenizer = tiny_tokenizer(**MARKS)
    config = InternVLConfig(
        text_config={"model_type": "qwen2", **text_settings(tokenizer)},
        vision_config={
            "hidden_size": 16,
            "intermediate_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "image_size": [TILE_PX, TILE_PX],
            "patch_size": [PATCH_PX, PATCH_PX],
        },
        image_token_id=tokenizer.context_image_token_id,
        image_seq_length=PER_TILE,
        tie_word_embeddings=False,
    )
    side = {"height": TILE_PX, "width": TILE_PX}
    return save(
        folder,
        build(InternVLForConditionalGeneration, config, tokenizer, seed=seed),
        tokenizer,
        picture_mark=MARKS["context_image_token"],
        processor="InternVLProcessor",
        image={
            "image_processor_type": "GotOcr2ImageProcessor",
            "size": side,
            "crop_to_patches": True,
            "max_patches": 4,
        },
        video={"video_processor_type": "InternVLVideoProcessor", "size": side},
        image_seq_length=PER_TILE,
    )
