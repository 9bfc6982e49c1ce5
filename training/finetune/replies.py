"""Replies to requests, by a rule that says only what is known: the product's own evidence, read by its own reader.

A request is made of the words the catalogue has for the item that was liked; the slate is that item and others that
meet the request's conditions. What the reader would change in the reply is no example.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Mapping, Sequence

from agents.context import TurnContext, attribute_lines
from agents.evidence import cite, plain_reason
from agents.opening import Asked, OpeningGround
from agents.parsing import parse
from agents.reasons import holds, known_of
from agents.reply import NOTHING_KNOWN, ReplyReader
from agents.responder import slate_prompt
from agents.state import SlateItem, TurnState
from agents.wishes import own_words, wish_text
from agents.wording import MAX_WORDS, one_line
from catalog.filters import Filter, passes
from catalog.items import Item
from memory.preferences import Preference
from training import phrases
from training.finetune.examples import Written
from training.finetune.messages import wish_phrases

SLATE = (2, 5)  # items
WISHED, BOUND = 0.75, 0.3  # how often a request names a wish, and a bound on a number


def reply_example(
    item: Item, others: Sequence[Item], preference: Preference, context: TurnContext, rng: random.Random
) -> Written | None:
    """A request that the item meets, and the reply to it; None where nothing honest can be asked or said.

    others: what may stand beside it. preference: as it was known then.
    """
    message, wishes, filters = _request(item, context, rng)
    beside = [one for one in others if one.item_id != item.item_id and passes(one, filters)]
    slate = [item, *rng.sample(beside, min(len(beside), rng.randint(*SLATE) - 1))]
    rng.shuffle(slate)
    if not passes(item, filters) or any(len(one.title.split()) > MAX_WORDS["title"] for one in slate):
        return None
    views = context.views(tuple(one.item_id for one in slate))
    cards = [
        SlateItem(one.item_id, one.title, None, "none", "", cite(one, views[one.item_id], preference, wishes, filters))
        for one in slate
    ]
    told = {one.item_id: f"{views[one.item_id]}; {attribute_lines(context.catalogue, one)}" for one in slate}
    asked = Asked(message, wishes, filters)
    opening = OpeningGround([card.title for card in cards], [known_of(card, told) for card in cards], preference, asked)
    reasons = [_reason(place, cards, preference, told, asked) for place in range(len(cards))]
    lines = [f"{number}. {card.title}: {why}" for number, (card, why) in enumerate(zip(cards, reasons, strict=True), 1)]
    answer = "\n".join([opening.plain(), *lines])
    reader = ReplyReader(cards, preference, told, asked)
    reader.feed(answer)
    reader.finish()
    if reader.text != answer or reader.rewritten or reader.remarks:
        return None
    state = TurnState(message=message, wishes=wishes, filters=filters, slate=tuple(cards))
    return Written("responder", slate_prompt(state, preference, views).text, None, answer)


def _request(item: Item, context: TurnContext, rng: random.Random) -> tuple[str, tuple[str, ...], tuple[Filter, ...]]:
    """A message that asks for such an item, and the wishes and conditions that the product reads in it."""
    view = context.views((item.item_id,))[item.item_id]
    listed = [word for value in item.attributes.values() if isinstance(value, tuple) for word in value]
    words = [*wish_phrases(item, view), *listed]
    wish = rng.choice(words) if words and rng.random() < WISHED else ""
    wordings = [
        one for one in (phrases.ASK if wish else phrases.ASK_OPEN) if set(re.findall(r"\{(\w)\}", one)) <= {"w"}
    ]
    asked = rng.choice(wordings).rstrip("?!.").replace("{w}", wish)
    message = asked + _bound(item, context, rng)
    parsed = parse(message, context.catalogue)
    return message, own_words([wish] if wish else [], wish_text(parsed.residual)), parsed.filters


def _bound(item: Item, context: TurnContext, rng: random.Random) -> str:
    """A condition on a number that the item meets with room to spare, in words; often none."""
    measured = [
        (spec, value)
        for spec in context.catalogue.schema
        if spec.kind == "number" and isinstance(value := item.attributes.get(spec.name), int | float) and value > 0
    ]
    if not measured or rng.random() >= BOUND:
        return ""
    spec, value = rng.choice(measured)
    if spec.unit == "year":
        return f" after {int(value) - rng.randint(1, 15)}"
    most = math.ceil(value * rng.uniform(1.05, 1.6))
    return f" under {most} {spec.unit}" if spec.unit else f", {spec.label or spec.name} at most {most}"


def _reason(
    place: int, cards: Sequence[SlateItem], preference: Preference, told: Mapping[str, str], asked: Asked
) -> str:
    """Why an item suits: the wish it meets, what is liked in it, else what it is; the first that holds."""
    citations = cards[place].citations
    cited = {kind: [one for one in citations if one.kind == kind] for kind in ("wish", "fact", "summary")}
    met, what = [one.text for one in cited["wish"]], plain_reason(cited["summary"])
    values = {fact.fact_id: fact.value for fact in preference.holding}
    liked = [values[one.ref] for one in cited["fact"]]
    ways = [
        f"You asked for {met[0]}, and you like {liked[0]}." if met and liked else "",
        f"You asked for {met[0]}. {what}" if met else "",
        f"{what} You like {liked[0]}." if liked else "",
        what,
    ]
    plain = plain_reason(citations) or NOTHING_KNOWN
    return next((one_line(way) for way in ways if way and holds(way, place, cards, preference, told, asked)), plain)
