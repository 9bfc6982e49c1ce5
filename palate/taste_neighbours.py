"""`palate taste neighbours`: what people who like the same things favour, without their names."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import typer

from palate.options import CatalogueOption, JsonOption, ProfileOption, SetOption, UserOption, load
from palate.printable import printable

if TYPE_CHECKING:
    from rich.console import RenderableType

    from graphs.neighbours import Neighbours


def neighbours(
    user: UserOption = "me",
    profile: ProfileOption = None,
    catalogue: CatalogueOption = None,
    as_json: JsonOption = False,
    settings: SetOption = None,
) -> None:
    """Show what people of similar taste favour: only what at least five of them share, and nobody's name."""
    from rich.console import Console

    from graphs.neighbours import neighbours_of
    from graphs.services import Services

    loaded = load(profile, settings, keys_required=False)
    services = Services.open(loaded.profile)
    try:
        found = neighbours_of(services, user, catalogue or loaded.profile.catalogue)
    finally:
        services.close()
    if as_json:
        typer.echo(json.dumps(found.model_dump(mode="json"), ensure_ascii=False))
    else:
        Console(highlight=False).print(_view(found))


def _view(found: Neighbours) -> RenderableType:
    from rich.console import Group
    from rich.text import Text

    from palate.taste_tables import plain_table

    words, items = (
        plain_table("they favour", "people", "of what they like", "of everything"),
        plain_table("item", "people"),
    )
    for one in found.words:
        words.add_row(Text(printable(one.words)), str(one.people), f"{one.share:.0%}", f"{one.usual:.0%}")
    for item in found.items:
        items.add_row(Text(printable(item.title)), str(item.people))
    return Group(Text(found.told), *(table for table in (words, items) if table.row_count))
