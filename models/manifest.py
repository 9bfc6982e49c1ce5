"""What a fine-tuned checkpoint or adapter was made of, and whether it still fits what it is loaded with."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

import prompts
from models.errors import ModelMisconfigured

if TYPE_CHECKING:
    from models.spec import ModelSpec

MANIFEST_FILE = "palate_manifest.json"
KIND, FORMAT = "palate-finetune", 1
SAMPLES, SAMPLE_BYTES = 16, 65_536


class Answer(BaseModel):
    """An answer word and the token that stands for it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    token_id: int


class Manifest(BaseModel):
    """Stands beside every adapter and checkpoint that was fine-tuned, as `palate_manifest.json`.

    method: "lora", "qlora" or "full". base: what it was trained from, revision: of a hub id; weights: a fingerprint of
    the base's weights. prompts: `name@version` of each prompt it was trained on. pictures: a fingerprint of how
    pictures become pixels, and picture_px their longest side before; both None for a model of words. chat_template:
    its fingerprint. answers: "yes" and "no". data, split, settings: what was learned from, and how. metrics: part →
    scorer → figure.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str = KIND
    format: int = FORMAT
    method: str
    base: str
    revision: str | None
    weights: str
    prompts: tuple[str, ...]
    pictures: str | None
    picture_px: int | None
    chat_template: str
    answers: Mapping[str, Answer]
    view: str
    data: Mapping[str, Any] = Field(default_factory=dict)
    split: Mapping[str, Any] = Field(default_factory=dict)
    settings: Mapping[str, Any] = Field(default_factory=dict)
    metrics: Mapping[str, Any] = Field(default_factory=dict)
    training: Mapping[str, Any] = Field(default_factory=dict)
    libraries: Mapping[str, str] = Field(default_factory=dict)
    merged: bool = False

    def write(self, folder: Path) -> None:
        """Put it beside the weights."""
        (folder / MANIFEST_FILE).write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")


def read_manifest(path: Path) -> Manifest | None:
    """The manifest of a folder; None where there is none, or it is of another kind of model.

    Raises ModelMisconfigured for one that is damaged or of another format.
    """
    if not path.is_file():
        return None
    where = str(path.parent)
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if record.get("kind") != KIND:
            return None
        if record.get("format") != FORMAT:
            raise ModelMisconfigured(
                where,
                f"its manifest is of format {record.get('format')}, and this Palate reads format {FORMAT}",
                "load it with the Palate it was trained with, or train it anew",
            )
        return Manifest.model_validate(record)
    except (ValueError, AttributeError) as error:
        problem = error.errors(include_url=False)[0]["msg"] if isinstance(error, ValidationError) else error
        remedy = "restore the file from the run that made it; without it nothing says what the weights fit"
        raise ModelMisconfigured(where, f"its manifest is damaged ({problem})", remedy) from error


def check_fit(spec: ModelSpec, source: str, adapter: str | None, processor: Any, decision_config: Any) -> None:
    """Refuse a fine-tuned checkpoint or adapter that does not fit what it is loaded with.

    source, adapter: folders or hub ids. A checkpoint without a manifest of ours is nobody's promise and passes.
    Raises ModelMisconfigured that names everything that differs, as it was trained and as it is here.
    """
    for name in filter(None, (source, adapter)):
        manifest = read_manifest(_file_of(name))
        if manifest is None:
            continue
        differences = list(_differences(manifest, spec, processor, decision_config))
        if adapter and name == adapter and manifest.weights != (here := weights_fingerprint(source)):
            differences.insert(0, f"base weights: trained on {manifest.base!r} ({manifest.weights}), here {here}")
        if differences:
            raise ModelMisconfigured(
                name,
                "it was trained for something else: " + "; ".join(differences),
                "load it with what it was trained with (`palate model show` tells), or train it anew",
            )


def _differences(manifest: Manifest, spec: ModelSpec, processor: Any, decision_config: Any) -> Iterator[str]:
    for label in manifest.prompts:
        name = label.partition("@")[0]
        here = prompts.load(name).label if name in prompts.names() else "no such prompt"
        if here != label:
            yield f"prompt: trained on {label}, here {here}"
    if manifest.pictures is not None:
        here = pictures_fingerprint(processor) or "none"
        if manifest.pictures != here:
            yield f"pictures: trained with the pipeline {manifest.pictures}, here {here}"
        if manifest.picture_px != spec.picture_px:
            yield f"picture_px: trained with {manifest.picture_px}, here {spec.picture_px}"
    if manifest.chat_template != (template := template_fingerprint(processor)):
        yield f"chat template: trained with {manifest.chat_template}, here {template}"
    for option, answer in answers_of(processor, decision_config).items():
        trained = manifest.answers[option]
        if trained != answer:
            there, here = (f"{one.text!r} ({one.token_id})" for one in (trained, answer))
            yield f"the answer {option}: trained as {there}, here {here}"


def answers_of(processor: Any, decision_config: Any) -> dict[str, Answer]:
    """ "yes" and "no" as the checkpoint answers them. Token id -1 for a word that is not a single token."""
    labels = dict(zip(decision_config.noul_options, decision_config.labels.get("noul") or ["Yes", "No"], strict=True))
    tokenizer = getattr(processor, "tokenizer", processor)
    found = {}
    for option, name in (("yes", "true"), ("no", "false")):
        ids = tokenizer(labels[name], add_special_tokens=False)["input_ids"]
        found[option] = Answer(text=labels[name], token_id=ids[0] if len(ids) == 1 else -1)
    return found


def pictures_fingerprint(processor: Any) -> str | None:
    """A hash of all settings by which pictures become pixels; None for a processor of words."""
    images = getattr(processor, "image_processor", None)
    if images is None:
        return None
    settings = {key: value for key, value in images.to_dict().items() if "processor" not in key}
    own = {key: getattr(processor, key, None) for key in ("patch_size", "num_additional_image_tokens", "image_seq_len")}
    return _short(json.dumps([settings, own], sort_keys=True, default=str).encode())


def template_fingerprint(processor: Any) -> str:
    """A hash of the chat template."""
    return _short(str(processor.chat_template).encode())


def weights_fingerprint(source: str) -> str:
    """A hash of headers and samples of all safetensors files of a folder; for a hub id, the id.

    The samples are spread over each file, so training changes it; gigabytes take milliseconds.
    """
    folder = Path(source)
    if not folder.is_dir():
        return source
    digest = hashlib.sha256()
    for file in sorted(folder.glob("*.safetensors")):
        size = file.stat().st_size
        digest.update(f"{file.name}:{size}".encode())
        with file.open("rb") as weights:
            digest.update(weights.read(8 + int.from_bytes(weights.read(8), "little")))
            for number in range(SAMPLES):
                weights.seek(max(0, size - SAMPLE_BYTES) * number // (SAMPLES - 1))
                digest.update(weights.read(SAMPLE_BYTES))
    return digest.hexdigest()[:16]


def _file_of(name: str) -> Path:
    """The manifest's file in a folder, or in the cache of what was fetched from the hub."""
    if Path(name).is_dir():
        return Path(name) / MANIFEST_FILE
    from transformers.utils import cached_file

    found = cached_file(name, MANIFEST_FILE, _raise_exceptions_for_missing_entries=False)
    return Path(found) if found else Path(name) / MANIFEST_FILE


def _short(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]
