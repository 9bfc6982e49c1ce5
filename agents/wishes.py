"""Wishes: what a message asks for beyond exact filters, in its own words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from agents.asking import Rendered, render
from agents.context import TurnContext
from agents.leftovers import left_over, named_beside
from agents.parsing.negation import refuses, turned_away
from agents.parsing.spelling import spelled
from agents.parsing.stances import is_a_name, leaves_the_choice
from agents.state import TurnState
from agents.wording import MAX_WORDS, one_line
from models.errors import ModelError

if TYPE_CHECKING:
    from agents.parsing import Parsed

WISHES_PROMPT = "understanding_wishes"
MAX_WISHES = 6
_OPENERS = """please hi hello hey im am 'm 'd in the mood that is are which there with but show find give get recommend
    suggest me i'd i'm i want need would like looking something anything some any for a an ones one pictures picture
    items item films film movies movie prints print good nice
    what which would should could do does you your watch have it got"""  # what begins a request and says nothing
_AROUND = re.compile(r"^(?:no|nope|nah|yes|yeah|ok|okay|well)\s*[,;.!]\s*|\s+(?:only|instead)\W*$", re.IGNORECASE)
_REQUEST = re.compile(rf"^(?:(?:{'|'.join(_OPENERS.split())})\b[\s,:]*)+", re.IGNORECASE)


async def wishes_of(
    state: TurnState, parsed: Parsed, context: TurnContext
) -> tuple[tuple[str, ...], str, list[str]] | None:
    """What the message wishes for, who knew it, and what went wrong on the way; None where no words are left for one.

    What the chat model names, as far as it was said; of a plain request for which it names nothing the words
    themselves; and what it overhears although pictures of the catalogue show it.
    """
    told = context.items.told(context.catalogue.name)
    rest = spelled(_AROUND.sub("", wish_text(parsed.residual)), told)
    if not rest:
        return None
    named, by, problems = await _asked(rest, context)
    if state.upload and by == "your own words":
        named, by = (), "the picture"  # it says more than what was said about it
    plain = parsed.intent_hint == "recommend" or is_a_name(state.message)
    plainly = plain and not (named or state.upload or parsed.likes or parsed.dislikes)
    missed = left_over(rest, named, told)
    vague = bool(missed) or leaves_the_choice(rest.casefold().strip(" .!?"))
    asked = _welcome(_REQUEST.sub("", rest), state.message) if plainly and not vague else ""
    if asked:
        named, by = (asked,), "your own words"  # who asks in so many words does not ask in vain
    wishes = tuple(wish for wish in named if not turned_away(state.message, wish))  # the parser may keep the "no"
    missed = (*left_over(rest, wishes, told), *named_beside(rest, wishes))
    if missed and not refuses(rest):
        return (*wishes, *missed)[:MAX_WISHES], f"{by} and what pictures show", problems
    return wishes, by, problems


def _welcome(asked: str, message: str) -> str:
    """The words of a request, without the parts that say what it is not to be."""

    def refused(part: str) -> bool:
        return any(turned_away(message, word) for word in re.findall(r"\w{3,}", part))

    if not refused(asked):
        return asked
    parts = [part.strip() for part in re.split(r"[,.;!?]|\bbut\b|\band\b", asked)]
    return ", ".join(part for part in parts if part and wish_text(part) and not refused(part))


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


def wishes_prompt(rest: str) -> Rendered:
    """What is asked about the words that the parser left over, as `wish_text` gives them."""
    return render(WISHES_PROMPT, {"message": rest})


async def _asked(rest: str, context: TurnContext) -> tuple[tuple[str, ...], str, list[str]]:
    try:
        answer = await context.ask.text("understanding", wishes_prompt(rest))
    except ModelError as error:
        return (rest,), "your own words", [f"Your wishes were taken word for word: {error}."]
    wishes = tuple(wish for wish in split_wishes(answer) if wish_text(wish))
    own = own_words(wishes, rest)
    if wishes and not own and not refuses(rest):
        return (rest,), "your own words", []  # what the model named was not said
    return tuple(wish for wish in own if not refuses(wish) and not turned_away(rest, wish)), "chat model", []


_EMPTY_WORDS = frozenset(
    (
        "a an and any anything are at can could do find for from get give had has have hello hey hi i i'd i'm in is "
        "it like ll looking m me more my need of ok okay on one or please recommend s see show some something suggest "
        "that the them there these thing things this to us want wanted what with would you d re ve film films movie "
        "surprise whatever recommendation recommendations suggestion suggestions idea ideas don't dont t know no not "
        "am heard seen ever called titled named "
        "mind care decide choose pick whichever help watch tonight buy see best good nice new your "
        "movies print prints item items picture pictures"
    ).split()
)
