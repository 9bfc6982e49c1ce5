"""SmolVLM, and Idefics3 from which it comes: large pictures become rows and columns of tiles, and a small whole."""

from tests.architectures.parts import PATCH_PX, TILE_PX, build, save, text_settings
from tests.tiny import tiny_tokenizer

AROUND, WHOLE = "<fake_token_around_image>", "<global-img>"
PLACES = tuple(f"<row_{row}_col_{column}>" for row in (1, 2) for column in (1, 2))
PER_TILE = (TILE_PX // PATCH_PX) ** 2 // 4


def make(folder, *, seed=0):
    from transformers import SmolVLMConfig, SmolVLMForConditionalGeneration

    classes = SmolVLMConfig, SmolVLMForConditionalGeneration
    video = {
        "video_processor_type": "SmolVLMVideoProcessor",
        "max_image_size": {"longest_edge": TILE_PX},
        "size": {"longest_edge": 2 * TILE_PX},
        "num_frames": 2,
        "fps": 1,
    }
    return make_with(*classes, "SmolVLM", folder, seed=seed, video=video)


def make_idefics3(folder, *, seed=0):
    from transformers import Idefics3Config, Idefics3ForConditionalGeneration

    return make_with(Idefics3Config, Idefics3ForConditionalGeneration, "Idefics3", folder, seed=seed)


def make_with(config_class, model_class, name, folder, *, seed, video=None):
    """Make a checkpoint of either; they differ in their names and in whether they take video."""
    tokenizer = tiny_tokenizer(
        AROUND, WHOLE, "<end_of_utterance>", *PLACES, image_token="<image>", video_token="<video>"
    )
    config = config_class(
        text_config={"model_type": "llama", **text_settings(tokenizer)},
        vision_config={
            "hidden_size": 16,
            "intermediate_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "image_size": TILE_PX,
            "patch_size": PATCH_PX,
        },
        image_token_id=tokenizer.image_token_id,
        scale_factor=2,
        pad_token_id=tokenizer.pad_token_id,
    )
    return save(
        folder,
        build(model_class, config, tokenizer, seed=seed),
        tokenizer,
        picture_mark="<image>",
        processor=f"{name}Processor",
        image={
            "image_processor_type": f"{name}ImageProcessor",
            "size": {"longest_edge": 2 * TILE_PX},
            "max_image_size": {"longest_edge": TILE_PX},
        },
        video=video,
        image_seq_len=PER_TILE,
    )
