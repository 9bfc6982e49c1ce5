"""`palate fold`: the tastes of many users rewritten at once, outside any conversation."""

from __future__ import annotations

from typing import Annotated

import typer

from palate.failures import FAILED
from palate.options import CatalogueOption, ProfileOption, SetOption, load
from palate.printable import printable
from palate.progress import bars

SHOWN = 20

EveryoneOption = Annotated[bool, typer.Option("--all", help="Everyone with something new.")]
SomeoneOption = Annotated[
    list[str] | None, typer.Option("--user", "-u", help="Only this user. May be repeated.", show_default=False)
]
LatestOption = Annotated[
    bool,
    typer.Option("--latest", help="Of each only the latest blocks, as a conversation would: `memory.catch_up_blocks`."),
]
RestOption = Annotated[bool, typer.Option("--rest", help="Fold a last block that is not full yet, too.")]


def fold(
    everyone: EveryoneOption = False,
    users: SomeoneOption = None,
    latest: LatestOption = False,
    rest: RestOption = False,
    profile: ProfileOption = None,
    catalogue: CatalogueOption = None,
    settings: SetOption = None,
) -> None:
    """Rewrite tastes from what people did since they were last rewritten.

    Each user's blocks in order, many users at once. May be stopped at any time: the next run goes on where this one
    ended. A user whose block fails is set aside, keeps the taste before it, and is tried again by the next run.
    """
    if everyone == bool(users):
        raise typer.BadParameter("write --all, or whose taste to rewrite with --user")
    import asyncio

    from graphs.everyone import fold_everyone
    from graphs.services import Services

    loaded = load(profile, settings)
    services = Services.open(loaded.profile)
    try:
        name = catalogue or loaded.profile.catalogue
        with bars() as report:
            done = asyncio.run(
                fold_everyone(services, name, report, users=users, everything=not latest, include_rest=rest)
            )
    finally:
        services.close()
    typer.echo(f"{done.users:,} tastes up to date after {done.folds:,} folds, {len(done.failed):,} set aside")
    for user_id, why in list(done.failed.items())[:SHOWN]:
        typer.echo(f"  {printable(user_id)}: {printable(why)}", err=True)
    if done.failed:
        raise typer.Exit(FAILED)
