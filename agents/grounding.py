"""Which item is meant: the question that is asked where a name or a description leaves it open."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from agents.context import TurnContext, attribute_lines
from agents.parsing.parsed import Unsure
from agents.state import TurnState, TurnUpdate
from agents.wishes import wish_text
from agents.wording import MAX_WORDS, one_line
from memory.errors import EmbedderFailed

if TYPE_CHECKING:
    from agents.parsing import Parsed

MOST_ASKED = 4  # items to choose from in a question
NEAR_IN_MEANING = 0.55  # the least cosine at which an item is offered for a name that nobody has
NOT_KNOWN = "“{}” is not in the catalogue."
SOMETHING_ELSE = "Something else"


def asked_back(state: TurnState, parsed: Parsed, context: TurnContext) -> TurnUpdate | None:
    """The one question about what is meant, where the message rests on it; None where it can be acted upon.

    Its answers are the message itself with the item's title in it, so each can be sent as it is.
    """
    if parsed.unsure:
        return _which_one(parsed.unsure[0], context, shown=len(state.last_slate))
    if not parsed.unknown or parsed.filters or parsed.comparisons or parsed.likes or parsed.dislikes:
        return None
    if state.upload or wish_text(parsed.residual) or parsed.mentioned:
        return None
    name = parsed.unknown[0]
    near = [f"Something like {told}" for told in _titles(_near_in_meaning(name, context), context)]
    rest = " These come near it:" if near else " What do you like about it?"
    replies = (*near, SOMETHING_ELSE) if near else ()
    return _question(f"{NOT_KNOWN.format(one_line(name, words=12))}{rest}", near, replies)


def about_one(parsed: Parsed, context: TurnContext) -> tuple[str, ...]:
    """What a message that is only a title may want, to be sent as it is; nothing for any other message."""
    if not parsed.bare:
        return ()
    [title] = _titles([parsed.mentioned[0].item_id], context)
    return f"Something like {title}", f"I like {title}"


def known_of(item_id: str, context: TurnContext) -> str:
    """All words by which an item shown can be pointed at: its title, what is known of it, and its attributes."""
    item = context.catalogue[item_id]
    view = context.views((item_id,)).get(item_id, "")
    return f"{item.title}. {view}. {attribute_lines(context.catalogue, item)}"


def _which_one(unsure: Unsure, context: TurnContext, *, shown: int) -> TurnUpdate:
    said = one_line(unsure.said, words=12)
    if unsure.why == "several":
        popular = context.collaborative.popularities(unsure.item_ids)
        order = sorted(range(len(unsure.item_ids)), key=lambda place: (-popular[place], place))[:MOST_ASKED]
        titles = _titles([unsure.item_ids[place] for place in order], context, quoted=False)
        return _question(f"Which “{said}” do you mean?", titles, [f"Something like {title}" for title in titles])
    titles = _titles(unsure.item_ids[:MOST_ASKED], context)
    extra: tuple[str, ...] = (SOMETHING_ELSE,) if unsure.why == "near" else ()
    if unsure.why == "shown" and len(unsure.item_ids) > 1 and len(unsure.item_ids) == shown:
        text = f"I cannot tell which of these is “{said}”. Do you mean"
        extra = (SOMETHING_ELSE,)
    elif unsure.why == "shown":
        text = f"Which one do you mean by “{said}”?"
    else:
        text = f"{NOT_KNOWN.format(said)} Did you mean" + ("" if len(titles) == 1 else " one of these:")
    alone = not re.search(r"\w", unsure.before + unsure.after)
    replies = [f"Something like {title}" if alone else f"{unsure.before}{title}{unsure.after}" for title in titles]
    return _question(text, titles, (*replies, *extra))


def _question(text: str, titles: Sequence[str], replies: Sequence[str]) -> TurnUpdate:
    told = f" {', '.join(titles[:-1])} or {titles[-1]}" if len(titles) > 1 else f" {titles[0]}" if titles else ""
    mark = "" if not told else "?" if not text.endswith("?") else "."
    return {
        "intent": "question",
        "understood_by": ("names: parser",),
        "question": f"{text}{told}{mark}",
        "quick_replies": tuple(replies),
    }


def _titles(item_ids: Sequence[str], context: TurnContext, *, quoted: bool = True) -> list[str]:
    """The titles, in quotes as the parser reads them back, with the year where one stands for several."""
    items = [context.catalogue[item_id] for item_id in item_ids]
    titles = [one_line(item.title, words=MAX_WORDS["title"]) for item in items]
    told = [f"“{title}”" if quoted and not re.search('[“”"]', title) else title for title in titles]
    dated = [item.attributes.get("year") for item in items]
    return [
        f"{name} ({year:g})" if titles.count(title) > 1 and isinstance(year, float) else name
        for name, title, year in zip(told, titles, dated, strict=True)
    ]


def _near_in_meaning(name: str, context: TurnContext) -> list[str]:
    """The items that a name without letters in common may mean, nearest first; none where nothing can be searched."""
    try:
        context.prepare([name])
        found = context.items.nearest(context.catalogue.name, name, limit=3)
    except EmbedderFailed:
        return []
    return [item_id for item_id, cosine in found if cosine >= NEAR_IN_MEANING and item_id in context.catalogue]
