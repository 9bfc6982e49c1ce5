"""Gemma 3: the tokens of a picture see one another in both directions, and most layers see a sliding window only."""

from tests.architectures.parts import PATCH_PX, TILE_PX, build, save, text_settings
from tests.tiny import tiny_tokenizer

START, SOFT, END = "<start_of_image>", "<image_soft_token>", "<end_of_image>"
PER_PICTURE = 16
WINDOW = 24  # shorter than the prompts, so that what lies behind it is really left out


def make(folder, *, seed=0):
    from transformers import Gemma3Config, Gemma3ForConditionalGeneration

    tokenizer = tiny_tokenizer(image_token=SOFT, boi_token=START, eoi_token=END)
    config = Gemma3Config(
        text_config=text_settings(
            tokenizer,
            num_hidden_layers=3,
            head_dim=8,
            query_pre_attn_scalar=8,
            sliding_window=WINDOW,
            tie_word_embeddings=False,
            layer_types=["sliding_attention", "full_attention", "sliding_attention"],
        ),
        vision_config={
            "model_type": "siglip_vision_model",
            "hidden_size": 16,
            "intermediate_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "image_size": TILE_PX,
            "patch_size": PATCH_PX,
            "vision_use_head": False,
        },
        mm_tokens_per_image=PER_PICTURE,
        boi_token_index=tokenizer.boi_token_id,
        eoi_token_index=tokenizer.eoi_token_id,
        image_token_index=tokenizer.image_token_id,
        tie_word_embeddings=False,  # with random weights, tied ones repeat the last token whatever was seen
    )
    return save(
        folder,
        build(Gemma3ForConditionalGeneration, config, tokenizer, seed=seed),
        tokenizer,
        picture_mark=START,
        processor="Gemma3Processor",
        image={"image_processor_type": "Gemma3ImageProcessor", "size": {"height": TILE_PX, "width": TILE_PX}},
        image_seq_length=PER_PICTURE,
    )
