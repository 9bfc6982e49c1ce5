"""`palate summarize`: the item-summarizer looks at every picture of a catalogue, once."""

from __future__ import annotations

import typer

from palate.failures import FAILED
from palate.options import CatalogueOption, ProfileOption, SetOption, load
from palate.printable import printable
from palate.progress import bars

SHOWN = 20


def summarize(
    profile: ProfileOption = None,
    catalogue: CatalogueOption = None,
    settings: SetOption = None,
) -> None:
    """Let the model look at every item it has not described yet.

    What it wrote is kept and not asked for again.
    May be stopped at any time: the next run goes on where this one ended.
    """
    import asyncio

    from graphs.describing import summarize_catalogue
    from graphs.services import Services

    loaded = load(profile, settings)
    services = Services.open(loaded.profile)
    try:
        items = services.catalogue(catalogue or loaded.profile.catalogue)
        with bars() as report:
            done = asyncio.run(summarize_catalogue(services, items, report))
    finally:
        services.close()
    there = len(items) - done.written - len(done.failed)
    typer.echo(f"{done.written:,} summaries written, {there:,} were there, {len(done.failed):,} failed")
    for item_id, why in list(done.failed.items())[:SHOWN]:
        typer.echo(f"  {printable(item_id)}: {printable(why)}", err=True)
    if done.failed:
        raise typer.Exit(FAILED)
