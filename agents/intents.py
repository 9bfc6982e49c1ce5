"""What a message is: a request, a change of what is shown, feedback, a question, a correction, or small talk."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

import prompts
from agents.context import TurnContext
from agents.leftovers import left_over
from agents.parsing.lexicon import COMMON_WORDS
from agents.parsing.negation import refuses
from agents.parsing.stances import is_a_name
from agents.state import Intent, TurnState
from agents.wording import one_line
from models.decisions import Choice, DecisionRequest
from models.errors import ModelError

if TYPE_CHECKING:
    from agents.parsing import Parsed

INTENTS: Mapping[Intent, str] = {
    "recommend": "wants suggestions",
    "critique": "wants the shown items changed in some way",
    "feedback": "says they like or dislike something shown",
    "question": "asks about an item",
    "correct_taste": "corrects what is believed about their taste",
    "small_talk": "anything else",
}
INTENT_PROMPT = "understanding_intent"
_OWN_TASTE = re.compile(
    r"\W*(?:i|we)(?: really| just| absolutely)? "
    r"(?:hate|dislike|can['’]?t stand|love|adore|(?:don['’]?t |do not )?like)\b",
    re.IGNORECASE,
)
_ANSWERS = frozenset("whatever sure fine yep yeah nope nothing really ok okay please".split())  # to a question
_JOINTS = frozenset("a an the some and or with in of".split())
LONGEST_NAMES = 6  # words
_REFUSAL = re.compile(r"(?:no|without|not) ")
_SPEAKER = re.compile(r"\b(?:i|im|id|ive|me|my|mine|myself|you|your|we|us|our)\b", re.IGNORECASE)
_OF_TASTE = re.compile(r"\b(?:liked|loved|hated|disliked|forget|avoid|remember|from now on|is always)\b", re.IGNORECASE)
_POINTS = re.compile(
    r"\b(?:its?|this|that|these|those|they|them|ones?|each|first|second|third|fourth|last|number|nr|item)\b|#",
    re.IGNORECASE,
)


async def intent_of(state: TurnState, parsed: Parsed, context: TurnContext) -> tuple[Intent, str, list[str]]:
    """The intent, who knew it, and what went wrong on the way: the parser where it is sure, else a typed decision."""
    certain = certain_intent(parsed, has_upload=bool(state.upload))
    if state.asked and certain == "small_talk" and _ANSWERS.issuperset(re.findall(r"\w+", state.message.casefold())):
        certain = None
    if certain is not None:
        return certain, "parser", []
    if state.asked:
        taste = _OWN_TASTE.match(state.message) is not None
        return "correct_taste" if taste else "recommend", "as the answer to a question", []
    return await _asked(state, parsed, context)


def certain_intent(parsed: Parsed, *, has_upload: bool) -> Intent | None:
    """The intent where the parser alone is sure of it, else None.

    Conditions and pictures ask for items whatever else is said; reactions with nothing else left are feedback.
    """
    if parsed.comparisons:
        anew = parsed.intent_hint == "recommend" and all(_REFUSAL.match(one.said) for one in parsed.comparisons)
        return "recommend" if anew else "critique"
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
    names nothing that pictures show; and who only talks says a sentence. told: all summaries of the catalogue, in
    small letters.
    """
    if joins_names(message) and intent not in ("recommend", "critique"):
        return True
    if intent not in ("correct_taste", "feedback", "small_talk") or refuses(message):
        return False
    if _SPEAKER.search(message) or _OF_TASTE.search(message):
        return False
    if intent == "correct_taste":
        return True
    if intent == "small_talk" and not is_a_name(message):
        return False
    return not _POINTS.search(message) and bool(left_over(message, (), told))


def joins_names(message: str) -> bool:
    """Whether a message is nothing but names that are joined: `birds and gardens`, `a heron in snow`."""
    words = re.findall(r"[^\W\d_]+", message.casefold())
    names = [word for word in words if word not in _JOINTS]
    joined = 1 < len(names) < len([word for word in words if word not in ("a", "an", "the", "some")]) <= LONGEST_NAMES
    return joined and not COMMON_WORDS.intersection(names) and not any(_OF_TASTE.search(word) for word in names)


def intent_request(message: str, shown: Sequence[str]) -> DecisionRequest:
    """The question what a message asks for. shown: titles of the items shown last, in order."""
    values = {"message": one_line(message, words=120), "shown": [one_line(title) for title in shown]}
    return DecisionRequest(prompts.load(INTENT_PROMPT).render(**values), [Choice("", cast(Mapping[str, str], INTENTS))])


async def _asked(state: TurnState, parsed: Parsed, context: TurnContext) -> tuple[Intent, str, list[str]]:
    titles = [context.catalogue[item_id].title for item_id in state.last_slate if item_id in context.catalogue]
    request, label = intent_request(state.message, titles), prompts.load(INTENT_PROMPT).label
    try:
        decisions = await context.ask.decide("understanding", label, request)
    except ModelError as error:
        return "recommend", "nobody", [f"What you want was guessed: {error}."]
    ranked = sorted(decisions.answers[0].probabilities.items(), key=lambda one: -one[1])
    about = bool(parsed.mentioned or parsed.unsure or _POINTS.search(state.message))
    names = is_a_name(state.message) and not titles  # of nothing that could be changed or judged
    impossible = {"critique", "feedback"} if names else set[str]()
    impossible |= set() if about or state.upload else {"question"}
    intent = cast(Intent, next(name for name, _ in ranked if name not in impossible))
    if names_things_only(intent, state.message, context.items.told(context.catalogue.name)):
        return "recommend", f"decide {decisions.kind}, put right: it only names what is looked for", []
    return intent, f"decide {decisions.kind}", []
