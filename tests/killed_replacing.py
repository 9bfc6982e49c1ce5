"""Kills a process before every write of a turn that takes another's place, and looks at what is left each time.

`python -m tests.killed_replacing HOME [--by-hand]` ends with an error where something is wrong. Each kill is at a known
moment: the process kills itself before its first write, its second, and so on, until it comes to the end. So no luck is
needed to meet the moment between two writes; `tests.killed_writer` meets those within one. It works in forks of this
process, which must have no other thread: it is a program of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import signal
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any
from unittest import mock

from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from sqlalchemy import Engine, event

from agents.hand_edits import SetFact
from graphs.session import Session
from graphs.taste import Taste
from memory.chroma_rows import Rows
from tests import world
from tests.killed_writer import look_by_a_fork
from tests.killing import ended, forked
from tests.test_replacing import ask, held, honest, press, said

FEWEST_WRITES, MOST_WRITES = 6, 60  # of one turn, its trace and its checkpoint included


def opened(home: Path) -> Session:
    mock.patch(
        "memory.chroma_connection.damage_after_a_crash", look_by_a_fork
    ).start()  # in a fork; what a kill does to an index is not tried here
    return world.open_session(home, answer=honest, **{"memory.block_size": 2})


async def live(home: Path, *, by_hand: bool) -> str:
    """A taste of foxes, whales and owls; the id of the turn that asked for an owl."""
    session = opened(home)
    for item_id in ("i00", "i04", "i02"):
        await press(session, item_id)
    owl = await ask(session, "an owl")
    if by_hand:
        Taste.of(session.services, "ann", "prints").edit(SetFact(polarity="like", aspect="style", value="ink"))
    await ask(session, "gladly")
    await session.aclose()
    return owl


async def replace(home: Path, owl: str, *, kill_before: int) -> str:
    """Replace the turn about owls; killed before that write."""
    session, writes = opened(home), 0

    def count() -> None:
        nonlocal writes
        writes += 1
        if writes == kill_before:
            os.kill(os.getpid(), signal.SIGKILL)

    before_each_write(count)
    await ask(session, "gladly", replaces=[owl])
    return "done"


def before_each_write(act: Callable[[], None]) -> None:
    """Call this before this process writes an event, a taste, a checkpoint or a trace."""
    event.listen(Engine, "commit", lambda connection: act())
    for owner, names in ((Rows, ("upsert", "add", "update", "delete")), (AsyncSqliteSaver, ("aput", "aput_writes"))):
        for name in names:
            setattr(owner, name, preceded(getattr(owner, name), act))


def preceded(call: Callable[..., Any], act: Callable[[], None]) -> Callable[..., Any]:
    def then(*args: Any, **more: Any) -> Any:
        act()
        return call(*args, **more)

    return then


async def look(home: Path, owl: str) -> dict[str, Any]:
    """What is left, what a turn elsewhere makes of it, and what the replacement comes to when it is asked again."""
    session = opened(home)
    services, told = session.services, dict[str, Any]()
    told["gone"] = owl in services.replaced.among("ann", [owl])
    told["said"] = await said(session)
    told["held at once"] = sorted(held(session))
    await world.talk(session, "ann", "gladly", thread_id="elsewhere")
    told["held"] = sorted(held(session))
    versions = services.preferences.versions("ann", "prints")
    told["versions"] = [one.version for one in versions]
    void = {one.event.event_id for one in services.replaced.void("ann", "prints")}
    told["void evidence"] = sorted(void & {one for fact in versions[0].holding for one in fact.evidence})
    told["events"] = [one.kind for one in services.log.of_user("ann", "prints", edits=True) if one.kind != "take_back"]
    if not told["gone"]:
        await ask(session, "gladly", replaces=[owl])
    told["held in the end"] = sorted(held(session))
    await session.aclose()
    return told


def alone(work: Callable[..., Coroutine[Any, Any, Any]], *given: Any, **more: Any) -> tuple[Any, str]:
    """What this comes to in a fork of this process, None for nothing, and how the fork ended."""
    child, pipe = forked(lambda tell: tell(asyncio.run(work(*given, **more))))
    with os.fdopen(pipe, encoding="utf-8") as lines:
        told = lines.readline()
    return json.loads(told) if told else None, ended(child)


def check(folder: Path, *, by_hand: bool) -> int:
    """Kill before each write in turn; how many there were. Raises AssertionError."""
    owl, end = alone(live, folder / "before", by_hand=by_hand)
    assert end == "with 0", owl
    ink = ["ink"] * by_hand
    before, after = sorted(["fox", "whale", "owl", *ink]), sorted(["fox", "whale", *ink])
    for kill_before in range(1, MOST_WRITES):
        home = folder / str(kill_before)
        shutil.copytree(folder / "before", home)
        done, end = alone(replace, home, owl, kill_before=kill_before)
        assert (done, end) in (("done", "with 0"), (None, "by signal 9"))
        left, how = alone(look, home, owl)
        assert how == "with 0", left
        assert left["said"][:3] == ["", "", ""]
        assert left["said"][3:] in ([[], ["gladly"]] if left["gone"] else [["an owl", "gladly"]])
        assert left["held at once"] in (before, after), "never a taste that only lacks what is to be folded anew"
        assert left["held"] == (after if left["gone"] else before)
        assert left["held in the end"] == after
        assert left["void evidence"] == []
        assert left["versions"] == [*range(len(left["versions"]), 0, -1)]
        assert left["events"] == ["like"] * 3 + ["wish"] + ["edit"] * by_hand
        shutil.rmtree(home)
        if done:
            break
    assert done, "it comes to an end"
    assert kill_before > FEWEST_WRITES
    return kill_before - 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("home", type=Path, help="an empty folder")
    parser.add_argument("--by-hand", action="store_true", help="with an edit by hand since the turn that is replaced")
    options = parser.parse_args()
    print(json.dumps({"writes": check(options.home, by_hand=options.by_hand)}))
