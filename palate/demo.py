"""`palate demo`: the whole way on the embedded model, from an empty folder to a recommended print with its reason."""

from __future__ import annotations

import io
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from palate.failures import FAILED
from palate.options import JsonOption, ProfileOption, SetOption, load
from palate.printable import printable
from palate.progress import bars

if TYPE_CHECKING:
    from graphs.services import Services

CATALOGUE = "demo"


@dataclass(frozen=True)
class Line:
    """One message of the demo's person. picture: whether a photograph of a print goes with it."""

    text: str
    picture: bool = False


SCRIPT = (
    Line("Hello! I am looking for a print for my study, something calm."),
    Line("I like the first one, not the second."),
    Line("More like that please, ideally with boats or a lighthouse, in deep blue."),
    Line("Show me some under 60 euros."),
    Line("How much is the second one, and which paper is it on?"),
    Line("I saw this one in a café. Do you have anything like it?", picture=True),
)


def demo(
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    settings: SetOption = None,
) -> None:
    """Watch a conversation in an art-print shop of 600 pictures; needs no key and no network.

    The first run draws the shop and lets the model look at every picture; later runs find it there.
    """
    from rich.console import Console

    from graphs.services import Services
    from graphs.session import Session
    from palate.screen import JsonScreen, Screen, TerminalScreen
    from palate.talking import Talk

    loaded = load(profile, settings)
    services = Services.open(loaded.profile)
    try:
        prepare(services)
        session = Session(services, CATALOGUE)
    except BaseException:
        services.close()
        raise
    user_id = f"demo-{uuid.uuid4().hex[:8]}"
    console = Console(highlight=False)
    screen: Screen = JsonScreen() if as_json else TerminalScreen(console, session.catalogue)
    if not as_json:
        console.print(
            f"[dim]{len(session.catalogue):,} prints, a new visitor, {loaded.profile.about or 'this profile'}\n"
        )
    thread_id = None
    with Talk(session, screen) as talk:
        for line in SCRIPT:
            screen.begin(line.text, "a picture of a print that is not in the shop" if line.picture else "")
            picture = unseen_print() if line.picture else None
            result = talk.turn(session.ask(user_id, line.text, picture=picture, thread_id=thread_id))
            thread_id = result.thread_id if result else thread_id
        failures = talk.failures
    if not as_json:
        console.print(
            "[dim]Go on yourself: palate chat · in the browser: palate ui · how it came about: palate trace show"
        )
    if failures:
        raise typer.Exit(FAILED)


def prepare(services: Services) -> None:
    """Make the shop where it is not there yet: drawn, kept, embedded, looked at. Does nothing the second time."""
    import asyncio

    from graphs.describing import summarize_catalogue
    from graphs.setup import install_demo

    with bars() as report:
        install_demo(services, report)
        done = asyncio.run(summarize_catalogue(services, services.catalogue(CATALOGUE), report))
    if done.failed:
        why = printable(next(iter(done.failed.values())))
        typer.echo(f"{len(done.failed)} prints could not be described this time: {why}", err=True)


def unseen_print() -> bytes:
    """A print that the shop does not have and the model never saw, as a PNG."""
    from catalog.demo.drawing import draw
    from catalog.demo.looks import Look

    look = Look(subject="whale", style="watercolour", palette="deep blue", mood="dreamy", composition="centred")
    data = io.BytesIO()
    draw(look, seed=4_711_000, size=256).save(data, "PNG")
    return data.getvalue()
