"""The checkpoint that is fine-tuned: found, checked to be of a kind we can train, and loaded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.loading import PictureSource
from training.finetune.errors import TrainingRefused
from training.finetune.rows import Encoder
from training.finetune.settings import TrainSettings

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Base:
    """What is known of a checkpoint without its weights, and how pictures reach it.

    source: folder or hub id. sees: whether it takes pictures. picture_px: their longest side when it does.
    """

    label: str
    source: str
    revision: str | None
    config: Any
    processor: Any
    decision_config: Any
    end_ids: tuple[int, ...]
    sees: bool
    picture_px: int

    @property
    def files(self) -> dict[str, Any]:
        """What every `from_pretrained` is told: nothing is fetched for a folder."""
        return {"local_files_only": True} if Path(self.source).is_dir() else {"revision": self.revision}

    @property
    def context_tokens(self) -> int | None:
        """How many tokens the model takes, or None where its settings do not say."""
        limit = getattr(self.config.get_text_config(), "max_position_embeddings", None)
        return int(limit) if limit else None

    @property
    def tokenizer(self) -> Any:
        """The tokenizer of the processor."""
        return getattr(self.processor, "tokenizer", self.processor)

    def encoder(self, pictures: PictureSource) -> Encoder:
        """What turns examples into rows. Raises ModelMisconfigured for labels that are not single tokens."""
        given: dict[str, Any] = {"picture_px": self.picture_px, "label": self.label}
        return Encoder(self.processor, self.decision_config, self.end_ids, pictures, **given)


def open_base(settings: TrainSettings) -> Base:
    """Read a checkpoint's settings. Raises TrainingRefused for one that is missing, broken, or has no picture tower."""
    from transformers import AutoConfig, AutoProcessor, GenerationConfig
    from transformers.decision import DecisionConfig
    from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING

    source = locate(settings.base)
    files = {"local_files_only": True} if Path(source).is_dir() else {"revision": settings.revision}
    try:
        config = AutoConfig.from_pretrained(source, **files)
        processor = AutoProcessor.from_pretrained(source, **files)
        decisions = DecisionConfig.from_pretrained(source, **files)
    except Exception as error:
        remedy = "write the path of a folder that holds a whole checkpoint, or a hub id"
        raise TrainingRefused(f"the base {settings.base!r} cannot be read ({first_line(error)})", remedy) from error
    sees = type(config) in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING
    if not sees and not settings.text_only:
        raise TrainingRefused(
            f"the base {settings.base!r} is not multimodal: it is a {config.model_type!r} and takes no pictures",
            "choose an image-text-to-text checkpoint, or write --text-only to train on words alone",
        )
    try:
        ends = GenerationConfig.from_pretrained(source, **files).eos_token_id
    except OSError:  # a checkpoint need not have one
        ends = config.get_text_config().eos_token_id
    end_ids = tuple(ends) if isinstance(ends, list) else () if ends is None else (ends,)
    px = settings.picture_px
    return Base(settings.base, source, settings.revision, config, processor, decisions, end_ids, sees, px)


def load_model(base: Base, settings: TrainSettings, **options: Any) -> Any:
    """The base's weights, on the CPU unless `options` say otherwise. Raises TrainingRefused."""
    from transformers import AutoModelForCausalLM, AutoModelForImageTextToText

    loader = AutoModelForImageTextToText if base.sees else AutoModelForCausalLM
    try:
        return loader.from_pretrained(
            base.source, config=base.config, dtype=dtype_of(settings), **options, **base.files
        )
    except (OSError, ValueError, RuntimeError) as error:
        remedy = "check that the folder holds a whole checkpoint, and that there is memory for it"
        raise TrainingRefused(f"the base {base.label!r} cannot be loaded ({first_line(error)})", remedy) from error


def dtype_of(settings: TrainSettings) -> Any:
    """The torch dtype of the weights: `auto` is bfloat16 where a GPU has it, else float32."""
    import torch

    if settings.dtype != "auto":
        return getattr(torch, settings.dtype)
    on_gpu = device_of(settings) == "cuda" and torch.cuda.is_bf16_supported()
    return torch.bfloat16 if on_gpu else torch.float32


def device_of(settings: TrainSettings) -> str:
    """`cuda` or `cpu`. Raises TrainingRefused when a GPU is asked for and there is none."""
    import torch

    if settings.device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if settings.device == "cuda" and not torch.cuda.is_available():
        raise TrainingRefused("there is no CUDA device here", "write --device auto or --device cpu")
    if settings.device not in ("cuda", "cpu"):
        raise TrainingRefused(f"{settings.device!r} is no device to train on", "write --device auto, cpu or cuda")
    return settings.device


def locate(name: str) -> str:
    """A folder as given, or in the repository; else the name itself, as a hub id."""
    folders = (Path(name).expanduser(), REPOSITORY / name)
    return next((str(folder) for folder in folders if folder.is_dir()), name)


def first_line(error: BaseException) -> str:
    """The first line of an error, bounded."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
