"""`python -m training.finetune RUN`: what `palate train` starts, alone or once per device under `accelerate launch`.

RUN is a folder that holds `settings.json`. What is prepared already is not prepared again, and what was trained is gone
on with.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from catalog.pictures import PictureStore
from graphs.services import Services
from palate.failures import exit_code, tell
from palate.progress import Report, bars
from profiles.settings import load_profile, parse_settings
from training.finetune.errors import TrainingRefused
from training.finetune.quiet import keep_quiet
from training.finetune.settings import TrainSettings

RESULT = "result.json"


def run_training(run: Path, *, only: str | None = None) -> dict[str, Any] | None:
    """Prepare and train. only: "prepare" or "fit". Returns the figures, None after preparing alone."""
    keep_quiet()
    from training.finetune.base import open_base
    from training.finetune.files import is_prepared
    from training.finetune.fit import fit, refuse_finished

    settings = TrainSettings.read(run)
    refuse_finished(run)
    loaded = load_profile(settings.profile, parse_settings(settings.assignments), keys_required=False)
    home = loaded.profile.stores.home
    base = open_base(settings)
    with _progress() as report:
        if only != "fit" and not is_prepared(run):
            services = Services.open(loaded.profile)
            try:
                _prepare(services, settings, run, base, report)
            finally:
                services.close()
        if only == "prepare":
            return None
        return fit(run, settings, base, PictureStore(home / "pictures"), report=report)


def _prepare(services: Services, settings: TrainSettings, run: Path, base: Any, report: Report) -> None:
    from training.finetune.adapters import refuse_qlora
    from training.finetune.base import device_of, load_model
    from training.finetune.corpus import read_corpus
    from training.finetune.prepare import prepare
    from training.finetune.scoring import Scorer

    if settings.method == "qlora":
        refuse_qlora(settings)
    corpus, encoder = read_corpus(services, settings, report), base.encoder(services.pictures)
    if settings.negatives != "hard":
        prepare(corpus, base, encoder, settings, run, report=report)
        return
    scorer = Scorer(base, load_model(base, settings).to(device_of(settings)), services.pictures)
    try:
        prepare(corpus, base, encoder, settings, run, judge=scorer.p_yes, report=report)
    finally:
        scorer.close()


@contextlib.contextmanager
def _progress() -> Iterator[Report]:
    """Bars by the first process only."""
    if int(os.environ.get("RANK", "0")):
        yield lambda what, done, of: None
    else:
        with bars() as report:
            yield report


def main() -> None:
    """Run from the command line; failures that explain themselves are told without a stack trace."""
    parser = argparse.ArgumentParser(prog="training.finetune", description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--only", choices=("prepare", "fit"))
    given = parser.parse_args()
    try:
        figures = run_training(given.run, only=given.only)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the settings"
        tell(TrainingRefused(f"{where}: {first['msg']}", "write another value"))
        sys.exit(2)
    except ModuleNotFoundError as error:
        tell(
            TrainingRefused(
                f"the package {error.name!r} is missing", 'install it with `pip install "palate[training]"`'
            )
        )
        sys.exit(2)
    except Exception as error:
        code = 2 if isinstance(error, TrainingRefused) else exit_code(error)
        if code is None:
            raise
        tell(error)
        sys.exit(code)
    if figures is not None and not int(os.environ.get("RANK", "0")):
        (given.run / RESULT).write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
