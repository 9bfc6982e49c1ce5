"""`palate taste edit`, `pin`, `unpin` and `undo`: putting a taste right by hand."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from palate.failures import Mistake
from palate.options import CatalogueOption, JsonOption, ProfileOption, SetOption, UserOption
from palate.taste_opening import opened_taste

if TYPE_CHECKING:
    from agents.hand_edits import SetFact
    from graphs.taste import Taste
    from memory.preferences import Preference

FactArgument = Annotated[str, typer.Argument(help="A fact: its id, `aspect: value`, or its value.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why, in your own words; kept with the change.")]


def edit(
    fact: Annotated[
        str, typer.Argument(help="A fact: its id, `aspect: value`, or its value. A new one: `aspect: value`.")
    ],
    polarity: Annotated[
        Literal["like", "dislike", "must", "must_not"] | None,
        typer.Option("--polarity", help="What it is to you; needed for a new fact."),
    ] = None,
    strength: Annotated[
        float | None,
        typer.Option("--strength", min=0.01, max=1.0, help="How much, up to 1. [default for a new one: 0.8]"),
    ] = None,
    aspect: Annotated[str | None, typer.Option("--aspect", help="Another aspect for it.")] = None,
    value: Annotated[str | None, typer.Option("--value", help="Another value for it.")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="It is not true: believe it no longer.")] = False,
    pinned: Annotated[
        bool, typer.Option("--pin/--no-pin", help="Whether it stays as you say, or later events may change it.")
    ] = True,
    reason: ReasonOption = "",
    user: UserOption = "me",
    profile: ProfileOption = None,
    catalogue: CatalogueOption = None,
    as_json: JsonOption = False,
    settings: SetOption = None,
) -> None:
    """Add a fact to your taste, change one, or remove it; it takes effect at once, without a model."""
    from agents.hand_edits import RemoveFact

    wanted: dict[str, Any] = {"polarity": polarity, "strength": strength, "aspect": aspect, "value": value}
    wanted = {name: one for name, one in wanted.items() if one is not None}
    if remove and wanted:
        raise Mistake(f"--remove and --{next(iter(wanted))} say different things of {fact!r}", "write one of them")
    with opened_taste(profile, settings, user, catalogue) as taste:
        before = taste.current()
        if remove:
            after = taste.edit(RemoveFact(fact_id=taste.fact(fact).fact_id, pinned=pinned, reason=reason))
        else:
            after = taste.edit(_wanted(taste, fact, {**wanted, "pinned": pinned, "reason": reason}))
    _tell(before, after, as_json)


def pin(
    fact: FactArgument,
    user: UserOption = "me",
    profile: ProfileOption = None,
    catalogue: CatalogueOption = None,
    as_json: JsonOption = False,
    settings: SetOption = None,
) -> None:
    """Keep a fact as it is: nothing that happens later changes it."""
    _pin(fact, True, user, profile, catalogue, as_json, settings)


def unpin(
    fact: FactArgument,
    user: UserOption = "me",
    profile: ProfileOption = None,
    catalogue: CatalogueOption = None,
    as_json: JsonOption = False,
    settings: SetOption = None,
) -> None:
    """Let a fact go again: what happens later may change it."""
    _pin(fact, False, user, profile, catalogue, as_json, settings)


def undo(
    to: Annotated[
        int | None, typer.Option("--to", min=0, help="The version to go back to. [default: the one before the current]")
    ] = None,
    fold_again: Annotated[
        bool, typer.Option("--fold-again", help="Let what happened since then be folded into the taste anew.")
    ] = False,
    user: UserOption = "me",
    profile: ProfileOption = None,
    catalogue: CatalogueOption = None,
    as_json: JsonOption = False,
    settings: SetOption = None,
) -> None:
    """Go back to an earlier version. It becomes a new one, so nothing is lost, and undoing twice returns."""
    with opened_taste(profile, settings, user, catalogue) as taste:
        before = taste.current()
        after = taste.undo(to, fold_again=fold_again)
    _tell(before, after, as_json)


def _pin(
    fact: str,
    pinned: bool,
    user: str,
    profile: str | None,
    catalogue: str | None,
    as_json: bool,
    settings: list[str] | None,
) -> None:
    from agents.hand_edits import PinFact

    with opened_taste(profile, settings, user, catalogue) as taste:
        before = taste.current()
        after = taste.edit(PinFact(fact_id=taste.fact(fact).fact_id, pinned=pinned))
    _tell(before, after, as_json)


def _wanted(taste: Taste, name: str, wanted: dict[str, Any]) -> SetFact:
    """The edit that changes the fact of that name, or adds it where there is none. Raises Mistake and StoreError."""
    from pydantic import ValidationError

    from agents.hand_edits import SetFact
    from memory.errors import UnknownFact, UnknownTaste

    try:
        found = taste.fact(name)
        start: dict[str, Any] = {"polarity": found.polarity, "aspect": found.aspect, "value": found.value}
        start["replaces"] = found.fact_id
    except (UnknownFact, UnknownTaste) as error:
        aspect, _, value = name.partition(":")
        if "polarity" not in wanted or (isinstance(error, UnknownFact) and error.several):
            raise
        if not value.strip():
            raise Mistake(f"a new fact {name!r} needs an aspect", f"write it like 'subject: {name}'") from error
        start = {"aspect": aspect, "value": value}
    try:
        return SetFact.model_validate(start | wanted)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        what, _, remedy = first["msg"].removeprefix("Value error, ").partition("; ")
        raise Mistake(f"the {first['loc'][0]}: {what}", remedy or "write a shorter one") from error


def _tell(before: Preference, after: Preference, as_json: bool) -> None:
    from rich.console import Console

    from memory.taste_history import diff
    from palate.taste_tables import diff_view

    if as_json:
        typer.echo(json.dumps(after.model_dump(mode="json"), ensure_ascii=False))
    elif after.version == before.version:
        typer.echo(f"Nothing to change: it stays version {after.version}.")
    else:
        Console(highlight=False).print(diff_view(diff(before, after)))
