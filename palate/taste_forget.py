"""`palate taste forget`: all of a user goes, and every file is read to prove it."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING, Annotated

import typer

from palate.failures import FAILED, Mistake
from palate.options import JsonOption, ProfileOption, SetOption, load
from palate.printable import printable, shortened
from palate.progress import bars

if TYPE_CHECKING:
    from graphs.forgetting import Proof
    from graphs.services import Services


def forget(
    user: Annotated[str, typer.Argument(help="Whom to forget.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    seek: Annotated[
        list[str] | None,
        typer.Option("--seek", help="A text that nothing may be left of either. May be repeated."),
    ] = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    settings: SetOption = None,
) -> None:
    """Erase all that is held of a user, for good, and prove it by reading every file.

    Goes: events, every version of the taste, conversations, traces, pictures. What others hold stays as it is.
    """
    from datetime import UTC, datetime

    from graphs.forgetting import forget
    from graphs.services import Services

    services = Services.open(load(profile, settings, keys_required=False).profile)
    try:
        _confirm(services, user, ask=not yes, seek=bool(seek))
        with bars() as report:
            proof = forget(services, user, now=datetime.now(UTC), also=seek or (), report=report)
    finally:
        services.close()
    if as_json:
        typer.echo(json.dumps({**asdict(proof), "holds": proof.holds}, ensure_ascii=False))
    else:
        _tell(proof)
    if not proof.holds:
        raise typer.Exit(FAILED)


def _confirm(services: Services, user: str, *, ask: bool, seek: bool) -> None:
    """Let the person type the name, unless it was begun before. Raises UnknownUser and Mistake.

    seek: files are to be read even where nothing is held of the user any more.
    """
    from graphs.belongings import held_of
    from memory.errors import UnknownUser

    held, begun = held_of(services, user), user in services.marks
    if held.nothing and not begun and not seek:
        raise UnknownUser(user)
    if held.nothing or begun or not ask:
        return
    typer.echo(f"{held} of {printable(user)!r} will be erased for good.")
    typer.echo(f"To keep a copy first: palate taste export --user {printable(user)!r} --to FILE")
    typer.echo(f"Type {printable(user)} to go on: ", nl=False)
    if sys.stdin.readline().rstrip("\n") != user:
        raise Mistake("that is not the name; nothing was erased", "run it again and type the name, or write --yes")


def _tell(proof: Proof) -> None:
    from graphs.proof_wording import proof_lines

    for line in proof_lines(proof):
        typer.echo(printable(line))
    if proof.holds:
        return
    for where, found in groupby(proof.remains, key=lambda one: one.where):
        first, *more = (printable(one.what) for one in found)
        typer.echo(f"  {printable(where)}: {shortened(first)}{f' and {len(more):,} more' if more else ''}", err=True)
    for path in proof.unread:
        typer.echo(f"  not read: {printable(path)}", err=True)
    typer.echo(
        f"palate: {printable(proof.user_id)!r} is not forgotten yet. Files that are copies of yours: delete them or "
        "move them out of the folder. Then run the same again; until it is done, nothing of this user is told",
        err=True,
    )
