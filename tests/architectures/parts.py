"""What the tiny checkpoints have in common: their files, their sizes and pictures worth looking at."""

from __future__ import annotations

import io
import json
from pathlib import Path

HIDDEN = 32
PATCH_PX = 8
TILE_PX = 32  # the side of a picture, or of a tile of one
SPREAD = 0.35  # of the random weights; the larger, the more the answers depend on what is read

TEMPLATE = (
    "{%- for message in messages -%}{{- '<s>' ~ message.role ~ '\n' -}}"
    "{%- if message.content is string -%}{{- message.content -}}"
    "{%- else -%}{%- for block in message.content -%}"
    "{%- if block.type == 'image' -%}{{- 'PICTURE' -}}{%- elif block.type == 'text' -%}{{- block.text -}}{%- endif -%}"
    "{%- endfor -%}{%- endif -%}{{- '</s>' -}}{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<s>assistant\n' -}}{%- endif -%}"
)


def text_settings(tokenizer, **more):
    """Settings that every language model here takes."""
    return {
        "vocab_size": len(tokenizer),
        "hidden_size": HIDDEN,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 4096,
        "initializer_range": SPREAD,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
        **more,
    }


def build(model_class, config, tokenizer, *, seed=0):
    """A model with random weights, every one of them at work: none zero, none at its neutral value."""
    import torch

    torch.manual_seed(seed)
    model = model_class(config).eval()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.ndim < 2 or "position" in name or not weight.any():
                weight.add_(torch.randn_like(weight) * 0.1)
            elif weight.std() < SPREAD / 2:
                weight.mul_(SPREAD / 2 / weight.std())
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    pieces = [tokenizer.decode([number], skip_special_tokens=True) for number in range(len(tokenizer))]
    unreadable = [number for number, piece in enumerate(pieces) if not (piece.isascii() and piece.isalnum())]
    model.generation_config.suppress_tokens = unreadable  # so that every reply says something
    return model


def save(folder, model, tokenizer, *, picture_mark, processor, image, video=None, **settings):
    """Write the files of a checkpoint as its publisher does: weights, tokenizer, template and processor settings.

    picture_mark: what the template writes for a picture. processor: the class that reads these files. image, video:
    settings of its picture and video parts. settings: the processor's own.
    """
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    _write(folder / "preprocessor_config.json", {**image, "processor_class": processor})
    _write(folder / "processor_config.json", {**settings, "processor_class": processor})
    if video:
        _write(folder / "video_preprocessor_config.json", {**video, "processor_class": processor})
    (folder / "chat_template.jinja").write_text(TEMPLATE.replace("PICTURE", picture_mark), encoding="utf-8")
    return folder


def picture(seed: int, size: tuple[int, int] = (48, 40)) -> bytes:
    """Give a PNG of a colour with noise; the same seed and size (width, height) give the same picture."""
    import numpy
    from PIL import Image

    width, height = size
    random = numpy.random.default_rng(seed)
    values = random.integers(0, 200, 3) + random.integers(0, 56, (height, width, 3))
    buffer = io.BytesIO()
    Image.fromarray(values.astype(numpy.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def _write(path: Path, values):
    path.write_text(json.dumps(values, indent=2), encoding="utf-8")
