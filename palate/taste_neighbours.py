"""`palate taste neighbours`: what people who like the same things favour, without their names."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import typer

from palate.options import CatalogueOption, JsonOption, ProfileOption, SetOption, UserOption
from palate.printable import printable
from palate.taste_opening import opened_services

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

    with opened_services(profile, settings) as services:
        found = neighbours_of(services, user, catalogue or services.profile.catalogue)
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
