"""Rewriting the tastes of many users at once, against one prompt at a time; and what an event costs in a long history.

Prints one JSON object. `times_as_fast`: the users a second of `fold_everyone`, stores and checks included, over those
of the published way on the same model: one prompt after another, written freely, nothing kept. Both take turns in one
process; the median ratio is told, by the clock and, as `times_as_fast_by_processor_time`, by the processor time of the
whole process, which other work on the machine changes less. `long_history`: a step of the recurrence with an instant
model, for someone with that many events behind them and in turn for someone with few, in the same stores; processor
milliseconds an event of both. To get there the long history is folded in larger blocks: its taste and its log are as
long as ever, its versions are fewer.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.roles import RoleModels
from models.scripted import ScriptedChat

if TYPE_CHECKING:
    from collections.abc import Sequence

    from langchain_core.messages import BaseMessage

    from graphs.services import Services
    from memory.interactions import Interaction

ROUNDS, USERS, ALONE = 3, 192, 12  # users of a round at once, and one by one
FASTER_BOUND, FLAT_BOUND = 6.0, 1.2
EVENTS, FEW, STEPS = 10_000, 10, 60  # events of the long and of the short history, and timed steps of each
LIVED_IN = 25  # events a fold, while the long history is lived through


async def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=EVENTS, help="of the long history")
    parser.add_argument("--steps", type=int, default=STEPS, help="timed, of the long and of the short history each")
    parser.add_argument("--users", type=int, default=USERS, help="of a round at once")
    parser.add_argument("--only", choices=("many_users", "long_history"), help="measure one of both")
    asked = parser.parse_args()
    figures = dict[str, Any]()
    if asked.only != "long_history":
        figures["many_users"] = await many_users(asked.users)
    if asked.only != "many_users":
        figures["long_history"] = await long_history(asked.events, asked.steps)
    print(json.dumps(figures, indent=2))


async def many_users(count: int) -> dict[str, Any]:
    """Users a second, together and alone."""
    from graphs.everyone import fold_everyone

    with tempfile.TemporaryDirectory() as home:
        services = shop(Path(home))
        users = services.log.users("demo")
        await fold_everyone(services, "demo", users=users[-2:], everything=False)  # loads the model
        together, alone = list[_Took](), list[_Took]()
        for number in range(ROUNDS):
            part = users[number * count : (number + 1) * count]
            began = _Took.now()
            done = await fold_everyone(services, "demo", users=part, everything=False)
            together.append(began.until_now(done.folds))
            alone.append(await one_by_one(services, part[:ALONE]))
        services.close()
    ratio = statistics.median(other.seconds / one.seconds for one, other in zip(together, alone, strict=True))
    by_cpu = statistics.median(other.cpu_seconds / one.cpu_seconds for one, other in zip(together, alone, strict=True))
    return {
        "users_a_second": [round(1 / one.seconds, 2) for one in together],
        "one_prompt_at_a_time": [round(1 / one.seconds, 2) for one in alone],
        "processor_ms_a_user": [round(one.cpu_seconds * 1000, 1) for one in together],
        "processor_ms_a_user_one_at_a_time": [round(one.cpu_seconds * 1000, 1) for one in alone],
        "times_as_fast": round(ratio, 1),
        "times_as_fast_by_processor_time": round(by_cpu, 1),
        "bound": FASTER_BOUND,
        "met": ratio >= FASTER_BOUND,
    }


@dataclass(frozen=True)
class _Took:
    """Seconds by the clock and of the processor; of one user, once `until_now` was asked."""

    seconds: float
    cpu_seconds: float

    @classmethod
    def now(cls) -> _Took:
        return cls(time.perf_counter(), time.process_time())

    def until_now(self, users: int) -> _Took:
        now = _Took.now()
        return _Took((now.seconds - self.seconds) / users, (now.cpu_seconds - self.cpu_seconds) / users)


def shop(home: Path) -> Services:
    """The demo shop with its histories; its pictures are not drawn, and the text of each print tells what is on it."""
    from catalog.demo.install import interactions
    from catalog.demo.prints import SCHEMA, make_prints
    from graphs.services import Services
    from graphs.setup import store_catalogue
    from profiles.settings import load_profile

    services = Services.open(load_profile("demo", {"stores.home": str(home), "memory.catch_up_blocks": 1}).profile)
    items = [made.item.model_copy(update={"text": f"{made.item.text} {described(made)}"}) for made in make_prints()]
    store_catalogue(services, "demo", SCHEMA, items, interactions())
    return services


def described(made: Any) -> str:
    """What the picture of a print shows, as the model describes it."""
    from catalog.demo.looks import describe

    return str(describe(made.look))


async def one_by_one(services: Services, users: list[str]) -> _Took:
    """What a user takes, a prompt after the other."""
    from agents.asking import message_of
    from agents.preference_memory import event_lines, fold_prompt
    from memory.preferences import Preference
    from tracing.recorder import Recorder

    name, spec = services.models.chain("preference_memory")[0]
    chat, context = await services.models.chat(name), services.turn_context("demo", Recorder(None))
    began = _Took.now()
    for user_id in users:
        block = services.log.of_user(user_id, "demo")[: services.profile.memory.block_size]
        prompt = fold_prompt(context, Preference(user_id=user_id), event_lines(context, block))
        await chat.ainvoke([message_of(prompt, spec, services.pictures)])
    return began.until_now(len(users))


async def long_history(events: int, steps: int) -> dict[str, Any]:
    """Milliseconds an event after a long and after a short history."""
    from graphs.everyone import fold_everyone

    with tempfile.TemporaryDirectory() as home:
        services, model = shop(Path(home)), Instant()
        services.models = model
        live(services, "long", events)
        profile = services.profile
        larger = profile.memory.model_copy(update={"block_size": LIVED_IN})
        services.profile = profile.model_copy(update={"memory": larger})
        await fold_everyone(services, "demo", users=["long"], include_rest=True)
        services.profile = profile
        spent: dict[str, list[float]] = {"long": [], "short": []}
        lengths: dict[str, list[int]] = {"long": [], "short": []}
        for number in range(steps):  # someone new each time, so that the short history stays one
            live(services, f"short {number}", FEW)
            await fold_everyone(services, "demo", users=[f"short {number}"], include_rest=True)
            for kind, user_id in (("long", "long"), ("short", f"short {number}")):
                live(services, user_id, services.profile.memory.block_size)
                spent[kind].append(await step(services, user_id))
                lengths[kind].append(model.lengths[-1])
        services.close()
    ms = {kind: statistics.median(times) / 3 * 1000 for kind, times in spent.items()}
    ratio = statistics.median(one / other for one, other in zip(spent["long"], spent["short"], strict=True))
    return {
        "events": events,
        "ms_an_event_after_many": round(ms["long"], 2),
        f"ms_an_event_after_{FEW}": round(ms["short"], 2),
        "characters_of_a_prompt_after_many": round(statistics.mean(lengths["long"])),
        f"characters_of_a_prompt_after_{FEW}": round(statistics.mean(lengths["short"])),
        "ratio": round(ratio, 2),
        "bound": FLAT_BOUND,
        "met": ratio <= FLAT_BOUND,
    }


async def step(services: Services, user_id: str) -> float:
    """Processor seconds of one step of the recurrence: the taste and the new block read, folded and saved."""
    from agents.preference_memory import fold
    from tracing.recorder import Recorder

    began = time.process_time()
    preference = services.preferences.current(user_id, "demo")
    block = services.log.of_user(user_id, "demo", after=preference.watermark)
    await fold(services.turn_context("demo", Recorder(None)), preference, block)
    return time.process_time() - began


def live(services: Services, user_id: str, events: int) -> None:
    """Let somebody do that much more: what people of the shop did, over and over."""
    few = lived()
    services.log.append([few[n % len(few)].model_copy(update={"user_id": user_id, "key": ""}) for n in range(events)])


@cache
def lived() -> list[Interaction]:
    """Some events of the shop's people, oldest first."""
    from catalog.demo.install import interactions

    return interactions()[:600]


class Instant(RoleModels):
    """A scripted chat in every role: a fact for the subject of each event. Keeps how long each prompt was."""

    def __init__(self) -> None:
        self.lengths = list[int]()

    def chain(self, role: Any) -> Any:
        """One model for every role."""
        from models.spec import ModelSpec

        return (("instant", ModelSpec(backend="local", model="instant")),)

    async def chat(self, name: str) -> ScriptedChat:
        """The scripted chat."""
        return ScriptedChat(self._fold)

    def _fold(self, messages: Sequence[BaseMessage]) -> str:
        from catalog.demo.looks import VALUES

        prompt = str(messages[-1].text)
        self.lengths.append(len(prompt))
        lines = prompt.split("New events", 1)[1].splitlines()
        edits = [
            {"value": value, "aspect": "subject", "evidence": [1], "op": "add", "polarity": "like", "reason": "liked"}
            for value in VALUES["subject"]
            if any(f" {value} " in line for line in lines)
        ]
        return json.dumps({"edits": edits, "prose": "They like what they have met so far, and say so."})


if __name__ == "__main__":
    asyncio.run(main())
