"""What a checkpoint comes to in the product: whole turns of the demo profile over a shop and people it never met.

The parser, the checks of replies and all else that the product lays around its models is in these figures; what the
model does alone is told by `training.evaluate` beside them.
"""

from __future__ import annotations

import random
import re
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from langgraph.runtime import Runtime

from agents.budget import Budget
from agents.context import TurnContext
from agents.events import TurnDone, TurnResult
from agents.state import TurnState, TurnUpdate
from agents.understanding import understand
from catalog.demo.looks import ASPECTS, VALUES, Look
from catalog.demo.prints import Print, make_prints
from catalog.filters import Filter, passes
from evaluation.lives import CATALOGUE, Shop
from graphs.services import Services
from graphs.session import Session
from profiles.settings import load_profile
from tracing.recorder import Recorder
from training.asked import FILTERED_BY_HAND, Filtered, filtered
from training.messages import any_message, recommend
from training.recurrence import Panel

PEOPLE = 20


@contextmanager
def opened(checkpoint: Path, *, seed: int) -> Iterator[tuple[Services, Sequence[Print]]]:
    """The demo profile with this checkpoint in every role, over a shop in an empty folder."""
    prints = make_prints(seed=seed)
    with tempfile.TemporaryDirectory() as home:
        settings = {"stores.home": home, "catalogue": CATALOGUE, "models.demo.model": str(checkpoint.resolve())}
        services = Services.open(load_profile("demo", settings, {}).profile)
        try:
            Shop(prints, ()).install(services)
            yield services, prints
        finally:
            services.close()


async def understanding(
    services: Services, by_hand: Sequence[tuple[str, str]], count: int, *, seed: int
) -> dict[str, float]:
    """Intents and filters as the parser and the model read them together.

    intent: messages of the lessons' grammar; intent_by_hand: (intent, message) written by hand. filters: new messages
    whose filters are known; right where exactly the items that they mean are let through, of all items of the shop.
    """
    rng, context = random.Random(seed), services.turn_context(CATALOGUE, Recorder(None), Budget.unlimited())
    shop = list(context.catalogue)
    hits = 0
    for _ in range(count):
        shown = tuple(item.item_id for item in rng.sample(shop, rng.randint(1, 5))) if rng.random() < 0.6 else ()
        message = any_message(rng, tuple(context.catalogue[item_id].title for item_id in shown))
        hits += (await understood(context, message.text, shown)).get("intent") == message.intent
    shown = tuple(item.item_id for item in shop[:5])
    right = [(await understood(context, text, shown)).get("intent") == intent for intent, text in by_hand]
    asked = [filtered(rng) for _ in range(count // 2)]
    return {
        "intent": hits / count,
        "intent_by_hand": sum(right) / len(right),
        "filters_exact": await _filters(context, asked),
        "filters_exact_by_hand": await _filters(context, FILTERED_BY_HAND),
    }


async def understood(context: TurnContext, message: str, shown: tuple[str, ...]) -> TurnUpdate:
    """What the product makes of a message after these items were shown."""
    state = TurnState(user_id="someone", message=message, shown=shown, last_slate=shown)
    return await understand(state, Runtime(context=context, stream_writer=lambda _: None))


async def _filters(context: TurnContext, asked: Sequence[Filtered]) -> float:
    right = 0
    for one in asked:
        update = await understood(context, one.text, ())
        found: list[Filter] = [*update.get("filters", ())]
        found += [critique.condition for critique in update.get("critiques", ()) if critique.condition is not None]
        right += all(passes(item, found) == one.allows(item.attributes) for item in context.catalogue)
    return right / len(asked)


async def replies(services: Services, prints: Sequence[Print], count: int, *, seed: int) -> dict[str, float]:
    """Whole turns of people whose taste is known to the memory, and what is wrong with their replies.

    true: replies that are not empty, whose reasons are none empty either, and that name no item but the shown ones and
    no value of a look that its item does not have; empty: those with nothing to read, or an item without a reason.
    """
    rng, session = random.Random(seed), Session(services, CATALOGUE)
    panel, titles = Panel(PEOPLE, seed=seed), {made.item.title for made in prints}
    looks = {made.item.item_id: made.look for made in prints}
    true = empty = shown = 0
    for number in range(count):
        user_id = f"person-{number % PEOPLE}"
        if number < PEOPLE:
            told = panel.told(number).model_copy(update={"user_id": user_id, "version": 1})
            services.preferences.save(told, CATALOGUE)
        result = await _turn(session, user_id, recommend(rng).text)
        shown += bool(result.slate)
        void = not result.reply.strip() or not all(card.reason.strip() for card in result.slate)
        empty += void
        true += not void and not faults(result, looks, titles)
    await session.aclose()
    return {"replies_true": true / count, "replies_empty": empty / count, "replies_with_items": shown / count}


async def _turn(session: Session, user_id: str, message: str) -> TurnResult:
    last = None
    async for event in session.ask(user_id, message):
        last = event
    if not isinstance(last, TurnDone):
        raise RuntimeError(f"the turn about {message!r} did not end")
    return last.result


def faults(result: TurnResult, looks: Mapping[str, Look], titles: Collection[str]) -> list[str]:
    """What a reply says that is not so: titles of items that are not shown, values that an item does not have.

    looks: by item id. titles: of the whole catalogue. Values in the title of another item, as in what people who liked
    it liked as well, are none of the item's own.
    """
    own = [card.title for card in result.slate]
    found = [title for title in titles if title not in own and _names(_without(result.reply, own), title)]
    for card in result.slate:
        others = [citation.text for citation in card.citations if citation.kind == "neighbours"]
        reason = _without(card.reason, [*own, *others])
        found += [title for title in titles if title not in own and _names(reason, title)]
        found += [
            f"{card.title}: {value}"
            for aspect in ASPECTS
            for value in VALUES[aspect]
            if value != looks[card.item_id].value(aspect) and _names(reason, value)
        ]
    return found


def _without(text: str, parts: Sequence[str]) -> str:
    for part in sorted(parts, key=len, reverse=True):
        text = text.replace(part, "")
    return text


def _names(text: str, words: str) -> bool:
    return re.search(rf"\b{re.escape(words)}\b", text, re.IGNORECASE) is not None
