"""`palate train`: a catalogue with interactions becomes a fine-tuned recommender.

Training runs in processes of its own, one or one per device, so that many are started as one is, and what they held is
given back when they end.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from palate.failures import Mistake
from palate.options import CatalogueOption, ProfileOption, SetOption, load

SETTINGS_FILE, PREPARED, MODEL, RESULT = "settings.json", "data/about.json", "model", "result.json"
MODULE = "training.finetune"
Split = Literal["leave_last", "time", "user"]
Kind = Literal["uniform", "popularity", "hard"]
Method = Literal["lora", "qlora", "full"]
View = Literal["summary", "picture", "both"]
MAY_CHANGE = ("minutes",)  # settings of a run that is gone on with, which change nothing that was done
TRAINING = "Training"
DATA = "Data"
MACHINE = "Machine"
SECOND = "Second stage"


def train(
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
    split: Annotated[Split, typer.Option(rich_help_panel=DATA, help="What is held out.")] = "leave_last",
    held_out: Annotated[float, typer.Option(rich_help_panel=DATA, help="Share, by time or user.")] = 0.1,
    cold_items: Annotated[float, typer.Option(rich_help_panel=DATA, help="Share of items kept from training.")] = 0.0,
    negatives: Annotated[Kind, typer.Option(rich_help_panel=DATA, help="What the wrong candidates are.")] = "uniform",
    negatives_per_positive: Annotated[int, typer.Option(rich_help_panel=DATA)] = 4,
    list_negatives: Annotated[int, typer.Option(rich_help_panel=DATA, help="In each held-out list.")] = 20,
    lists: Annotated[int, typer.Option(rich_help_panel=DATA, help="Held-out lists, at most, a part.")] = 300,
    targets_per_user: Annotated[int, typer.Option(rich_help_panel=DATA, help="Latest likings, at most.")] = 20,
    likings: Annotated[
        int | None, typer.Option(rich_help_panel=DATA, help="Of all users, at most; drawn. [default: all of these]")
    ] = None,
    view: Annotated[View, typer.Option(rich_help_panel=DATA, help="What is seen of a candidate.")] = "both",
    picture_px: Annotated[
        int, typer.Option(rich_help_panel=DATA, help="Longest side of a picture the model is given.")
    ] = 512,
    text_only: Annotated[bool, typer.Option("--text-only", rich_help_panel=DATA, help="A base without eyes.")] = False,
    too_long: Annotated[
        Literal["refuse", "leave_out"], typer.Option(rich_help_panel=DATA, help="What becomes of long examples.")
    ] = "refuse",
    max_tokens: Annotated[int | None, typer.Option(rich_help_panel=DATA, help="[default: the model's]")] = None,
    broken_pictures: Annotated[
        Literal["refuse", "words"], typer.Option(rich_help_panel=DATA, help="Refuse, or go by the item's words.")
    ] = "refuse",
    keep_data: Annotated[bool, typer.Option("--keep-data", rich_help_panel=DATA, help="Keep the examples.")] = False,
    method: Annotated[Method, typer.Option(rich_help_panel=TRAINING, help="Which weights are trained.")] = "lora",
    rank: Annotated[int, typer.Option(rich_help_panel=TRAINING)] = 16,
    alpha: Annotated[int, typer.Option(rich_help_panel=TRAINING)] = 32,
    dropout: Annotated[float, typer.Option(rich_help_panel=TRAINING)] = 0.05,
    learning_rate: Annotated[float, typer.Option(rich_help_panel=TRAINING)] = 1e-4,
    epochs: Annotated[float, typer.Option(rich_help_panel=TRAINING)] = 2.0,
    steps: Annotated[int | None, typer.Option(rich_help_panel=TRAINING, help="In place of epochs.")] = None,
    groups: Annotated[int, typer.Option(rich_help_panel=TRAINING, help="Users' lists a step and device.")] = 1,
    accumulation: Annotated[int, typer.Option(rich_help_panel=TRAINING, help="Steps before each update.")] = 8,
    warmup: Annotated[float, typer.Option(rich_help_panel=TRAINING, help="Share of all steps.")] = 0.03,
    evaluate_every: Annotated[
        int | None, typer.Option(rich_help_panel=TRAINING, help="Steps. [default: 8 times]")
    ] = None,
    patience: Annotated[int, typer.Option(rich_help_panel=TRAINING, help="Validations without a better AUC.")] = 3,
    minutes: Annotated[
        float | None,
        typer.Option(
            rich_help_panel=TRAINING, help="For training and the last judgement, at most. [default: no limit]"
        ),
    ] = None,
    seed: Annotated[int, typer.Option(rich_help_panel=TRAINING)] = 0,
    dtype: Annotated[Literal["auto", "float32", "bfloat16"], typer.Option(rich_help_panel=MACHINE)] = "auto",
    device: Annotated[str, typer.Option(rich_help_panel=MACHINE, help="auto, cpu or cuda.")] = "auto",
    gradient_checkpointing: Annotated[bool, typer.Option("--gradient-checkpointing", rich_help_panel=MACHINE)] = False,
    shared_prefix: Annotated[
        Literal["auto", "always", "never"],
        typer.Option(rich_help_panel=MACHINE, help="Read once what the candidates of a person share."),
    ] = "auto",
    dpo: Annotated[
        bool, typer.Option("--dpo", rich_help_panel=SECOND, help="Learn to turn hard negatives down.")
    ] = False,
    dpo_pool: Annotated[int, typer.Option(rich_help_panel=SECOND, help="Items judged beside each liking.")] = 16,
    dpo_hardest: Annotated[int, typer.Option(rich_help_panel=SECOND, help="Of these, learned from.")] = 2,
    dpo_likings: Annotated[int, typer.Option(rich_help_panel=SECOND, help="Likings, at most.")] = 1000,
    dpo_beta: Annotated[float, typer.Option(rich_help_panel=SECOND, help="How near to the first stage.")] = 0.1,
    dpo_learning_rate: Annotated[float, typer.Option(rich_help_panel=SECOND)] = 1e-5,
    dpo_epochs: Annotated[float, typer.Option(rich_help_panel=SECOND)] = 1.0,
    dpo_steps: Annotated[int | None, typer.Option(rich_help_panel=SECOND, help="In place of epochs.")] = None,
    launch: Annotated[
        Path | None, typer.Option(rich_help_panel=MACHINE, help="A config of `accelerate launch`, for many devices.")
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
        "split": split,
        "held_out": held_out,
        "cold_items": cold_items,
        "negatives": negatives,
        "negatives_per_positive": negatives_per_positive,
        "list_negatives": list_negatives,
        "lists": lists,
        "targets_per_user": targets_per_user,
        "likings": likings,
        "view": view,
        "picture_px": picture_px,
        "text_only": text_only,
        "too_long": too_long,
        "max_tokens": max_tokens,
        "broken_pictures": broken_pictures,
        "keep_data": keep_data,
        "method": method,
        "rank": rank,
        "alpha": alpha,
        "dropout": dropout,
        "learning_rate": learning_rate,
        "epochs": epochs,
        "steps": steps,
        "groups": groups,
        "accumulation": accumulation,
        "warmup": warmup,
        "evaluate_every": evaluate_every,
        "patience": patience,
        "minutes": minutes,
        "seed": seed,
        "dtype": dtype,
        "device": device,
        "gradient_checkpointing": gradient_checkpointing,
        "shared_prefix": shared_prefix,
        "dpo": {
            "pool": dpo_pool,
            "hardest": dpo_hardest,
            "likings": dpo_likings,
            "beta": dpo_beta,
            "learning_rate": dpo_learning_rate,
            "epochs": dpo_epochs,
            "steps": dpo_steps,
        } if dpo else None,
    }  # fmt: skip
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
