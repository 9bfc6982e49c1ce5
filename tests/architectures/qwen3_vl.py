"""Qwen3-VL: interleaved rotary positions, and features of inner layers of the tower added inside the language model."""

from tests.architectures.parts import HIDDEN, PATCH_PX, SPREAD, build, save, text_settings
from tests.architectures.qwen2_5_vl import EDGES, MARKS, PICTURE_MARK, ROPE, ids_of, pixels
from tests.tiny import tiny_tokenizer


def make(folder, *, seed=0):
    from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration

    tokenizer = tiny_tokenizer(*EDGES, **MARKS)
    config = Qwen3VLConfig(
        text_config=text_settings(
            tokenizer, num_hidden_layers=3, head_dim=8, rope_parameters={**ROPE, "mrope_interleaved": True}
        ),
        vision_config={
            "depth": 3,
            "hidden_size": 16,
            "intermediate_size": 32,
            "num_heads": 2,
            "patch_size": PATCH_PX,
            "out_hidden_size": HIDDEN,
            "num_position_embeddings": 16,
            "deepstack_visual_indexes": [0, 1],
            "initializer_range": SPREAD,
        },
        **ids_of(tokenizer),
    )
    return save(
        folder,
        build(Qwen3VLForConditionalGeneration, config, tokenizer, seed=seed),
        tokenizer,
        picture_mark=PICTURE_MARK,
        processor="Qwen3VLProcessor",
        image=pixels(("image", "Qwen2VLImageProcessor")),
        video=pixels(("video", "Qwen3VLVideoProcessor")),
    )
