"""What turns words and pictures into a model's inputs, loaded from a checkpoint's files."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

from models.errors import ModelMisconfigured

INSTALL = 'install it with `pip install "palate[local,vision]"`'
# transformers puts these around control tokens that people typed, which are to be read as text
TYPED_START, TYPED_END = "\U000f0000", "\U000f0001"
TYPED = re.compile(f"{TYPED_START}.*?{TYPED_END}", re.DOTALL)


def load_processor(source: str, config: Any, files: dict[str, Any], label: str) -> Any:
    """Give the processor of a checkpoint, or its tokenizer where it takes text only.

    Processors that also take video cannot be built by transformers without torchvision, nor without settings for video.
    Palate shows pictures only, so there the processor is built without its video part, and without torchvision Pillow
    prepares the pictures.
    config: the model's. files: keyword arguments for finding the files. Raises ModelMisconfigured where a package is
    missing.
    """
    from transformers import AutoProcessor

    try:
        return _careful(AutoProcessor.from_pretrained(source, **files))
    except (ImportError, OSError) as error:
        whole = _class_with_video(config)
        if whole is None and isinstance(error, ImportError):
            raise _missing(label, error) from error
        if whole is None:
            raise
    try:
        return _careful(_without_video(whole).from_pretrained(source, **files))
    except ImportError as error:
        raise _missing(label, error) from error


def _class_with_video(config: Any) -> Any:
    """Give the processor class of this kind of model, or None where it takes no video."""
    from transformers.models.auto.processing_auto import PROCESSOR_MAPPING

    found = PROCESSOR_MAPPING.get(type(config), None)
    return found if found is not None and "video_processor" in found.get_attributes() else None


def _without_video(whole: Any) -> Any:
    """Give a processor class less its video part."""
    parts = whole.get_attributes()

    def get_attributes(_: Any) -> list[str]:
        return [part for part in parts if part != "video_processor"]

    def from_args_and_dict(cls: Any, args: list[Any], *more: Any, **settings: Any) -> Any:
        given = dict(zip(cls.get_attributes(), args, strict=True))
        return super(made, cls).from_args_and_dict([given.get(part) for part in parts], *more, **settings)

    made: Any = type(
        whole.__name__,  # saved beside the weights, where any library finds the whole class by it
        (whole,),
        {
            "get_attributes": classmethod(get_attributes),
            "from_args_and_dict": classmethod(from_args_and_dict),
            "video_processor": SimpleNamespace(num_frames=None, fps=None),  # SmolVLM reads them for pictures too
        },
    )
    return made


class _Careful:
    """Counts the pictures of a prompt without those marks that people typed: some processors fail on them."""

    def validate_inputs(self, images: Any = None, text: Any = None, *rest: Any, **more: Any) -> None:
        super().validate_inputs(images, _untyped(text), *rest, **more)  # type: ignore[misc]

    def _check_special_mm_tokens(self, text: Any, *rest: Any, **more: Any) -> None:
        super()._check_special_mm_tokens(_untyped(text), *rest, **more)  # type: ignore[misc]


class _CarefulIdefics3(_Careful):
    """Also makes its inputs as all others do: its own way looks up characters, which fails where people typed marks."""

    def __call__(self, *args: Any, **more: Any) -> Any:
        from transformers import ProcessorMixin

        return ProcessorMixin.__call__(self, *args, **more)

    def prepare_inputs_layout(self, images: Any = None, text: Any = None, **more: Any) -> tuple[Any, ...]:
        return *super().prepare_inputs_layout(images, text, **more), None, None  # type: ignore[misc]

    @property
    def unused_input_names(self) -> list[str]:
        return ["rows", "cols"]


def _careful(processor: Any) -> Any:
    """Make a processor keep its head when people type the marks that stand for pictures."""
    from transformers import Idefics3Processor, ProcessorMixin

    if not isinstance(processor, ProcessorMixin):
        return processor
    kind = type(processor)
    careful = _CarefulIdefics3 if kind is Idefics3Processor else _Careful
    processor.__class__ = type(kind.__name__, (careful, kind), {})
    if pattern := getattr(processor, "multimodal_pattern", None):  # InternVL finds its pictures by it
        processor.multimodal_pattern = re.compile(f"(?<!{TYPED_START})(?:{pattern.pattern})")
    return processor


def _untyped(text: Any) -> Any:
    if isinstance(text, str):
        return TYPED.sub("", text)
    return text if text is None else [TYPED.sub("", sample) for sample in text]


def _missing(label: str, error: ImportError) -> ModelMisconfigured:
    reason = " ".join(str(error).split())[:200]
    return ModelMisconfigured(label, f"its processor needs a package that is missing ({reason})", INSTALL)
