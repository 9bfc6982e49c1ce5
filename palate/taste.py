"""`palate taste`: what is believed about a person."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import typer

from palate.options import CatalogueOption, JsonOption, ProfileOption, SetOption, UserOption, load
from palate.printable import printable

if TYPE_CHECKING:
    from rich.console import RenderableType

    from memory.preferences import Preference

app = typer.Typer(help="What is believed about your taste.", no_args_is_help=True)


@app.callback()
def _taste() -> None:
    """What is believed about your taste."""


@app.command("show")
def show(
    user: UserOption = "me",
    profile: ProfileOption = None,
    catalogue: CatalogueOption = None,
    as_json: JsonOption = False,
    settings: SetOption = None,
) -> None:
    """Show the taste of a user: the summary in words, and each fact with its strength and evidence."""
    from rich.console import Console

    from graphs.services import Services

    loaded = load(profile, settings, keys_required=False)
    services = Services.open(loaded.profile)
    try:
        name = catalogue or loaded.profile.catalogue
        services.catalogue(name)  # an unknown one is refused by name
        preference = services.preferences.current(user, name)
    finally:
        services.close()
    if as_json:
        typer.echo(json.dumps(preference.model_dump(mode="json"), ensure_ascii=False))
    else:
        Console(highlight=False).print(taste_table(preference))


def taste_table(preference: Preference) -> RenderableType:
    """The taste as a person reads it."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    if preference.version == 0:
        return Text(f"Nothing is known of {printable(preference.user_id)!r} yet. Talk to me: palate chat", style="dim")
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for column in ("", "aspect", "value", "strength", "evidence", "since"):
        table.add_column(column)
    for fact in preference.holding:
        pinned = " (pinned)" if fact.pinned else ""
        table.add_row(
            fact.polarity.replace("_", " "),
            Text(printable(fact.aspect)),
            Text(printable(fact.value) + pinned),
            "▇" * max(1, round(fact.strength * 5)),
            f"{len(fact.evidence)} events",
            f"{fact.since:%Y-%m-%d}",
        )
    head = Text(f"{printable(preference.user_id)}, version {preference.version}", style="bold")
    return Group(head, Text(printable(preference.prose)), Text(), table)
