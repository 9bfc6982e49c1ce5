"""A writer of turns, folds and notes that is killed at random moments, and what is left each time.

`python -m tests.killed_writer HOME --kills 300` prints one JSON object. Everything is imported once; each writer, and
each reader after it, is a fork of this process, which opens nothing itself. So is, nine times of ten, the process that
looks at the index of a directory whose owner was killed: one begun anew mostly waits for its imports.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import secrets
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import chromadb  # noqa: F401 (imported before any fork)

from memory import chroma_health
from tests.killing import ended, forked
from tests.world import event, open_session, talk

USERS = ("ann", "bob", "eve")
LONGEST_S = 1.5
STARTED_ANEW = 10  # every tenth look at an index is by a new process, as outside of tests
MOST_TOLD = 5  # a writer lives for fewer messages and then for up to so many seconds, on however slow a machine
ITEMS = [f"i{number:02}" for number in range(12)]


def write(home: Path, tell: Callable[[Any], None], seed: int) -> None:
    """Work until killed; tell, after each step, what is acknowledged."""
    chance, own = random.Random(seed), secrets.token_hex(4)  # a home may have seen a writer of this seed before

    async def work() -> None:
        session = open_session(home)
        services = session.services
        tell({"open": True})
        for number in range(10_000):
            user = chance.choice(USERS)
            match chance.randrange(5):
                case 0:
                    await talk(session, user, f"show me a fox that is calm, {number}")
                case 1:
                    await talk(session, user, f"show me an owl, {number}", thread_id=f"{own}-{number}")
                    [turn] = await session.turns(user, f"{own}-{number}")
                    await talk(session, user, "hello", thread_id=f"{own}-{number}", replaces=[turn.turn_id])
                case 2:
                    async for _ in session.give_feedback(
                        user, chance.choice(ITEMS), chance.choice(["like", "dislike"])
                    ):
                        pass
                case 3:
                    services.log.append([event(user, chance.choice(ITEMS), key=f"{own}-{number}")])
                case _:
                    key = f"{own}-{number}"
                    services.store.put(("notes", user), key, {"text": f"note {key} " * 20})
                    tell({"note": [user, key]})
            events = [one.event_id for one in services.log.of_user(user, "prints", edits=True)]
            tell({"user": user, "events": events, "version": services.preferences.current(user, "prints").version})

    asyncio.run(work())


def read(home: Path, acknowledged: dict[str, Any], *, started_anew: bool) -> dict[str, Any]:
    """What of the acknowledged is not there, and whether all else is in order."""
    if not started_anew:
        mock.patch("memory.chroma_connection.damage_after_a_crash", look_by_a_fork).start()
    session = open_session(home)
    services, lost, wrong = session.services, [], []
    for user in USERS:
        events = {one.event_id for one in services.log.of_user(user, "prints", edits=True)}
        lost += [f"event {one} of {user}" for one in acknowledged["events"].get(user, ()) if one not in events]
        now = services.preferences.current(user, "prints")
        if now.version < acknowledged["versions"].get(user, 0):
            lost.append(f"version {acknowledged['versions'][user]} of {user}")
        if [one.version for one in services.preferences.versions(user, "prints")] != [*range(now.version, 0, -1)]:
            wrong.append(f"the versions of {user} have a gap")
        if now.watermark > max(events, default=0):
            wrong.append(f"the taste of {user} has seen what the log has not")
        for key in acknowledged["notes"].get(user, ()):
            if services.store.get(("notes", user), key) is None:
                lost.append(f"note {key} of {user}")
    if not services.store.search(("notes",), query="note", limit=3) and acknowledged["notes"]:
        wrong.append("nothing is found by meaning")

    held = sorted({record.namespace for record, _ in services.store.contents()})
    if services.store.list_namespaces(limit=10_000) != held:
        wrong.append("the namespaces listed are not those that hold entries")

    async def go_on() -> None:
        await talk(session, "ann", "show me a fox")
        evidence = {
            event_id for fact in services.preferences.current("ann", "prints").holding for event_id in fact.evidence
        }
        if evidence & {one.event.event_id for one in services.replaced.void("ann", "prints")}:
            wrong.append("the taste of ann rests on what a replaced turn said")
        await session.aclose()

    asyncio.run(go_on())
    return {"lost": lost, "wrong": wrong}


def look_by_a_fork(directory: Path) -> str:
    """As `chroma_health.damage_after_a_crash`, by a fork of this process."""
    child, pipe = forked(lambda tell: tell({"left": chroma_health.main(directory)}))
    with os.fdopen(pipe, encoding="utf-8") as lines:
        told = lines.read()
    end = ended(child)
    return "" if (end, told) == ("with 0", '{"left": 0}\n') else f"its reader ended {end}: {told}"


def written_until_killed(home: Path, chance: random.Random, seed: int) -> tuple[list[Any], str]:
    """What a writer told before it was killed at a random moment, and why it had ended before that; empty if not."""
    child, pipe = forked(lambda tell: write(home, tell, seed))
    with os.fdopen(pipe, encoding="utf-8") as lines:
        first = [lines.readline() for _ in range(1 + chance.randrange(MOST_TOLD))]  # the first says that it is open
        time.sleep(chance.random() * LONGEST_S)
        os.kill(child, signal.SIGKILL)
        told = [json.loads(line) for line in (*first, *lines.readlines()) if line.endswith("\n")]
    raised = "".join(one["raised"] for one in told if "raised" in one)
    end = ended(child)
    return told, "" if end == "by signal 9" and told else f"writer {seed} ended {end} before it was killed. {raised}"


def found_after(home: Path, acknowledged: dict[str, Any], *, started_anew: bool) -> tuple[dict[str, Any], str]:
    """What `read` gives, and why it gave nothing; empty if it did."""
    child, pipe = forked(lambda tell: tell(read(home, acknowledged, started_anew=started_anew)))
    with os.fdopen(pipe, encoding="utf-8") as lines:
        told = json.loads(lines.readline() or "{}")
    end = ended(child)
    if end == "with 0" and "lost" in told:
        return told, ""
    return {"lost": [], "wrong": []}, f"the reader ended {end}. {told.get('raised', '')}"


def run(home: Path, kills: int, seed: int, minutes: float) -> dict[str, Any]:
    """Kill so many writers, fewer when the time is over; what was acknowledged, lost, wrong, and what failed, why."""
    chance, began = random.Random(seed), time.monotonic()
    acknowledged: dict[str, Any] = {"events": {}, "versions": {}, "notes": {}}
    lost, wrong, failed, done, killed = list[str](), list[str](), list[str](), 0, 0
    for number in range(kills):
        if time.monotonic() - began > 60 * minutes:
            break
        told, failure = written_until_killed(home, chance, seed + number)
        killed += 1
        failed += [failure] if failure else []
        for one in told:
            if "note" in one:
                acknowledged["notes"].setdefault(one["note"][0], []).append(one["note"][1])
            elif "user" in one:
                acknowledged["events"][one["user"]] = one["events"]
                acknowledged["versions"][one["user"]] = one["version"]
                done += 1
        found, failure = found_after(home, acknowledged, started_anew=number % STARTED_ANEW == 0)
        failed += [f"after kill {killed}, {failure}"] if failure else []
        lost += found["lost"]
        wrong += found["wrong"]
        print(
            f"{killed} killed, {done} steps, {len(lost)} lost, {len(wrong)} wrong, {len(failed)} failed",
            file=sys.stderr,
        )
    return {
        "kills": killed,
        "steps_acknowledged": done,
        "events": sum(map(len, acknowledged["events"].values())),
        "versions": sum(acknowledged["versions"].values()),
        "notes": sum(map(len, acknowledged["notes"].values())),
        "lost": lost,
        "wrong": wrong,
        "failed": failed,
        "seconds": round(time.monotonic() - began),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("home", type=Path, help="a folder for the data, which is made")
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=600, help="how long to go on at most")
    options = parser.parse_args()
    print(json.dumps(run(options.home, options.kills, options.seed, options.minutes)))


if __name__ == "__main__":
    main()
