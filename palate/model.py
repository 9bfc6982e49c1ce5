"""`palate model`: what a fine-tuned model was made of, and how it leaves for a server."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from palate.failures import Mistake
from palate.options import CatalogueOption, JsonOption, ProfileOption, SetOption, load
from palate.printable import printable

if TYPE_CHECKING:
    from models.manifest import Manifest

app = typer.Typer(
    name="model", help="Fine-tuned models: what they were made of, and exporting them.", no_args_is_help=True
)


@app.command("show")
def show(
    path: Annotated[Path, typer.Argument(help="An adapter or checkpoint, or the run that made it.")],
    as_json: JsonOption = False,
) -> None:
    """Show what a model was trained from and on, how well it did, and what it must be loaded with."""
    from models.manifest import MANIFEST_FILE, read_manifest

    places = (path, path / "model")
    manifest = next((found for place in places if (found := read_manifest(place / MANIFEST_FILE))), None)
    if manifest is None:
        raise Mistake(
            f"there is no manifest of a fine-tuned model in {path}", "write the folder that `palate train` made"
        )
    if as_json:
        typer.echo(manifest.model_dump_json())
    else:
        _draw(manifest)


@app.command("export")
def export(
    path: Annotated[Path, typer.Argument(help="An adapter or checkpoint, or the run that made it.")],
    out: Annotated[Path, typer.Argument(help="The folder to make: weights, processor, and what servers read.")],
    catalogue: CatalogueOption = None,
    profile: ProfileOption = None,
    lists: Annotated[int, typer.Option(min=1, help="On how many lists of its items both ways are compared.")] = 200,
    candidates: Annotated[int, typer.Option(min=2, max=64, help="In each list.")] = 21,
    dtype: Annotated[str, typer.Option(help="float32 or bfloat16.")] = "float32",
    settings: SetOption = None,
) -> None:
    """Merge an adapter into its base, and prove that it is served as it was trained.

    The same candidates are judged in this process and by `transformers serve`. The command fails, and leaves no folder,
    when a p(yes) differs by more than 0.001 (0.02 in bfloat16) or an order differs.
    """
    loaded = load(profile, settings, keys_required=False)
    name = catalogue or loaded.profile.catalogue
    command = [sys.executable, "-m", "training.finetune.export", str(path), str(out), "--catalogue", name]
    command += ["--lists", str(lists), "--candidates", str(candidates), "--dtype", dtype]
    command += ["--profile", profile] if profile else []
    command += [part for one in settings or () for part in ("--set", one)]
    code = subprocess.run(command, check=False).returncode
    if code:
        raise typer.Exit(code if code > 0 else 128 - code)


def _draw(manifest: Manifest) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    grid = Table.grid(padding=(0, 2))
    for key, value in _lines(manifest):
        grid.add_row(Text(key, style="dim"), Text(printable(value)))
    console.print(grid)
    for part, scorers in manifest.metrics.items():
        for scorer, figures in scorers.items():
            told = "  ".join(f"{name} {one['mean']:.3f}" for name, one in figures.items())
            console.print(Text(f"{part}, {scorer}: {told}"))


def _lines(manifest: Manifest) -> Iterator[tuple[str, str]]:
    revision = f" at {manifest.revision}" if manifest.revision else ""
    yield "base", f"{manifest.base}{revision}, weights {manifest.weights}"
    yield "method", manifest.method + (", merged" if manifest.merged else "")
    yield "prompts", ", ".join(manifest.prompts)
    answers = ", ".join(f"{option}: {one.text!r} is token {one.token_id}" for option, one in manifest.answers.items())
    yield "answers", answers
    px = f", at most {manifest.picture_px} px" if manifest.picture_px else ""
    yield "pictures", f"{manifest.pictures or 'none'}{px}; a candidate is seen as: {manifest.view}"
    yield "chat template", manifest.chat_template
    yield "data", _told(manifest.data)
    yield "split", _told(manifest.split)
    yield "settings", _told(manifest.settings)
    yield "training", _told(manifest.training)
    yield "libraries", _told(manifest.libraries)


def _told(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in values.items() if value not in (None, [], {}, ""))
