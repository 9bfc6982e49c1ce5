"""The manifest of a run: what stands beside the weights it made."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import prompts
from models.manifest import (
    Manifest,
    answers_of,
    pictures_fingerprint,
    template_fingerprint,
    weights_fingerprint,
)
from training.finetune.base import Base
from training.finetune.roles import PROMPTS
from training.finetune.settings import TrainSettings

LIBRARIES = ("torch", "transformers", "tokenizers", "trl", "peft", "accelerate", "datasets", "bitsandbytes", "pillow")


def manifest_of(
    base: Base,
    settings: TrainSettings,
    data: Mapping[str, Any],
    *,
    metrics: Mapping[str, Any],
    training: Mapping[str, Any],
) -> Manifest:
    """data: what `prepare` told, its split included."""
    seen = settings.view != "summary" or "item_summarizer" in settings.roles
    names = sorted({name for role in settings.roles for name in PROMPTS[role]})
    return Manifest(
        method=settings.method,
        base=settings.base,
        revision=_revision(base),
        weights=weights_fingerprint(base.source),
        prompts=tuple(prompts.load(name).label for name in names),
        pictures=pictures_fingerprint(base.processor) if seen else None,
        picture_px=base.picture_px if seen else None,
        chat_template=template_fingerprint(base.processor),
        answers=answers_of(base.processor, base.decision_config),
        view=settings.view,
        data={key: value for key, value in data.items() if key != "split"},
        split=data["split"],
        settings=settings.model_dump(mode="json", exclude={"base", "revision", "view"}),
        metrics=metrics,
        training=training,
        libraries=_libraries(),
    )


def _revision(base: Base) -> str | None:
    """The commit of a hub id, as it was resolved; None for a folder."""
    return getattr(base.config, "_commit_hash", None) or base.revision


def _libraries() -> dict[str, str]:
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # bitsandbytes is there only where CUDA is
            continue
    return found
