"""Qwen2.5-VL: rotary positions in time, height and width; pictures of any size; windowed attention in the tower."""

from tests.architectures.parts import HIDDEN, PATCH_PX, SPREAD, TILE_PX, build, save, text_settings
from tests.tiny import tiny_tokenizer

MARKS = {"image_token": "<|image_pad|>", "video_token": "<|video_pad|>"}
EDGES = ("<|vision_start|>", "<|vision_end|>")
PICTURE_MARK = f"{EDGES[0]}{MARKS['image_token']}{EDGES[1]}"
ROPE = {"rope_type": "default", "rope_theta": 1000.0, "mrope_section": [1, 1, 2]}  # of the 8 numbers of a head, halved


def pixels(kind, patch_px=PATCH_PX):
    """Settings of the picture and the video part, which Qwen3-VL uses too."""
    shared = {"patch_size": patch_px, "temporal_patch_size": 2, "merge_size": 2}
    size = {"shortest_edge": TILE_PX**2, "longest_edge": 9 * TILE_PX**2}
    return {**shared, f"{kind[0]}_processor_type": kind[1], "size": size}


def ids_of(tokenizer):
    """The ids of its marks, as the model's settings name them."""
    start, end = tokenizer.convert_tokens_to_ids(list(EDGES))
    return {
        "image_token_id": tokenizer.image_token_id,
        "video_token_id": tokenizer.video_token_id,
        "vision_start_token_id": start,
        "vision_end_token_id": end,
    }


def make(folder, *, seed=0):
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    tokenizer = tiny_tokenizer(*EDGES, **MARKS)
    config = Qwen2_5_VLConfig(
        text_config=text_settings(tokenizer, rope_parameters=ROPE),
        vision_config={
            "depth": 2,
            "hidden_size": 16,
            "intermediate_size": 32,
            "num_heads": 2,
            "patch_size": PATCH_PX,
            "window_size": 2 * PATCH_PX * 2,
            "out_hidden_size": HIDDEN,
            "fullatt_block_indexes": [1],
            "initializer_range": SPREAD,
        },
        **ids_of(tokenizer),
    )
    return save(
        folder,
        build(Qwen2_5_VLForConditionalGeneration, config, tokenizer, seed=seed),
        tokenizer,
        picture_mark=PICTURE_MARK,
        processor="Qwen2_5_VLProcessor",
        image=pixels(("image", "Qwen2VLImageProcessor")),
        video=pixels(("video", "Qwen2VLVideoProcessor")),
    )
