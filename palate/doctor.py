"""`palate doctor`: every value and its origin, what each model can do, and what is missing."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from palate.failures import FAILED, MISTAKE, explain
from palate.options import JsonOption, ProfileOption, SetOption, load
from palate.printable import printable

if TYPE_CHECKING:
    import asyncio

    from rich.console import Console

    from palate.health import Finding
    from profiles.settings import Loaded, Profile


def doctor(
    profile: ProfileOption = None,
    probe: Annotated[bool, typer.Option("--probe", help="Also load each model and ask it one question.")] = False,
    as_json: JsonOption = False,
    settings: SetOption = None,
) -> None:
    """Show every setting and its origin, what each model can do, and what is missing.

    Loads no model and sends nothing unless asked to --probe. Exit code 2 when something stops the profile.
    """
    from rich.console import Console

    from palate.health import findings, store_state, versions

    loaded = load(profile, settings, keys_required=False)
    found = findings(loaded.profile, os.environ)
    try:
        stores: dict[str, Any] = asdict(store_state(loaded.profile))
    except Exception as error:  # whatever is wrong with a store is what this command is for
        stores = {"home": str(loaded.profile.stores.home), "unreadable": explain(error)}
    stopped = any(one.weight == "stops" for one in found) or "unreadable" in stores
    probes = asyncio.run(_probe(loaded.profile)) if probe and not stopped else {}
    report = {
        "profile": loaded.profile.name,
        "file": str(loaded.path),
        "settings": _settings(loaded),
        "models": _models(loaded.profile),
        "versions": versions(),
        "stores": stores,
        "probes": probes,
        "findings": [asdict(one) for one in found],
    }
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False))
    else:
        _draw(Console(highlight=False), report, found)
    if stopped:
        raise typer.Exit(MISTAKE)
    if any(not one["works"] for one in probes.values()):
        raise typer.Exit(FAILED)


def _settings(loaded: Loaded) -> dict[str, dict[str, Any]]:
    """Dotted key → value and origin, in the profile's order; passwords in URLs masked."""
    from palate.health import masked

    values = loaded.profile.model_dump(mode="json")
    told = {}
    for dotted, origin in loaded.origins.items():
        value: Any = values
        for part in dotted.split("."):
            value = value[part]
        told[dotted] = {"value": masked(value) if isinstance(value, str) else value, "origin": origin}
    return told


def _models(profile: Profile) -> dict[str, dict[str, Any]]:
    """Model → where it is, the roles it plays, and what its backend can do."""
    from models.spec import capabilities

    return {
        name: {
            "backend": spec.backend,
            "model": spec.label,
            "roles": [role for role, player in profile.roles.items() if player == name],
            "used": name in profile.used_models,
            **capabilities(spec).model_dump(mode="json"),
        }
        for name, spec in profile.models.items()
    }


async def _probe(profile: Profile) -> dict[str, dict[str, Any]]:
    """Model → whether it answers a question with probabilities, and the kind and p, or the error."""
    import asyncio

    from catalog.pictures import PictureStore
    from models.decisions import DecisionRequest, Predicate
    from models.errors import ModelError
    from models.loading import load_decider

    request = DecisionRequest("They like quiet pictures of the sea.", [Predicate("Would they like a calm harbour?")])
    told: dict[str, dict[str, Any]] = {}
    for name in profile.used_models:
        try:
            decider = await asyncio.to_thread(load_decider, profile.models[name], PictureStore(profile.stores.pictures))
            decisions = await decider.decide(request)
            answer = decisions.answers[0]
            told[name] = {"works": True, "kind": decisions.kind, "p_yes": answer.p_yes, "mass": answer.mass}
        except ModelError as error:
            told[name] = {"works": False, "error": str(error)}
    return told


def _draw(console: Console, report: dict[str, Any], found: list[Finding]) -> None:
    from rich.table import Table
    from rich.text import Text

    def table(*columns: str) -> Table:
        made = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
        for column in columns:
            made.add_column(column, overflow="fold")
        return made

    console.print(f"[bold]profile {report['profile']}[/bold]  {report['file']}")
    settings = table("setting", "value", "from")
    for key, one in report["settings"].items():
        by_hand = one["origin"] != "default"
        origin = one["origin"].replace(report["file"], report["file"].rpartition("/")[2])
        settings.add_row(key, Text(printable(str(one["value"]))), Text(origin), style="" if by_hand else "dim")
    console.print(settings)

    console.print("\n[bold]models[/bold]")
    models = table("name", "backend", "model", "roles", "decides by", "pictures", "streams", "schema")
    for name, one in report["models"].items():
        roles = ", ".join(one["roles"]) or ("fallback" if one["used"] else "none")
        decides, sees = ", ".join(one["decide"]), "yes" if one["vision"] else "no"
        streams = "yes" if one["streaming"] else "no"
        models.add_row(name, one["backend"], one["model"], roles, decides, sees, streams, one["schema_output"])
    console.print(models)
    for name, one in report["probes"].items():
        told = f"p(yes) {one['p_yes']:.2f} by {one['kind']}" if one["works"] else one["error"]
        console.print(Text(f"  {name}: {printable(told)}", style="green" if one["works"] else "red"))

    console.print("\n[bold]stores[/bold]")
    for key, value in report["stores"].items():
        shown = f"{value / 1e9:.1f} GB" if key == "free_bytes" else value
        console.print(Text(f"  {key.replace('_', ' ')}: {printable(str(shown))}"))
    installed = ", ".join(f"{name} {number or '–'}" for name, number in report["versions"].items())
    console.print(f"\n[bold]versions[/bold]  {installed}\n")
    for finding in found:
        style = "red" if finding.weight == "stops" else "yellow"
        console.print(Text.assemble((f"{finding.weight}: ", style), printable(f"{finding.what}; {finding.remedy}")))
    if not found:
        console.print("[green]Nothing is missing.")
