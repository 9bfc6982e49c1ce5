"""Understanding: what a message asks for.

Two layers. The parser is made from the catalogue's own schema, exact and the same in every profile: filters, items
meant, reactions. Then a typed decision gives the intent and the chat model names the soft wishes. A weak model can
therefore never break a filter.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from langgraph.runtime import Runtime

from agents.context import TurnContext
from agents.critiques import KEPT, added, resolved, standing, without_attributes, without_qualities
from agents.events import Progress
from agents.grounding import NOT_KNOWN, about_one, asked_back, known_of
from agents.intents import intent_of
from agents.parsing.negation import turned_away
from agents.parsing.parsed import Comparison
from agents.state import Intent, Reaction, TurnState, TurnUpdate
from agents.undoing import nothing_to_take_back, taken_back
from agents.wishes import merged_wishes, wishes_of
from catalog.filters import Filter

if TYPE_CHECKING:
    from agents.parsing import Parsed

_THE_LIKE = re.compile(r"\b(?:like|similar to|resembl\w+|close to) (?:it|this|that|these|those|them)\b", re.IGNORECASE)
_INSTEAD = re.compile(r"\b(?:only|instead)\b", re.IGNORECASE)


async def understand(state: TurnState, runtime: Runtime[TurnContext]) -> TurnUpdate:
    """Read the message. A model that fails leaves what the parser understood, and the rest of the words as the wish."""
    from agents.parsing import parse

    context = runtime.context
    if state.more_like or state.instead_of:
        return pointed_at(state, context)
    if state.undo:
        return taken_back(state, state.undo) or nothing_to_take_back()
    if not state.message.strip():
        return {"intent": "recommend" if state.upload else "feedback", "understood_by": ("no words: what was sent",)}
    runtime.stream_writer(Progress("understand", "reading your message"))
    shown = (state.critique_of,) if state.critique_of in context.catalogue else state.last_slate
    points = not state.upload  # beside a picture, "this one" and "it" are what it shows
    told = {one: known_of(one, context) for one in shown if points and one in context.catalogue}
    meant = state.meant if points and state.meant in context.catalogue and not state.critique_of else ""
    read = partial(
        parse, catalogue=context.catalogue, shown=shown, meant=meant, told=told, this_year=context.now().year
    )
    parsed = read(state.message)
    if parsed.bare and state.asked:
        parsed = read(f"Something like {state.message}")  # a title is an answer to "which one?"
    if parsed.undo is not None and (back := taken_back(state, parsed.undo)) is not None:
        return back
    if parsed.undo == "" and not parsed.intent_hint:
        return nothing_to_take_back()
    if not state.asked and parsed.intent_hint != "small_talk" and (asked := asked_back(state, parsed, context)):
        return asked
    intent, intent_by, problems = await intent_of(state, parsed, context)
    heard = await wishes_of(state, parsed, context) if intent in ("recommend", "critique") else None
    wishes, wishes_by, more = heard or ((), "", [])
    reactions = [Reaction(item_id, "like") for item_id in parsed.likes]
    reactions += [Reaction(item_id, "dislike") for item_id in parsed.dislikes]
    by = ("filters: parser", *([f"wishes: {wishes_by}"] if heard else []), f"intent: {intent_by}")
    return {
        **asked_now(state, parsed, intent, wishes, shown, context),
        "intent": intent,
        "understood_by": by,
        "new_wishes": wishes,
        "mentioned": tuple(mention.item_id for mention in parsed.mentioned),
        "meant": parsed.mentioned[0].item_id if len(parsed.mentioned) == 1 else "",
        "reactions": (*state.reactions, *(reaction for reaction in reactions if reaction not in state.reactions)),
        "fresh_only": parsed.wants_new,
        "effects": tuple(NOT_KNOWN.format(name) for name in parsed.unknown),
        "quick_replies": about_one(parsed, context) if intent == "question" else (),
        "count": parsed.count,
        "problems": (*state.problems, *problems, *more),
    }


def asked_now(
    state: TurnState,
    parsed: Parsed,
    intent: Intent,
    wishes: tuple[str, ...],
    shown: tuple[str, ...],
    context: TurnContext,
) -> TurnUpdate:
    """All that is asked for after a message: filters, wishes and critiques, with what stood before to go back to.

    wishes: the new ones. shown: the items that a comparison compares with.
    """
    anew = intent == "recommend" and bool(wishes) and not _THE_LIKE.search(state.message)
    alike = tuple(item_id for one in parsed.comparisons for item_id in one.alike)
    views = context.views(alike) if alike else {}
    seen = replace(state, last_slate=shown)
    new = resolved(parsed.comparisons, seen, context.catalogue, views, slate=context.recommend.slate)
    critiques = without_attributes(state.critiques, [*parsed.relax, *(one.attribute for one in parsed.filters)])
    critiques = without_qualities(critiques) if anew and not new else critiques
    adds = intent == "critique" and _INSTEAD.search(state.message) is None
    held = tuple(wish for wish in state.wishes if not turned_away(state.message, wish))
    update = TurnUpdate(
        filters=merged_filters(state.filters, parsed.filters, parsed.relax),
        wishes=merged_wishes(held, wishes) if adds else wishes or held,
        critiques=added(critiques, new),
        upload_summary="; ".join(one.likeness for one in new if one.likeness) or ("" if anew else state.upload_summary),
    )
    changed = any(_whole(getattr(state, name)) != value for name, value in update.items())
    return {
        **update,
        "new_critiques": tuple(one.said for one in new),
        "earlier": (*state.earlier, standing(state))[-KEPT:] if changed else state.earlier,
        "shown": tuple(dict.fromkeys([*state.shown, *alike, *parsed.seen])),
    }


def pointed_at(state: TurnState, context: TurnContext) -> TurnUpdate:
    """What a button under a card asks for; needs no model, and the conversation's filters and wishes stay.

    The item is not shown again in this conversation. Where more like it are wanted, what is known of it is the wish.
    """
    item_id = state.more_like or state.instead_of
    alike = (Comparison("", alike=(item_id,)),) if state.more_like else ()
    views = context.views((item_id,)) if alike else {}
    new = resolved(alike, state, context.catalogue, views, slate=context.recommend.slate)
    return {
        "intent": "critique",
        "understood_by": ("a button",),
        "mentioned": (item_id,),
        "critiques": added(state.critiques, new),
        "new_critiques": tuple(one.said for one in new),
        "earlier": (*state.earlier, standing(state))[-KEPT:] if new else state.earlier,
        "shown": tuple(dict.fromkeys([*state.shown, item_id])),
        "upload_summary": new[0].likeness if new else state.upload_summary,
    }


def merged_filters(held: Sequence[Filter], new: Sequence[Filter], relax: Sequence[str]) -> tuple[Filter, ...]:
    """The thread's filters after a message.

    A new condition replaces the old ones it cannot stand beside on the same attribute: a bound the same bound, a wanted
    value every bound and wanted value; exclusions add up. An attribute that is lifted loses all of its own.
    """
    gone = {(condition.attribute, family) for condition in new for family in _REPLACES[_family(condition)]}
    kept = [
        condition
        for condition in held
        if condition.attribute not in relax
        and (condition.attribute, _family(condition)) not in gone
        and condition not in new
    ]
    return (*kept, *new)


def _whole(held: object) -> object:
    """As it was before a checkpoint, which gives lists for tuples."""
    return tuple(held) if isinstance(held, list) else held


def _family(condition: Filter) -> str:
    if condition.op in ("at_least", "above"):
        return "from"
    if condition.op in ("at_most", "below"):
        return "to"
    return "excluded" if condition.op in ("is_not", "has_not", "outside") else "wanted"


_REPLACES = {
    "from": ("from", "wanted"),
    "to": ("to", "wanted"),
    "wanted": ("from", "to", "wanted"),
    "excluded": (),
}
