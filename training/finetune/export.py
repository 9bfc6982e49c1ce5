"""A fine-tuned model as one folder that any server of transformers reads, and the proof that it answers the same there.

`python -m training.finetune.export MODEL OUT --catalogue NAME` is what `palate model export` starts.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agents.context import TurnContext
from agents.judging import candidate_questions, shared_state
from graphs.services import Services
from memory.interactions import Interaction
from memory.preferences import Preference
from models.decisions import DecisionRequest
from models.errors import ModelError
from models.loading import PictureSource, load_decider
from models.manifest import MANIFEST_FILE, Manifest, read_manifest, weights_fingerprint
from models.spec import ModelSpec
from palate.failures import exit_code, tell
from palate.progress import Report, bars
from profiles.settings import load_profile, parse_settings
from tracing.recorder import Recorder
from training.decision_template import with_template
from training.finetune.errors import TrainingRefused
from training.finetune.quiet import keep_quiet
from training.finetune.saving import save_model
from training.finetune.serving import last_words, served
from training.finetune.settings import TrainSettings

TOLERANCE = {"float32": 1e-3, "bfloat16": 2e-2}  # of a p(yes)
TIE = {"float32": 1e-5, "bfloat16": 2e-2}  # candidates nearer than this in this process have no order


@dataclass(frozen=True)
class Comparison:
    """largest: the largest difference of a p(yes). orders: lists whose order differs. lists, candidates: how many."""

    largest: float
    orders: int
    lists: int
    candidates: int


def merge(path: Path, out: Path, *, dtype: str) -> Manifest:
    """Write the whole model into `out`: merged weights, processor, chat template, decision settings and manifest.

    path: an adapter or checkpoint with its manifest, or the run that made it. Raises TrainingRefused.
    """
    from training.finetune.base import open_base

    source, manifest = _source(path)
    base_name = manifest.base if manifest.method != "full" else str(source)
    known = {key: value for key, value in manifest.settings.items() if key in TrainSettings.model_fields}
    settings = TrainSettings.model_validate(
        {**known, "base": base_name, "revision": manifest.revision, "view": manifest.view, "dtype": dtype}
    )
    base = open_base(settings)
    here = weights_fingerprint(base.source)
    if manifest.method != "full" and manifest.weights != here:
        raise TrainingRefused(
            f"the base {manifest.base!r} has the weights {here}, and the adapter was trained on {manifest.weights}",
            "put the base back as it was, or train the adapter anew",
        )
    model = _whole(source, manifest, base, settings)
    exported = manifest.model_copy(update={"merged": True})

    def write(folder: Path) -> None:
        model.save_pretrained(str(folder))
        base.processor.save_pretrained(str(folder))
        with_template(base.decision_config, base.processor).save_pretrained(str(folder))
        exported.write(folder)

    save_model(out, write)
    return exported


def compare(
    checkpoint: Path, requests: Sequence[DecisionRequest], pictures: PictureSource, manifest: Manifest, *, dtype: str,
    device: str = "auto", report: Report = lambda what, done, of: None,
) -> Comparison:  # fmt: skip
    """Ask the same in this process and of `transformers serve`."""
    import torch

    where = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
    common: dict[str, Any] = {"model": str(checkpoint), "vision": manifest.picture_px is not None, "timeout_s": 600}
    common |= {"picture_px": manifest.picture_px} if manifest.picture_px else {}
    here = ModelSpec.model_validate({"backend": "local", "device": where, "dtype": dtype, **common})
    log = checkpoint.with_name(checkpoint.name + ".serve.log")
    try:
        with served(checkpoint, log, device=where, dtype=dtype) as address:
            there = ModelSpec.model_validate({"backend": "served", "api_base": address, **common})
            return asyncio.run(_compare(here, there, requests, pictures, TIE[dtype], report))
    except ModelError as error:
        what, said = str(error).partition("; ")[0], last_words(log)
        raise TrainingRefused(
            f"the export could not be compared with `transformers serve`: {what}. Its last words: {said}",
            "where it says what is missing, put that right, else report it; then export again",
        ) from error
    finally:
        log.unlink(missing_ok=True)


async def _compare(
    here: ModelSpec, there: ModelSpec, requests: Sequence[DecisionRequest], pictures: PictureSource, tie: float,
    report: Report,
) -> Comparison:  # fmt: skip
    local, remote = load_decider(here, pictures), load_decider(there, pictures)
    largest, orders, candidates = 0.0, 0, 0
    for done, request in enumerate(requests, 1):
        one = [answer.p_yes for answer in (await local.decide(request)).answers]
        other = [answer.p_yes for answer in (await remote.decide(request)).answers]
        largest = max([largest, *(abs(a - b) for a, b in zip(one, other, strict=True))])
        orders += not same_order(one, other, tie=tie)
        candidates += len(one)
        report("comparing with the server", done, len(requests))
    return Comparison(largest, orders, len(requests), candidates)


def same_order(one: Sequence[float], other: Sequence[float], *, tie: float) -> bool:
    """Whether no two candidates that the first sets apart by more than `tie` change places in the second."""
    return not any(
        one[a] - one[b] > tie and other[b] > other[a] for a in range(len(one)) for b in range(len(one)) if a != b
    )


def refuse_difference(found: Comparison, *, dtype: str) -> None:
    """Raises TrainingRefused when serving is not what was trained."""
    if found.largest > TOLERANCE[dtype] or found.orders:
        raise TrainingRefused(
            f"served answers differ: p(yes) by up to {found.largest:.2g} (at most {TOLERANCE[dtype]:g}), "
            f"the order in {found.orders} of {found.lists} lists",
            "use the model in this process (`backend: local`), and report the versions that `palate model show` tells",
        )


def requests_of(
    context: TurnContext, view: str, *, lists: int, candidates: int, seed: int = 0
) -> list[DecisionRequest]:
    """Lists as chat would ask them: some items liked lately, other items to be judged; all drawn, none a user's.

    Raises TrainingRefused for a catalogue with too few items.
    """
    from dataclasses import replace

    context = replace(context, recommend=context.recommend.model_copy(update={"candidate_view": view}))
    item_ids, at = context.catalogue.item_ids, datetime(2000, 1, 1, tzinfo=UTC)
    recent = context.memory.recent
    if len(item_ids) < candidates + recent:
        raise TrainingRefused(
            f"the catalogue {context.catalogue.name!r} has {len(item_ids)} items, too few for lists of {candidates}",
            "write a smaller --candidates, or name a larger catalogue",
        )
    rng, found = random.Random(seed), []
    for _ in range(lists):
        drawn = rng.sample(item_ids, candidates + rng.randint(0, recent))
        events = [
            Interaction(user_id="nobody", catalogue=context.catalogue.name, kind="like", item_id=one, at=at)
            for one in drawn[candidates:]
        ]
        state = shared_state(Preference(user_id="nobody"), events, "", context)
        found.append(DecisionRequest(state, candidate_questions(drawn[:candidates], context)))
    return found


def _source(path: Path) -> tuple[Path, Manifest]:
    for folder in (path, path / "model"):
        manifest = read_manifest(folder / MANIFEST_FILE)
        if manifest is not None:
            return folder, manifest
    raise TrainingRefused(f"there is no fine-tuned model in {path}", "write the folder that `palate train` made")


def _whole(source: Path, manifest: Manifest, base: Any, settings: TrainSettings) -> Any:
    """The model with its adapter merged in, in the dtype it is written in."""
    from training.finetune.base import first_line, load_model

    model = load_model(base, settings)
    if manifest.method == "full":
        return model
    from peft import PeftModel

    try:
        return PeftModel.from_pretrained(model, str(source)).merge_and_unload()
    except (OSError, ValueError, RuntimeError) as error:
        remedy = "check that the folder holds the whole adapter"
        raise TrainingRefused(f"the adapter in {source} cannot be merged ({first_line(error)})", remedy) from error


def export(given: argparse.Namespace, report: Report) -> Comparison:
    """Merge, compare, and remove what did not pass. Raises TrainingRefused."""
    if given.out.exists():
        raise TrainingRefused(f"{given.out} exists", "choose another folder, or remove this one")
    loaded = load_profile(given.profile, parse_settings(given.assignments), keys_required=False)
    services = Services.open(loaded.profile)
    try:
        context = services.turn_context(given.catalogue, Recorder(None))
        _, manifest = _source(given.model)
        requests = requests_of(context, manifest.view, lists=given.lists, candidates=given.candidates)
        exported = merge(given.model, given.out, dtype=given.dtype)
        try:
            found = compare(given.out, requests, services.pictures, exported, dtype=given.dtype, report=report)
            refuse_difference(found, dtype=given.dtype)
        except BaseException:
            shutil.rmtree(given.out, ignore_errors=True)
            raise
        return found
    finally:
        services.close()


def main() -> None:
    """Export from the command line; failures that explain themselves are told without a stack trace."""
    parser = argparse.ArgumentParser(prog="training.finetune.export", description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--catalogue", required=True)
    parser.add_argument("--profile")
    parser.add_argument("--set", dest="assignments", action="append", default=[])
    parser.add_argument("--lists", type=int, default=200)
    parser.add_argument("--candidates", type=int, default=21)
    parser.add_argument("--dtype", choices=tuple(TOLERANCE), default="float32")
    given = parser.parse_args()
    keep_quiet()
    try:
        with bars() as report:
            found = export(given, report)
    except Exception as error:
        code = 2 if isinstance(error, TrainingRefused) else 1 if isinstance(error, ModelError) else exit_code(error)
        if code is None:
            raise
        tell(error)
        sys.exit(code)
    print(
        f"{given.out}: {found.candidates:,} candidates in {found.lists} lists, largest difference of p(yes) "
        f"{found.largest:.1e}, every order the same"
    )
    print(f"serve it: transformers serve {given.out}")


if __name__ == "__main__":
    main()
