"""`palate train`: a catalogue with interactions becomes a fine-tuned recommender.

Training runs in processes of its own, one or one per device, so that many are started as one is, and what they held is
given back when they end.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from palate.failures import Mistake
from palate.grouped import grouped
from palate.options import CatalogueOption, ProfileOption, SetOption, load
from palate.train_options import DataOptions, MachineOptions, SecondStageOptions, TrainingOptions

SETTINGS_FILE, PREPARED, MODEL, RESULT = "settings.json", "data/about.json", "model", "result.json"
MODULE = "training.finetune"
MAY_CHANGE = ("minutes",)  # settings of a run that is gone on with, which change nothing that was done


@grouped
def train(
    *,
    out: Annotated[Path, typer.Argument(help="A folder for the run. A run that was stopped there is gone on with.")],
    base: Annotated[str, typer.Option("--base", "-b", help="What to fine-tune: a folder or a hub id.")],
    catalogue: CatalogueOption = None,
    profile: ProfileOption = None,
    revision: Annotated[str | None, typer.Option(help="Of a hub id: the commit or tag to take.")] = None,
    role: Annotated[
        list[str] | None,
        typer.Option(
            help="What is learned: recommender, item_summarizer, preference_memory, understanding, responder; "
            "`responder=0.5` sees half of its examples, `=2` each twice. May be repeated."
        ),
    ] = None,
    data: DataOptions,
    training: TrainingOptions,
    machine: MachineOptions,
    second: SecondStageOptions,
    launch: Annotated[
        Path | None,
        typer.Option(rich_help_panel=MachineOptions.panel, help="A config of `accelerate launch`, for many devices."),
    ] = None,
    settings: SetOption = None,
) -> None:
    """Fine-tune a multimodal checkpoint on what people did with a catalogue.

    Leaves in OUT: the adapter or checkpoint with its manifest (model/), the figures beside those of popularity and
    item-kNN (result.json, report.png), and TensorBoard logs (logs/). Stop it at any time and write the same command
    to go on. docs/fine-tuning.md leads through it.
    """
    loaded = load(profile, settings, keys_required=False)
    given = {
        "base": base,
        "revision": revision,
        "catalogue": catalogue or loaded.profile.catalogue,
        "profile": profile,
        "assignments": settings or [],
        "roles": role or ["recommender"],
        **asdict(data),
        **asdict(training),
        **asdict(machine),
        "dpo": second.told(),
    }
    if launch is not None and not launch.is_file():
        raise Mistake(
            f"there is no {launch}", "write the path of a YAML file, such as training/finetune/configs/fsdp.yaml"
        )
    _keep(out, given)
    if launch is None:
        _run([sys.executable, "-m", MODULE, str(out)])
    else:
        _run([sys.executable, "-m", MODULE, str(out), "--only", "prepare"])
        accelerate = [sys.executable, "-m", "accelerate.commands.launch", "--config_file", str(launch)]
        _run([*accelerate, "-m", MODULE, str(out), "--only", "fit"])
    _report(out)
    if (out / RESULT).is_file():
        from palate.keeping import keep_training

        keep_training(loaded.profile.stores.results, out, given)


def _keep(out: Path, given: dict[str, Any]) -> None:
    """Write the settings of a new run. Raises Mistake when one there was begun with others and came to anything."""
    file = out / SETTINGS_FILE
    if file.is_file() and ((out / PREPARED).is_file() or (out / MODEL).is_dir()):
        before = json.loads(file.read_text(encoding="utf-8"))
        free = () if (out / MODEL).is_dir() else MAY_CHANGE
        changed = [
            f"{key} was {before.get(key)!r}, is {now!r}"
            for key, now in given.items()
            if before.get(key) != now and key not in free
        ]
        if changed:
            raise Mistake(
                f"{out} was begun with other settings: {'; '.join(changed)}",
                "write the same ones to go on, or choose another folder",
            )
    elif out.is_dir() and any(out.iterdir()) and not file.is_file():
        raise Mistake(f"{out} is not empty and holds no run", "choose another folder")
    out.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(given, indent=2) + "\n", encoding="utf-8")


def _run(command: list[str]) -> None:
    """Run to its end, with our streams. Raises Exit with its code; what failed has told why by then."""
    try:
        code = subprocess.run(command, check=False).returncode
    except KeyboardInterrupt:
        typer.echo("stopped; the same command goes on from the last checkpoint", err=True)
        raise typer.Exit(130) from None
    if code:
        raise typer.Exit(code if code > 0 else 128 - code)


def _report(out: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    figures = json.loads((out / RESULT).read_text(encoding="utf-8"))
    for part, scorers in figures.items():
        names = list(next(iter(scorers.values())))
        lists = max(one["lists"] for one in scorers["model"].values())
        table = Table(f"{part.replace('_', ', ')} ({lists} lists)", *names, box=None, padding=(0, 2, 0, 0))
        for scorer, metrics in scorers.items():
            cells = [
                f"{metrics[name]['mean']:.3f} [{metrics[name]['low']:.3f}, {metrics[name]['high']:.3f}]"
                for name in names
            ]
            table.add_row(scorer, *cells)
        console.print(table)
        console.print()
    console.print(
        f"model: {out / 'model'}   picture: {out / 'report.png'}   manifest: palate model show {out / 'model'}"
    )
