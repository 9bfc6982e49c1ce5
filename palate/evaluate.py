"""`palate evaluate`: how well a part of Palate does its work, by simulated people whose truth is known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from palate.options import JsonOption, ProfileOption, SetOption, load
from palate.progress import bars

if TYPE_CHECKING:
    from evaluation.memory_gauges import Gauges

app = typer.Typer(no_args_is_help=True)
BLOCKS = 100
EVENTS = 42


@app.callback()
def _evaluate() -> None:
    """How well a part of Palate does its work, by simulated people whose truth is known."""


@app.command("memory")
def memory(
    people: Annotated[int, typer.Option(min=2, help="Half keep their taste, half change their heart once.")] = 16,
    blocks: Annotated[int, typer.Option(min=1, max=BLOCKS, help="Folds of each.")] = BLOCKS,
    plot: Annotated[Path | None, typer.Option(help="Draw the gauges into this PNG.", show_default=False)] = None,
    as_json: JsonOption = False,
    progress_json: Annotated[
        bool, typer.Option("--progress-json", help="Tell the progress as JSON, a line a step, on the error stream.")
    ] = False,
    profile: ProfileOption = None,
    settings: SetOption = None,
) -> None:
    """Gauge the memory: is what it holds true, does it follow a change of heart, does it keep what was pinned.

    The profile's models fold simulated lives in a folder of their own. What it came to is kept under PALATE_HOME, in
    results, and shown by the app; nothing else there is read or changed.
    """
    import asyncio
    import tempfile

    from evaluation.lives import make_shop
    from evaluation.memory_gauges import gauge
    from graphs.services import Services
    from palate.keeping import keep_memory

    kept = load(profile, settings).profile.stores.results
    with tempfile.TemporaryDirectory() as home:
        loaded = load(profile, [*(settings or ()), f"stores.home={home}"])
        services = Services.open(loaded.profile)
        try:
            shop = make_shop(people, blocks * loaded.profile.memory.block_size)
            with bars(as_json=progress_json) as report:
                gauges = asyncio.run(gauge(services, shop, blocks, report))
        finally:
            services.close()
    if plot is not None:
        from evaluation.memory_plot import draw

        draw(gauges, plot)
    keep_memory(kept, gauges, {"blocks": str(blocks), "profile": loaded.profile.name})
    typer.echo(json.dumps(gauges.as_json()) if as_json else _told(gauges))


@app.command("story")
def story(
    events: Annotated[int, typer.Option(min=12, help="Of the one person followed.")] = EVENTS,
    profile: ProfileOption = None,
    settings: SetOption = None,
) -> None:
    """Follow one simulated person through a change of heart: three versions of their taste, beside what is true.

    The profile's models fold in a folder of their own; nothing under PALATE_HOME is read or changed.
    """
    import asyncio
    import tempfile

    from evaluation.story import follow, shop_of_one
    from graphs.services import Services

    with tempfile.TemporaryDirectory() as home:
        services = Services.open(load(profile, [*(settings or ()), f"stores.home={home}"]).profile)
        try:
            with bars() as report:
                told = asyncio.run(follow(services, shop_of_one(events), report))
        finally:
            services.close()
    typer.echo(str(told))


def _told(gauges: Gauges) -> str:
    lines = ["blocks  precision  recall  tokens a fold  refused"]
    lines += [
        f"{stage.blocks:6}  {stage.precision:9.3f}  {stage.recall:6.3f}  {stage.tokens:13.0f}  {stage.refused:7.3f}"
        for stage in gauges.stages
    ]
    recovery = "never" if gauges.blocks_to_recover is None else f"{gauges.blocks_to_recover:g} blocks"
    lines += [
        f"pins kept {gauges.pins_kept:.3f} · contradictions {gauges.contradictions:.3f} · drift {gauges.drift:.3f}",
        f"recovered from a change of heart {gauges.recovered:.3f}, after {recovery}",
        f"longest prose {gauges.longest} of {gauges.longest_allowed} words",
        *(f"AUC by {kind}: {one.mean:.3f} [{one.low:.3f}, {one.high:.3f}]" for kind, one in gauges.auc.items()),
    ]
    return "\n".join(lines)
