"""Answers that compare items: why one rather than another, and which of several is more of something."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from agents.context import TurnContext, told_attributes
from agents.critiques import leaning
from agents.evidence import mentions
from agents.parsing.comparisons import read_comparisons
from agents.parsing.index import index_of
from agents.parsing.parsed import Comparison
from agents.parsing.tokens import Reading
from agents.reply import NOTHING_KNOWN
from agents.state import Citation, Critique, SlateItem, TurnState
from agents.wording import one_line
from catalog.items import Item

_WHY = re.compile(r"\bwhy\b|\bhow come\b", re.IGNORECASE)
_RATHER = re.compile(r"\b(?:rather than|instead of|and not|but not|over|ahead of|before|not)\b", re.IGNORECASE)
_WHICH_OF = re.compile(r"\W*(?:and |so |ok |okay )?(?:which|what)\b", re.IGNORECASE)
_MOST = re.compile(r"\b(most|least) (\w+)|\b(\w{3,})est\b", re.IGNORECASE)
_OTHERWISE = re.compile(r"\b(?:so|too|is|are|was|were|does|do|has|have) (?:it|this|that|they|the)\b", re.IGNORECASE)
_TOLD = {
    "fact": "you like {}", "wish": "you asked for {}", "critique": "{}",
    "picture": "it has in common with what you chose: {}", "filter": "it meets {}", "neighbours": "{}",
}  # fmt: skip
MOST_TOLD = 3  # citations on either side


def told_apart(state: TurnState, context: TurnContext) -> str:
    """The answer to a question that compares items, from what was used and from the catalogue; empty for any other."""
    if _WHY.search(state.message) and _RATHER.search(state.message):
        return _why_rather(state, context)
    if _WHY.search(state.message) and len(state.mentioned) == 1 and not _OTHERWISE.search(state.message):
        return _why_this(state.mentioned[0], state, context)
    ids = state.mentioned if len(state.mentioned) > 1 else state.last_slate
    items = [context.catalogue[item_id] for item_id in ids if item_id in context.catalogue]
    return _which(state.message, items, context) if len(items) > 1 else ""


def _why_rather(state: TurnState, context: TurnContext) -> str:
    place = _RATHER.search(state.message)
    named = [one for one in state.mentioned if one in context.catalogue]
    if not named or place is None:
        return ""
    others = [one for one in state.last_slate if one not in named and one in context.catalogue]
    chosen, other = (named[0], named[1]) if len(named) > 1 else (others[0] if others else "", named[0])
    if len(named) == 1 and chosen and place[0].casefold() == "not" and other not in state.last_slate:
        return _why_not(other, state, context)
    cards = {card.item_id: card for card in state.last_cards}
    if chosen not in cards or chosen == other:
        return ""
    if other not in cards:
        return _why_not(other, state, context)
    return _between(cards[chosen], cards[other], state, context)


def _why_this(item_id: str, state: TurnState, context: TurnContext) -> str:
    """The reason that an item of the last slate was shown with; empty for any other."""
    card = next((one for one in state.last_cards if one.item_id == item_id), None)
    if card is None or item_id not in context.catalogue:
        return ""
    return f"{one_line(card.title)}: {card.reason or NOTHING_KNOWN}"


def _between(chosen: SlateItem, other: SlateItem, state: TurnState, context: TurnContext) -> str:
    """What was used for the one and not for the other, each citation checked once more."""
    for_it = _only(chosen, other, state, context)
    against = _only(other, chosen, state, context)
    lines = [f"{one_line(chosen.title)} rather than {one_line(other.title)}: {_sentence(for_it)}."] if for_it else []
    if against:
        lines.append(f"For {one_line(other.title)} speaks, and not for the first: {_sentence(against)}.")
    if chosen.p is not None and other.p is not None and chosen.kind == other.kind:
        one, two = round(chosen.p, 2), round(other.p, 2)
        verb = "above" if one > two else "below" if one < two else "level with"
        lines.append(f"The model put it {verb} the other: {one:.2f} against {two:.2f}.")
    if not for_it and not against:
        lines.insert(
            0, f"Nothing that I used tells {one_line(chosen.title)} and {one_line(other.title)} apart in words."
        )
    return " ".join(lines)


def _why_not(item_id: str, state: TurnState, context: TurnContext) -> str:
    """Why an item is not among those shown, as far as it is known."""
    item, title = context.catalogue[item_id], one_line(context.catalogue[item_id].title)
    failed = [condition for condition in state.conditions if not condition.matches(item)]
    if failed:
        told = {spec.name: value for spec, value in told_attributes(context.catalogue, item)}
        have = [f"{one.attribute.replace('_', ' ')} is {told.get(one.attribute, 'not given')}" for one in failed]
        asked = " and ".join(one.said or str(one) for one in failed)
        return f"{title} is left out by what you asked, {asked}: its {', its '.join(have)}."
    if item_id in state.shown:
        return f"{title} was shown before in this conversation, and nothing is shown twice unless you ask."
    return f"{title} meets all that you asked; others came before it by what I know of your taste and your wishes."


def _only(one: SlateItem, other: SlateItem, state: TurnState, context: TurnContext) -> list[Citation]:
    theirs = {_matter(citation) for citation in other.citations}
    own = [citation for citation in one.citations if citation.kind in _TOLD]
    apart = [citation for citation in own if _matter(citation) not in theirs]
    return [citation for citation in apart if holds_still(citation, one.item_id, state, context)][:MOST_TOLD]


def _matter(citation: Citation) -> tuple[str, str]:
    """What a citation speaks of: two that go along one critique, by whatever words, do not differ."""
    return citation.kind, citation.ref if citation.kind == "critique" else citation.text


def holds_still(citation: Citation, item_id: str, state: TurnState, context: TurnContext) -> bool:
    """Whether a citation is of something that is there and true of the item now."""
    item = context.catalogue[item_id]
    view = context.views((item_id,)).get(item_id, "")
    spoken = f"{view} {' '.join(value for _, value in told_attributes(context.catalogue, item))}"
    checks: dict[str, Callable[[], bool]] = {
        "fact": lambda: any(
            fact.fact_id == citation.ref and mentions(spoken, fact.value)
            for fact in context.taste(state.user_id).holding
        ),
        "wish": lambda: citation.ref in state.wishes and all(mentions(spoken, one) for one in citation.text.split()),
        "picture": lambda: bool(state.upload_summary) and all(mentions(view, one) for one in citation.text.split(", ")),
        "critique": lambda: (
            any(one.said == citation.ref for one in state.critiques)
            and all(mentions(view, one) for one in citation.text.partition(": ")[2].split(", "))
        ),
        "filter": lambda: any(str(one) == citation.text and one.matches(item) for one in state.conditions),
        "neighbours": lambda: (
            citation.ref in context.catalogue
            and citation.text.startswith(f"{context.collaborative.kept_by(citation.ref, item_id)} ")
        ),
    }
    return citation.kind in checks and checks[citation.kind]()


def _sentence(citations: Sequence[Citation]) -> str:
    texts = []
    for one in citations:
        words = one.text.removeprefix("like ").removeprefix("must ") if one.kind == "fact" else one.text
        texts.append(_TOLD[one.kind].format(words))
    return "; ".join(texts)


def _which(question: str, items: Sequence[Item], context: TurnContext) -> str:
    """Which of these is the most of what is asked, by the catalogue's numbers or by what summaries say."""
    comparison = _asked(question, context)
    if comparison is None:
        beyond = _MOST.search(question) if _WHICH_OF.match(question) else None
        return f"The catalogue does not tell which of these is the {beyond[0].casefold()}." if beyond else ""
    if comparison.measure:
        return _by_number(comparison, items, context)
    critique = Critique("", quality="asked", towards=comparison.pole.towards, away=comparison.pole.away)
    views = context.views(tuple(item.item_id for item in items))
    found = sorted(((leaning(views[item.item_id], (critique,)), item) for item in items), key=lambda one: -one[0])
    best = [item for value, item in found if value == found[0][0]]
    if found[0][0] <= 0 or len(best) == len(items):
        return f"What is known of them does not tell which is {comparison.said}."
    titles = " and ".join(one_line(item.title) for item in best)
    said = [word for word in comparison.pole.towards if mentions(views[best[0].item_id], word)]
    verb = "are" if len(best) > 1 else "is"
    return f"{titles} {verb} {comparison.said} than the others by what is known of them: {', '.join(said[:2])}."


def _by_number(comparison: Comparison, items: Sequence[Item], context: TurnContext) -> str:
    told = {item.item_id: dict(_named(context, item)) for item in items}
    given = [item for item in items if isinstance(item.attributes.get(comparison.measure), float)]
    if not given:
        return ""
    given.sort(key=lambda item: _number(item, comparison.measure), reverse=comparison.direction == "more")
    best = [item for item in given if _number(item, comparison.measure) == _number(given[0], comparison.measure)]
    rest = [f"{one_line(item.title)} {told[item.item_id][comparison.measure]}" for item in given[len(best) :]]
    lacking = [one_line(item.title) for item in items if item not in given]
    titles = " and ".join(one_line(item.title) for item in best)
    answer = f"{titles}: {told[best[0].item_id][comparison.measure]}."
    answer += f" Then {', '.join(rest)}." if rest else " They are all the same in that." if len(best) > 1 else ""
    return answer + (f" The catalogue does not give it for {' and '.join(lacking)}." if lacking else "")


def _named(context: TurnContext, item: Item) -> list[tuple[str, str]]:
    return [(spec.name, value) for spec, value in told_attributes(context.catalogue, item)]


def _number(item: Item, name: str) -> float:
    value = item.attributes.get(name)
    return value if isinstance(value, float) else 0.0


def _asked(question: str, context: TurnContext) -> Comparison | None:
    """The comparison that a question makes: `cheapest` asks for the cheaper one, `the least busy` for the less busy."""
    if not _WHICH_OF.match(question):
        return None

    def lesser(match: re.Match[str]) -> str:
        return f"{match[3]}er" if match[3] else f"{'more' if match[1].casefold() == 'most' else 'less'} {match[2]}"

    plain = re.sub(
        r"\b(?:which|what|is|are|the|one|of|these|those|them|two|three|four|looks?)\b", " ", question, flags=re.I
    )
    found = read_comparisons(Reading(_MOST.sub(lesser, plain)), index_of(context.catalogue), (), shown=True)
    return found[0] if found else None
