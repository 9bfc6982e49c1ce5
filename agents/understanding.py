"""Understanding: what a message asks for.

Two layers. The parser is made from the catalogue's own schema, exact and the same in every profile: filters, items
meant, reactions. Then a typed decision gives the intent and the chat model names the soft wishes. A weak model can
therefore never break a filter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from langgraph.runtime import Runtime

import prompts
from agents.asking import Rendered, render
from agents.context import TurnContext
from agents.critiques import KEPT, added, called, resolved, standing, without, without_attributes, without_qualities
from agents.events import Progress
from agents.leftovers import left_over
from agents.parsing.negation import refuses, turned_away
from agents.parsing.parsed import Comparison, Unsure
from agents.state import Intent, Reaction, TurnState, TurnUpdate
from agents.wording import MAX_WORDS, one_line
from catalog.filters import Filter
from models.decisions import Choice, DecisionRequest
from models.errors import ModelError

if TYPE_CHECKING:
    from agents.parsing import Parsed

_REQUEST = re.compile(  # what a request begins with and says nothing by
    r"^(?:(?:please|hi|hello|hey|im|'m|'d|in|the|mood|that|is|are|which|there|with|but|show|find|give|get|recommend|suggest|me|i|i'd|i'm|want|need|would|like|looking|something|anything|some|"
    r"any|for|a|an|the|one|ones|picture|pictures|item|items|film|films|movie|movies|print|prints|good|nice)\b[\s,:]*)+",
    re.IGNORECASE,
)
INTENTS: Mapping[Intent, str] = {
    "recommend": "wants suggestions",
    "critique": "wants the shown items changed in some way",
    "feedback": "says they like or dislike something shown",
    "question": "asks about an item",
    "correct_taste": "corrects what is believed about their taste",
    "small_talk": "anything else",
}
INTENT_PROMPT, WISHES_PROMPT = "understanding_intent", "understanding_wishes"
MAX_WISHES = 6
MOST_ASKED = 4  # items to choose from in a question
_SPEAKER = re.compile(r"\b(?:i|me|my|mine|myself|you|your|we|us|our)\b", re.IGNORECASE)
_POINTS = re.compile(r"\b(?:it|this|that|these|those|them|one|ones|first|second|third|fourth|last)\b", re.IGNORECASE)
_THE_LIKE = re.compile(r"\b(?:like|similar to|resembl\w+|close to) (?:it|this|that|these|those|them)\b", re.IGNORECASE)


async def understand(state: TurnState, runtime: Runtime[TurnContext]) -> TurnUpdate:
    """Read the message. A model that fails leaves what the parser understood, and the rest of the words as the wish."""
    from agents.parsing import parse

    context = runtime.context
    if state.more_like or state.instead_of:
        return pointed_at(state, context)
    if state.undo:
        return taken_back(state, state.undo) or _nothing_to_take_back(state)
    if not state.message.strip():
        return {"intent": "recommend" if state.upload else "feedback", "understood_by": ("no words: what was sent",)}
    runtime.stream_writer(Progress("understand", "reading your message"))
    shown = (state.critique_of,) if state.critique_of in context.catalogue else state.last_slate
    parsed = parse(state.message, context.catalogue, shown=shown)
    if parsed.undo is not None and (back := taken_back(state, parsed.undo)) is not None:
        return back
    if parsed.undo == "" and not parsed.intent_hint:
        return _nothing_to_take_back(state)
    if parsed.unsure and not state.asked:
        return which_one(parsed.unsure[0], context)
    problems, by = list(state.problems), ["filters: parser"]
    intent, intent_by = certain_intent(parsed, has_upload=bool(state.upload)), "parser"
    if intent is None and state.asked:
        intent, intent_by = "recommend", "as the answer to a question"
    elif intent is None:
        intent, intent_by, problem = await _ask_intent(state, context, fallback="recommend")
        problems += problem
    wishes: tuple[str, ...] = ()
    if intent in ("recommend", "critique") and (rest := wish_text(parsed.residual)):
        named, wishes_by, problem = await _ask_wishes(rest, context)
        if state.upload and wishes_by == "your own words":
            named, wishes_by = (), "the picture"  # it says more than what was said about it
        plainly = parsed.intent_hint == "recommend" and not (named or state.upload or parsed.likes or parsed.dislikes)
        asked = _REQUEST.sub("", rest) if plainly else ""
        if asked and not any(turned_away(state.message, word) for word in re.findall(r"\w{3,}", asked)):
            named, wishes_by = (asked,), "your own words"  # who asks in so many words does not ask in vain
        wishes = tuple(wish for wish in named if not turned_away(state.message, wish))  # the parser may keep the "no"
        missed = left_over(rest, wishes, context.items.told(context.catalogue.name))
        if missed and not refuses(rest):
            wishes, wishes_by = (*wishes, *missed)[:MAX_WISHES], f"{wishes_by} and what pictures show"
        problems += problem
        by.append(f"wishes: {wishes_by}")
    anew = intent == "recommend" and bool(wishes) and not _THE_LIKE.search(state.message)
    alike = tuple(item_id for one in parsed.comparisons for item_id in one.alike)
    views = context.views(alike) if alike else {}
    seen = replace(state, last_slate=shown)
    new = resolved(parsed.comparisons, seen, context.catalogue, views, slate=context.recommend.slate)
    held_critiques = without_attributes(state.critiques, [*parsed.relax, *(one.attribute for one in parsed.filters)])
    held_critiques = without_qualities(held_critiques) if anew and not new else held_critiques
    shown_before = tuple(dict.fromkeys([*state.shown, *alike]))
    held = tuple(wish for wish in state.wishes if not turned_away(state.message, wish))
    reactions = [Reaction(item_id, "like") for item_id in parsed.likes]
    reactions += [Reaction(item_id, "dislike") for item_id in parsed.dislikes]
    update = TurnUpdate(
        filters=merged_filters(state.filters, parsed.filters, parsed.relax),
        wishes=merged_wishes(held, wishes) if intent == "critique" else wishes or held,
        critiques=added(held_critiques, new),
        upload_summary="; ".join(one.likeness for one in new if one.likeness) or ("" if anew else state.upload_summary),
    )
    changed = any(_whole(getattr(state, name)) != value for name, value in update.items())
    return {
        **update,
        "intent": intent,
        "understood_by": (*by, f"intent: {intent_by}"),
        "new_wishes": wishes,
        "new_critiques": tuple(one.said for one in new),
        "earlier": (*state.earlier, standing(state))[-KEPT:] if changed else state.earlier,
        "shown": shown_before,
        "mentioned": tuple(mention.item_id for mention in parsed.mentioned),
        "reactions": (*state.reactions, *(reaction for reaction in reactions if reaction not in state.reactions)),
        "fresh_only": parsed.wants_new,
        "problems": tuple(problems),
    }


def which_one(unsure: Unsure, context: TurnContext) -> TurnUpdate:
    """The question which of several items is meant, most kept first; nothing else of the message counts."""
    popular = context.collaborative.popularities(unsure.item_ids)
    order = sorted(range(len(unsure.item_ids)), key=lambda place: (-popular[place], place))[:MOST_ASKED]
    items = [context.catalogue[unsure.item_ids[place]] for place in order]
    titles = [one_line(item.title, words=MAX_WORDS["title"]) for item in items]
    dated = [item.attributes.get("year") for item in items]
    told = [
        f"{title} ({year:g})" if titles.count(title) > 1 and isinstance(year, float) else title
        for title, year in zip(titles, dated, strict=True)
    ]
    return {
        "intent": "question",
        "understood_by": ("names: parser",),
        "question": f"Which “{one_line(unsure.said)}” do you mean?",
        "quick_replies": tuple(f"Something like {one}" for one in told),
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


def taken_back(state: TurnState, words: str) -> TurnUpdate | None:
    """What undoing comes to: without the critique that the words name, or, for none, as it was before the last change.

    None where there is nothing of the kind. What was shown before that change may be shown again.
    """
    if not words:
        if not state.earlier:
            return None
        before = state.earlier[-1]
        gone = [one.said for one in state.critiques if one not in before.critiques]
        return {
            "intent": "critique",
            "understood_by": ("undo: parser",),
            "filters": before.filters,
            "wishes": before.wishes,
            "critiques": before.critiques,
            "upload_summary": before.upload_summary,
            "shown": before.shown,
            "earlier": state.earlier[:-1],
            "undone": " and ".join(gone) or "the last change",
        }
    critique = called(state.critiques, words)
    if critique is None:
        return None
    return {
        "intent": "critique",
        "understood_by": ("undo: parser",),
        "critiques": without(state.critiques, critique),
        "upload_summary": "" if critique.likeness else state.upload_summary,
        "earlier": (*state.earlier, standing(state))[-KEPT:],
        "undone": critique.said,
    }


def _whole(held: object) -> object:
    """As it was before a checkpoint, which gives lists for tuples."""
    return tuple(held) if isinstance(held, list) else held


def _nothing_to_take_back(state: TurnState) -> TurnUpdate:
    return {"intent": "small_talk", "understood_by": ("undo: parser",), "undone": "nothing"}


def certain_intent(parsed: Parsed, *, has_upload: bool) -> Intent | None:
    """The intent where the parser alone is sure of it, else None.

    Conditions and pictures ask for items whatever else is said; reactions with nothing else left are feedback.
    """
    if parsed.comparisons:
        return "critique"
    if parsed.filters or parsed.relax or parsed.wants_new:
        return "critique" if parsed.intent_hint == "critique" else "recommend"
    if (parsed.likes or parsed.dislikes) and len(parsed.residual.split()) <= 3:
        return "feedback"
    if has_upload and parsed.intent_hint is None:
        return "recommend"
    return parsed.intent_hint


def names_things_only(intent: Intent, message: str, told: Sequence[str]) -> bool:
    """Whether a message that a model took for something else only names what is looked for: `owls`, `a joyful woodcut`.

    Who corrects a taste speaks of themselves or of what is believed; who gives feedback also points at something, or
    names nothing that pictures show. told: all summaries of the catalogue, in small letters.
    """
    if intent not in ("correct_taste", "feedback") or _SPEAKER.search(message) or refuses(message):
        return False
    if intent == "correct_taste":
        return True
    return not _POINTS.search(message) and bool(left_over(message, (), told))


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


def merged_wishes(held: Sequence[str], new: Sequence[str]) -> tuple[str, ...]:
    """Earlier wishes with the new ones after them, the latest few."""
    return tuple(dict.fromkeys([*held, *new]))[-MAX_WISHES:]


def wish_text(residual: str) -> str:
    """What of a message may hold a wish: the rest after parsing, empty when only function words are left."""
    words = re.findall(r"[^\W_]+", residual.casefold())
    return one_line(residual, words=MAX_WORDS["wish"]) if any(word not in _EMPTY_WORDS for word in words) else ""


def split_wishes(answer: str) -> tuple[str, ...]:
    """The phrases of a model's answer; `none` gives none."""
    phrases = (phrase.strip(" .\n\"'") for phrase in re.split(r"[;\n]", answer))
    return tuple(phrase for phrase in phrases if phrase and phrase.casefold() != "none")[:MAX_WISHES]


def own_words(wishes: Sequence[str], message: str) -> tuple[str, ...]:
    """The wishes whose every word stands in the message, a plural s aside: what was not said is not wished."""
    said = {word.removesuffix("s") for word in re.findall(r"\w+", message.casefold())}
    return tuple(
        wish for wish in wishes if all(word.removesuffix("s") in said for word in re.findall(r"\w+", wish.casefold()))
    )


def intent_request(message: str, shown: Sequence[str]) -> DecisionRequest:
    """The question what a message asks for. shown: titles of the items shown last, in order."""
    values = {"message": one_line(message, words=120), "shown": [one_line(title) for title in shown]}
    return DecisionRequest(prompts.load(INTENT_PROMPT).render(**values), [Choice("", cast(Mapping[str, str], INTENTS))])


def wishes_prompt(rest: str) -> Rendered:
    """What is asked about the words that the parser left over, as `wish_text` gives them."""
    return render(WISHES_PROMPT, {"message": rest})


async def _ask_intent(state: TurnState, context: TurnContext, *, fallback: Intent) -> tuple[Intent, str, list[str]]:
    titles = [context.catalogue[item_id].title for item_id in state.last_slate if item_id in context.catalogue]
    request, label = intent_request(state.message, titles), prompts.load(INTENT_PROMPT).label
    try:
        decisions = await context.ask.decide("understanding", label, request)
    except ModelError as error:
        return fallback, "nobody", [f"What you want was guessed: {error}."]
    intent = cast(Intent, decisions.answers[0].best)
    if names_things_only(intent, state.message, context.items.told(context.catalogue.name)):
        return "recommend", f"decide {decisions.kind}, put right: it only names what is looked for", []
    return intent, f"decide {decisions.kind}", []


async def _ask_wishes(rest: str, context: TurnContext) -> tuple[tuple[str, ...], str, list[str]]:
    try:
        answer = await context.ask.text("understanding", wishes_prompt(rest))
    except ModelError as error:
        return (rest,), "your own words", [f"Your wishes were taken word for word: {error}."]
    wishes = split_wishes(answer)
    own = own_words(wishes, rest)
    if wishes and not own and not refuses(rest):
        return (rest,), "your own words", []  # what the model named was not said
    return tuple(wish for wish in own if not refuses(wish) and not turned_away(rest, wish)), "chat model", []


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
_EMPTY_WORDS = frozenset(
    (
        "a an and any anything are at can could do find for from get give had has have hello hey hi i i'd i'm in is "
        "it like ll looking m me more my need of ok okay on one or please recommend s see show some something suggest "
        "that the them there these thing things this to us want wanted what with would you d re ve film films movie "
        "surprise whatever recommendation recommendations suggestion suggestions idea ideas don't dont t know no not "
        "mind care decide choose pick whichever help watch tonight buy see best good nice new your "
        "movies print prints item items picture pictures"
    ).split()
)
