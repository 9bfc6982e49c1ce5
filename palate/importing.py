"""`palate import`: other people's data becomes a catalogue."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from palate.failures import STOPPED, Mistake
from palate.options import JsonOption, ProfileOption, SetOption, load
from palate.printable import printable
from palate.progress import bars

if TYPE_CHECKING:
    from catalog.importers import ImportResult, RefusedRow
    from graphs.blends import StoredBlend
    from graphs.services import Services

Format = Literal["auto", "folder", "movielens", "amazon", "microlens"]
SHOWN = 20


def import_(
    path: Annotated[Path, typer.Argument(help="A folder of items and pictures, or one of the known data sets.")],
    name: Annotated[str | None, typer.Option("--name", "-n", help="Its name here. [default: the folder's]")] = None,
    format: Annotated[Format, typer.Option(help="What the folder holds; found out by itself.")] = "auto",
    profile: ProfileOption = None,
    fit: Annotated[bool, typer.Option(help="Learn from the histories how to rank, where there are enough.")] = True,
    as_json: JsonOption = False,
    settings: SetOption = None,
) -> None:
    """Import a catalogue: items, pictures and what people did with them.

    Importing again takes only what changed, and goes on where Ctrl-C has stopped it.
    Rows that cannot be taken are listed with the reason and the remedy; the rest is imported.
    """
    if not path.exists():
        raise Mistake(f"there is no {path}", "write the path of a folder or a file")
    called = name or re.sub(r"[^\w-]+", "-", path.resolve().stem.casefold()).strip("-") or "items"
    from graphs.services import Services

    loaded = load(profile, settings, keys_required=False)
    services = Services.open(loaded.profile)
    try:
        result, told = run_import(services, path, called, format, fit=fit)
    except KeyboardInterrupt:
        typer.echo(left_by_a_stop(services, called), err=True)
        raise typer.Exit(STOPPED) from None
    finally:
        services.close()
    if as_json:
        refused = [vars(row) for row in result.refused]
        typer.echo(json.dumps({**told, "refused": refused, "notes": list(result.notes)}, ensure_ascii=False))
    else:
        _report(called, told, result.refused, result.notes)


def run_import(
    services: Services, path: Path, name: str, format: Format, *, fit: bool = False
) -> tuple[ImportResult, dict[str, Any]]:
    """Read, keep and embed, with bars; fit the blend where asked to. Returns what was read, and what to tell."""
    from catalog.importers import import_path
    from evaluation.fitting import fit_if_due
    from graphs.setup import store_catalogue

    with bars() as report:
        result = import_path(
            path,
            name=name,
            format=format,
            pictures=services.pictures,
            progress=lambda done, of: report("reading the files", done, of),
        )
        stored = store_catalogue(services, name, result.schema, result.items, result.interactions, report)
        blend = fit_if_due(services, name, report) if fit and result.interactions else None
    return result, {
        "catalogue": name,
        "items": len(result.items),
        "added": stored.added,
        "changed": stored.changed,
        "unchanged": stored.unchanged,
        "pictures": sum(item.picture is not None for item in result.items),
        "interactions": stored.interactions,
        "people": len({one.user_id for one in result.interactions}),
        "blend": learned(blend),
    }


def left_by_a_stop(services: Services, name: str) -> str:
    """What there is of a catalogue whose import was stopped, and what goes on with it."""
    from graphs.setup import unfinished

    info = next((one for one in services.catalogues.names() if one.name == name), None)
    if info is None:
        return f"stopped; there is no catalogue {name!r} yet, and the same command begins again"
    left = unfinished(services, services.catalogue(name)).unindexed
    todo = f", {left:,} of them not found by any search yet" if left else ""
    return f"stopped; {name!r} has {info.items:,} items{todo}; the same command goes on with what is missing"


def learned(blend: StoredBlend | None) -> dict[str, float] | None:
    """What to tell of a blend that was fitted; None where there is none, or where no signal of its log ranks better."""
    own = blend.figures.get("blend") if blend is not None else None
    return {"auc": round(own["auc"]["mean"], 4)} if own else None


def _report(name: str, told: dict[str, Any], refused: Sequence[RefusedRow], notes: Sequence[str]) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    counts = ", ".join(f"{told[key]:,} {key}" for key in ("added", "changed", "unchanged"))
    console.print(f"[bold]{told['items']:,} items[/bold] in {name!r}: {counts}; {told['pictures']:,} with a picture")
    console.print(f"{told['interactions']:,} interactions of {told['people']:,} people")
    if told["blend"]:
        console.print(f"learned how to rank them: AUC {told['blend']['auc']}, see palate blend show -c {name}")
    for note in notes:
        console.print(Text(f"note: {printable(note)}", style="dim"))
    if refused:
        kept = Counter(row.kept for row in refused)
        console.print(f"\n[yellow]{kept[False]:,} rows refused, {kept[True]:,} taken in part:[/yellow]")
        for row in refused[:SHOWN]:
            console.print(Text(f"  {printable(str(row))}"))
        if len(refused) > SHOWN:
            console.print(f"  … and {len(refused) - SHOWN:,} more; --json lists them all")
    console.print(f"\nTalk about it: palate chat --catalogue {name}")
