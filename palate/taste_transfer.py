"""`palate taste export` and `import`: everything held about a user, as a file, and back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from palate.failures import Mistake
from palate.options import JsonOption, ProfileOption, SetOption, UserOption, load
from palate.printable import printable


def export(
    to: Annotated[Path | None, typer.Option("--to", help="The file to write. [default: the output]")] = None,
    user: UserOption = "me",
    profile: ProfileOption = None,
    catalogue: Annotated[
        str | None, typer.Option("--catalogue", "-c", help="Only this catalogue. [default: all]", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="On one line.")] = False,
    settings: SetOption = None,
) -> None:
    """Write everything held about a user as one JSON: events, versions, conversations, pictures, traces."""
    from datetime import UTC, datetime

    from graphs.services import Services
    from graphs.taste_export import export_user, to_json

    services = Services.open(load(profile, settings, keys_required=False).profile)
    try:
        held = export_user(services, user, now=datetime.now(UTC), catalogue=catalogue)
    finally:
        services.close()
    text = to_json(held, indent=None if as_json else 2)
    if to is None:
        typer.echo(text)
    else:
        to.write_text(text + "\n", encoding="utf-8")
        typer.echo(f"written to {to}", err=True)


def import_(
    file: Annotated[Path, typer.Argument(help="A file that `palate taste export` wrote.")],
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    settings: SetOption = None,
) -> None:
    """Restore a user from an export, where nothing is held of them; the file says who they are."""
    from dataclasses import asdict

    from graphs.services import Services
    from graphs.taste_import import import_user

    in_force = load(profile, settings, keys_required=False).profile
    try:
        held = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise Mistake(f"{file} is not JSON ({error})", "give a file that `palate taste export` wrote") from error
    services = Services.open(in_force)
    try:
        restored = import_user(services, held)
        known = {info.name for info in services.catalogues.names()}
    finally:
        services.close()
    if as_json:
        typer.echo(json.dumps({"user_id": held["user_id"], "restored": asdict(restored)}, ensure_ascii=False))
        return
    typer.echo(f"Restored of {printable(held['user_id'])!r}: {restored}.")
    for name in (part["catalogue"] for part in held["catalogues"] if part["catalogue"] not in known):
        typer.echo(f"The catalogue {printable(name)!r} is not here: palate import PATH --name {printable(name)}")
