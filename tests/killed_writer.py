"""A writer of turns, folds and notes that is killed at random moments, and what is left each time.

`python -m tests.killed_writer HOME --kills 300` prints one JSON object. Everything is imported once; each writer, and
each reader after it, is a fork of this process, which opens nothing itself.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import chromadb  # noqa: F401 (imported before any fork)

from tests.world import event, open_session, talk

USERS = ("ann", "bob", "eve")
LONGEST_S = 1.5
MOST_TOLD = 5  # a writer lives for fewer messages and then for up to so many seconds, on however slow a machine
ITEMS = [f"i{number:02}" for number in range(12)]


def write(home: Path, tell: Callable[[Any], None], seed: int) -> None:
    """Work until killed; tell, after each step, what is acknowledged."""
    chance = random.Random(seed)

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
                    await talk(session, user, f"show me an owl, {number}", thread_id=f"{seed}-{number}")
                    [turn] = await session.turns(user, f"{seed}-{number}")
                    await talk(session, user, "hello", thread_id=f"{seed}-{number}", replaces=[turn.turn_id])
                case 2:
                    async for _ in session.give_feedback(
                        user, chance.choice(ITEMS), chance.choice(["like", "dislike"])
                    ):
                        pass
                case 3:
                    services.log.append([event(user, chance.choice(ITEMS), key=f"{seed}-{number}")])
                case _:
                    key = f"{seed}-{number}"
                    services.store.put(("notes", user), key, {"text": f"note {key} " * 20})
                    tell({"note": [user, key]})
            events = [one.event_id for one in services.log.of_user(user, "prints", edits=True)]
            tell({"user": user, "events": events, "version": services.preferences.current(user, "prints").version})

    asyncio.run(work())


def read(home: Path, acknowledged: dict[str, Any]) -> dict[str, Any]:
    """What of the acknowledged is not there, and whether all else is in order."""
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


def forked(work: Callable[[Callable[[Any], None]], None]) -> tuple[int, int]:
    """The process id of a fork that does this, and a pipe that says what it tells, a line of JSON each."""
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        os.close(reading)
        try:
            work(lambda told: os.write(writing, json.dumps(told).encode() + b"\n") and None)
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    os.close(writing)
    return child, reading


def run(home: Path, kills: int, seed: int, minutes: float) -> dict[str, Any]:
    """Kill so many writers, fewer when the time is over; what was acknowledged, lost and wrong."""
    chance, began = random.Random(seed), time.monotonic()
    acknowledged: dict[str, Any] = {"events": {}, "versions": {}, "notes": {}}
    lost, wrong, failed, done, killed = list[str](), list[str](), 0, 0, 0
    for number in range(kills):
        if time.monotonic() - began > 60 * minutes:
            break
        child, pipe = forked(lambda tell, number=number: write(home, tell, seed + number))
        with os.fdopen(pipe, encoding="utf-8") as lines:
            opened = lines.readline()
            first = [lines.readline() for _ in range(chance.randrange(MOST_TOLD))]
            time.sleep(chance.random() * LONGEST_S)
            os.kill(child, signal.SIGKILL)
            told = [json.loads(line) for line in (*first, *lines.readlines()) if line.endswith("\n")]
        os.waitpid(child, 0)
        killed += 1
        failed += not opened
        for one in told:
            if "note" in one:
                acknowledged["notes"].setdefault(one["note"][0], []).append(one["note"][1])
            else:
                acknowledged["events"][one["user"]] = one["events"]
                acknowledged["versions"][one["user"]] = one["version"]
                done += 1
        reader, pipe = forked(lambda tell: tell(read(home, acknowledged)))
        with os.fdopen(pipe, encoding="utf-8") as lines:
            answer = lines.readline()
        if os.waitpid(reader, 0)[1] or not answer:
            failed += 1
            continue
        found = json.loads(answer)
        lost += found["lost"]
        wrong += found["wrong"]
        print(f"{killed} killed, {done} steps, {len(lost)} lost, {len(wrong)} wrong, {failed} failed", file=sys.stderr)
    return {
        "kills": killed,
        "steps_acknowledged": done,
        "events": sum(map(len, acknowledged["events"].values())),
        "versions": sum(acknowledged["versions"].values()),
        "notes": sum(map(len, acknowledged["notes"].values())),
        "lost": lost,
        "wrong": wrong,
        "could_not_open": failed,
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
