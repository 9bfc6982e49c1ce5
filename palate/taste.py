"""`palate taste`: what is believed about a person, since when, why, and how to put it right."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from palate.failures import Mistake
from palate.options import CatalogueOption, JsonOption, ProfileOption, SetOption, UserOption
from palate.taste_edits import edit, pin, undo, unpin
from palate.taste_forget import forget
from palate.taste_neighbours import neighbours
from palate.taste_opening import moment_of, opened_taste
from palate.taste_transfer import export, import_

app = typer.Typer(help="What is believed about your taste, why, and how to put it right.", no_args_is_help=True)


@app.callback()
def _taste() -> None:
    """What is believed about your taste, why, and how to put it right."""


@app.command("show")
def show(
    user: UserOption = "me",
    version: Annotated[int | None, typer.Option("--version", min=0, help="An earlier version, by its number.")] = None,
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", help="As it was then: 2026-11-20, the end of that day, or 2026-11-20T18:30."),
    ] = None,
    profile: ProfileOption = None,
    catalogue: CatalogueOption = None,
    as_json: JsonOption = False,
    settings: SetOption = None,
) -> None:
    """Show the taste of a user: the summary in words, and each fact with its strength and evidence."""
    from rich.console import Console

    from palate.taste_tables import taste_table

    if version is not None and as_of is not None:
        raise Mistake("--version and --as-of each name a version", "write one of them")
    with opened_taste(profile, settings, user, catalogue) as taste:
        if as_of is not None:
            preference = taste.as_of(moment_of(as_of))
        else:
            preference = taste.current() if version is None else taste.version(version)
    if as_json:
        typer.echo(json.dumps(preference.model_dump(mode="json"), ensure_ascii=False))
    else:
        Console(highlight=False).print(taste_table(preference))


@app.command("history")
def history(
    user: UserOption = "me",
    limit: Annotated[int, typer.Option(min=1, help="At most that many, newest first.")] = 20,
    profile: ProfileOption = None,
    catalogue: CatalogueOption = None,
    as_json: JsonOption = False,
    settings: SetOption = None,
) -> None:
    """List the versions of a taste, newest first: when, made by what, what changed, and the summary."""
    from rich.console import Console

    from palate.taste_tables import history_table

    with opened_taste(profile, settings, user, catalogue) as taste:
        versions = taste.history()
    if as_json:
        for one in versions[:limit]:
            typer.echo(json.dumps(one.model_dump(mode="json", exclude={"facts"}), ensure_ascii=False))
        return
    console = Console(highlight=False)
    console.print(history_table(versions, limit, console.width))


@app.command("diff")
def diff(
    before: Annotated[int | None, typer.Argument(help="A version. [default: the one before AFTER]")] = None,
    after: Annotated[int | None, typer.Argument(help="A version. [default: the current one]")] = None,
    user: UserOption = "me",
    profile: ProfileOption = None,
    catalogue: CatalogueOption = None,
    as_json: JsonOption = False,
    settings: SetOption = None,
) -> None:
    """Show what changed between two versions: facts added, stronger, weaker, retracted, turned round, and the words."""
    from rich.console import Console

    from palate.taste_tables import diff_view

    with opened_taste(profile, settings, user, catalogue) as taste:
        newest = taste.history()[0].version if after is None else after
        difference = taste.diff(newest - 1 if before is None else before, newest)
    if as_json:
        typer.echo(json.dumps(difference.model_dump(mode="json"), ensure_ascii=False))
    else:
        Console(highlight=False).print(diff_view(difference))


@app.command("why")
def why(
    fact: Annotated[
        str | None, typer.Argument(help="A fact: its id, `aspect: value`, or its value. [default: all that hold]")
    ] = None,
    user: UserOption = "me",
    profile: ProfileOption = None,
    catalogue: CatalogueOption = None,
    as_json: JsonOption = False,
    settings: SetOption = None,
) -> None:
    """Show why a fact is believed: the versions that changed it, and what you said and did that it rests on."""
    from rich.console import Console

    from palate.taste_tables import explanation_view

    with opened_taste(profile, settings, user, catalogue) as taste:
        told = taste.why_all() if fact is None else [taste.why(fact)]
    console = Console(highlight=False)
    for one in told:
        if as_json:
            record = {"fact_id": one.fact.fact_id, **one.model_dump(mode="json")}
            typer.echo(json.dumps(record, ensure_ascii=False))
        else:
            console.print(explanation_view(one, console.width))
    if not told and not as_json:
        typer.echo("No fact holds at present; `palate taste history` tells what was believed before.")


app.command("neighbours")(neighbours)
app.command("edit")(edit)
app.command("pin")(pin)
app.command("unpin")(unpin)
app.command("undo")(undo)
app.command("export")(export)
app.command("import")(import_)
app.command("forget")(forget)
