"""The manifest of a run: what stands beside the weights it made."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
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
from training.finetune.errors import TrainingRefused
from training.finetune.roles import PROMPTS
from training.finetune.settings import TrainSettings

MADE_FOR = "made_for"
LIBRARIES = ("torch", "transformers", "tokenizers", "trl", "peft", "accelerate", "datasets", "bitsandbytes", "pillow")


def made_for(base: Base, settings: TrainSettings) -> dict[str, str]:
    """What the examples of a run are made for and its checkpoints belong to, by name: base, prompts, chat template."""
    return {
        "base": weights_fingerprint(base.source),
        "prompts": ", ".join(_prompts(settings)),
        "chat template": template_fingerprint(base.processor),
    }


def refuse_other(run: Path, data: Mapping[str, Any], base: Base, settings: TrainSettings) -> None:
    """Raises TrainingRefused where a run was prepared with another base, or by a Palate of other prompts, than now.

    data: what `prepare` told. Going on would end in a manifest that says something untrue.
    """
    before = data.get(MADE_FOR, {})
    other = [
        f"its {name} was {before.get(name, 'not told')!r}, is {now!r}"
        for name, now in made_for(base, settings).items()
        if before.get(name) != now
    ]
    if other:
        raise TrainingRefused(
            f"{run} was begun for something else: {'; '.join(other)}",
            "start anew in another folder, or go on with the base and the version of Palate that it was begun with",
        )


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
    return Manifest(
        method=settings.method,
        base=settings.base,
        revision=_revision(base),
        weights=weights_fingerprint(base.source),
        prompts=_prompts(settings),
        pictures=pictures_fingerprint(base.processor) if seen else None,
        picture_px=base.picture_px if seen else None,
        chat_template=template_fingerprint(base.processor),
        answers=answers_of(base.processor, base.decision_config),
        view=settings.view,
        data={key: value for key, value in data.items() if key not in ("split", MADE_FOR)},
        split=data["split"],
        settings=settings.model_dump(mode="json", exclude={"base", "revision", "view"}),
        metrics=metrics,
        training=training,
        libraries=_libraries(),
    )


def _prompts(settings: TrainSettings) -> tuple[str, ...]:
    """Name and version of every prompt that the roles of a run are taught with."""
    names = sorted({name for role in settings.roles for name in PROMPTS[role]})
    return tuple(prompts.load(name).label for name in names)


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
