"""Six-turn conversations about real films, as three people under three profiles: does the machinery hold?

Prints one JSON object; `--transcripts FILE` also writes what was said. The films (with posters and real ratings) are
looked for in `$PALATE_DATA`, else in `../shared/data`; without them it skips. The embedded model knows art prints, not
films: what is checked is that every shown film is in the catalogue, that filters hold, that feedback changes the taste
and that the trace tells all. The server is `transformers serve` on the embedded checkpoint, on loopback.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
DATA = Path(os.environ.get("PALATE_DATA", ROOT.parent / "shared" / "data")) / "movielens-posters"
MESSAGES = (
    "Something from the 1970s, please.",
    "No horror.",
    "I liked the first one, not the second.",
    "Any year is fine. A comedy from before 1990.",
    "What year is the first one from?",
    "More like Alien, but nothing from the eighties.",
)


@dataclass
class Tally:
    """What the conversations of one profile came to."""

    turns: int = 0
    shown: int = 0
    outside_catalogue: int = 0
    against_filters: int = 0
    without_reason: int = 0
    errors: list[str] = field(default_factory=list)
    versions_gained: int = 0
    untraced: int = 0
    kinds: set[str] = field(default_factory=set)
    seconds: list[float] = field(default_factory=list)
    overhead: list[float] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "turns": self.turns,
            "films_shown": self.shown,
            "outside_catalogue": self.outside_catalogue,
            "against_filters": self.against_filters,
            "without_reason": self.without_reason,
            "turns_with_error": len(self.errors),
            "errors": sorted(set(self.errors))[:3],
            "taste_versions_gained": self.versions_gained,
            "untraced_turns": self.untraced,
            "kinds": sorted(self.kinds),
            "turn_p50_s": round(statistics.median(self.seconds), 2),
            "overhead_p50_s": round(statistics.median(self.overhead), 3),
        }


def year(film: Any) -> float:
    return float(film.attributes.get("year", 0))


CHECKS: dict[int, Callable[[Any], bool]] = {  # turn → what every film shown then must meet, earlier turns included
    0: lambda film: 1970 <= year(film) < 1980,
    1: lambda film: 1970 <= year(film) < 1980 and "Horror" not in film.attributes["genres"],
    3: lambda film: year(film) < 1990 and {"Comedy"} <= set(film.attributes["genres"]) - {"Horror"},
    5: lambda film: not 1980 <= year(film) < 1990 and "Horror" not in film.attributes["genres"],
}


async def converse(session: Any, people: tuple[str, ...], tally: Tally, transcript: list[str]) -> None:
    """Hold the conversation as each person, and count."""
    from agents.events import TurnDone

    for person in people:
        thread, before = None, session.taste(person).version
        for number, message in enumerate(MESSAGES):
            async for event in session.ask(person, message, thread_id=thread):
                if isinstance(event, TurnDone):
                    result = event.result
            thread = result.thread_id
            count(session, result, number, tally)
            transcript.append(f"{session.services.profile.name} · {person} · {message}\n{written(session, result)}")
        tally.versions_gained += session.taste(person).version - before


def count(session: Any, result: Any, number: int, tally: Tally) -> None:
    """Take one turn into the tally."""
    tally.turns += 1
    tally.seconds.append(result.seconds)
    tally.overhead.append(result.seconds - result.model_seconds)
    tally.errors += [result.error] if result.error else []
    trace = session.traces.get(result.trace_id)
    complete = trace.ended is not None and (not result.slate or any(event.type == "decision" for event in trace.events))
    tally.untraced += not complete
    for card in result.slate:
        tally.shown += 1
        tally.kinds.add(card.kind)
        tally.without_reason += not (card.reason and card.citations)
        film = session.catalogue.get(card.item_id)
        tally.outside_catalogue += film is None
        tally.against_filters += film is not None and number in CHECKS and not CHECKS[number](film)


def written(session: Any, result: Any) -> str:
    """One turn as a reader wants it."""
    funnel = " → ".join(f"{step.count:,}" for step in result.funnel)
    cards = []
    for card in result.slate:
        p = "none" if card.p is None else f"{card.p:.3f}"
        title = f"{card.title} ({year(session.catalogue[card.item_id]):g})"
        cards.append(f"    {title} p={p} {card.kind}: {card.reason}")
    taste = f"    taste v{result.preference.version}: {result.preference.prose}"
    return "\n".join([f"    {result.reply}", f"    funnel {funnel}", *cards, taste, f"    {result.error}"])


def people_of(session: Any) -> tuple[str, ...]:
    """Someone with a long history, someone with a short one, someone new."""
    counts = session.services.log.counts("films")
    by_length = sorted(counts, key=lambda user: (counts[user], user))
    return by_length[-1], by_length[0], "newcomer"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--transcripts", type=Path)
    parser.add_argument("--profiles", nargs="+", default=["demo", "served", "mixed"])
    asked = parser.parse_args()
    if not DATA.is_dir():
        print(json.dumps({"benchmark": "conversations", "skipped": "the films data set is not beside the repository"}))
        return
    from tests.serve import serve

    transcript: list[str] = []
    tallies: dict[str, Any] = {}
    with (
        tempfile.TemporaryDirectory() as scratch,
        serve(ROOT / "checkpoints" / "demo", Path(scratch) / "server.log") as server,
    ):
        import_films(Path(scratch) / "films")
        for name in asked.profiles:
            shutil.copytree(Path(scratch) / "films", Path(scratch) / name)
            overrides = {"stores.home": f"{scratch}/{name}", "catalogue": "films", "memory.words": 60}
            if name != "demo":
                overrides |= {"models.server.api_base": server.api_base, "models.server.model": server.model}
            tallies[name] = asyncio.run(one_profile(name, overrides, transcript)).told()
    if asked.transcripts:
        asked.transcripts.write_text("\n\n".join(transcript), encoding="utf-8")
    faults = ("outside_catalogue", "against_filters", "without_reason", "untraced_turns")
    met = all(tally[fault] == 0 for tally in tallies.values() for fault in faults)
    print(json.dumps({"benchmark": "conversations", "profiles": tallies, "met": met}, indent=2))


def import_films(home: Path) -> None:
    """Import the films once; every profile talks about a copy."""
    from catalog.importers import import_path
    from graphs.services import Services
    from graphs.setup import store_catalogue
    from profiles.settings import load_profile

    services = Services.open(load_profile("demo", {"stores.home": str(home)}, {}).profile)
    films = import_path(DATA, name="films", format="auto", pictures=services.pictures, progress=lambda done, of: None)
    store_catalogue(services, "films", films.schema, films.items, films.interactions)
    services.close()


async def one_profile(name: str, overrides: dict[str, Any], transcript: list[str]) -> Tally:
    """Hold all conversations of one profile in the home it was given."""
    from graphs.services import Services
    from graphs.session import Session
    from profiles.settings import load_profile

    services = Services.open(load_profile(name, overrides, {}).profile)
    session, tally = Session(services, "films"), Tally()
    await converse(session, people_of(session), tally, transcript)
    await session.aclose()
    return tally


if __name__ == "__main__":
    main()
