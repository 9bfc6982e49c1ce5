"""The options that several commands share, and reading the profile they name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from profiles.settings import Loaded

ProfileOption = Annotated[
    str | None,
    typer.Option(
        "--profile",
        "-p",
        help="How to run: the name of a profile or the path of a YAML file. [default: $PALATE_PROFILE, else demo]",
        show_default=False,
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Override one setting, such as recommend.slate=6. May be repeated."
    ),
]
CatalogueOption = Annotated[
    str | None,
    typer.Option("--catalogue", "-c", help="Which catalogue. [default: the profile's]", show_default=False),
]
UserOption = Annotated[str, typer.Option("--user", "-u", help="Who you are: whose taste is used and learned.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, one line per record, and nothing else.")]


def load(profile: str | None, assignments: list[str] | None, *, keys_required: bool = True) -> Loaded:
    """The profile in force for a command. Raises ProfileError for a mistake in it."""
    from profiles.settings import load_profile, parse_settings

    return load_profile(profile, parse_settings(assignments or ()), keys_required=keys_required)
