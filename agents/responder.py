"""The responder: says the slate with its reasons, answers a question, or confirms what was learned."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from langgraph.runtime import Runtime

from agents.asking import Rendered, render
from agents.context import TurnContext, attribute_lines
from agents.events import Progress, SlateReady, TextDelta, TextRestart
from agents.evidence import mentions, plain_reason
from agents.state import Citation, Message, SlateItem, TurnState, TurnUpdate
from agents.wording import MAX_WORDS, one_line
from memory.preferences import Preference
from models.errors import ModelError

PROMPT, TALK_PROMPT = "responder", "responder_talk"
HISTORY_KEPT = 20  # messages
ITEMS_TOLD = 5  # at most, of those a question may be about
_NUMBERED = re.compile(r"^\s*(\d+)[.)]\s*(.+)$")


@dataclass(frozen=True)
class Heard:
    """A model's reply taken apart. reasons: by place in the slate, from 0; only those that hold."""

    text: str
    reasons: dict[int, str]


async def respond(state: TurnState, runtime: Runtime[TurnContext]) -> TurnUpdate:
    """Answer the user. A model that fails leaves the slate with its evidence, and says in words what went wrong."""
    context = runtime.context
    runtime.stream_writer(Progress("respond", "writing the answer"))
    if state.intent in ("recommend", "critique"):
        update = await _present(state, context, runtime.stream_writer)
    else:
        update = await _talk(state, context, runtime.stream_writer)
    said = (Message("user", state.message), Message("assistant", update["reply"]))
    return {**update, "history": (*state.history, *said)[-HISTORY_KEPT:]}


async def _present(state: TurnState, context: TurnContext, write: Callable[[object], None]) -> TurnUpdate:
    if not state.slate:
        reply = nothing_left(state)
        write(TextDelta(reply))
        return {"reply": reply}
    preference = context.preferences.current(state.user_id, context.catalogue.name)
    problems = state.problems
    try:
        text = await _streamed(context, _slate_prompt(state, context, preference), write)
        heard = heard_reasons(text, state.slate, preference)
    except ModelError as error:
        heard, problems = Heard("", {}), (*problems, f"The reasons below are the bare evidence: {error}.")
    slate = tuple(
        replace(card, reason=heard.reasons.get(place) or plain_reason(card.citations))
        for place, card in enumerate(state.slate)
    )
    write(SlateReady(slate))
    return {"slate": slate, "reply": heard.text or _listed(slate), "problems": problems}


async def _talk(state: TurnState, context: TurnContext, write: Callable[[object], None]) -> TurnUpdate:
    preference = context.preferences.current(state.user_id, context.catalogue.name)
    about = tuple(dict.fromkeys([*state.mentioned, *(state.last_slate if state.intent == "question" else ())]))
    views = context.views(about[:ITEMS_TOLD])
    items = [
        {
            "title": one_line(item.title),
            "text": "; ".join(filter(None, [views[item_id], attribute_lines(context.catalogue, item)])),
        }
        for item_id in views
        if (item := context.catalogue.get(item_id)) is not None
    ]
    values = {
        "message": one_line(state.message, words=120),
        "prose": preference.prose,
        "items": items,
        "news": state.news,
    }
    try:
        return {"reply": await _streamed(context, render(TALK_PROMPT, values), write)}
    except ModelError as error:
        reply = f"I could not answer: {error}." + (f" Noted all the same: {state.news}." if state.news else "")
        write(TextDelta(reply))
        return {"reply": reply, "problems": (*state.problems, str(error))}


async def _streamed(context: TurnContext, rendered: Rendered, write: Callable[[object], None]) -> str:
    pieces: list[str] = []

    def restart(reason: str) -> None:
        pieces.clear()
        write(TextRestart(reason))

    async for piece in context.ask.stream("responder", rendered, on_restart=restart):
        pieces.append(piece)
        write(TextDelta(piece))
    return "".join(pieces).strip()


def _slate_prompt(state: TurnState, context: TurnContext, preference: Preference) -> Rendered:
    views = context.views(tuple(card.item_id for card in state.slate))
    items = [
        {
            "title": one_line(card.title, words=MAX_WORDS["title"]),
            "summary": one_line(views[card.item_id], words=MAX_WORDS["summary"]),
            "fits": fits(card.citations),
        }
        for card in state.slate
    ]
    wish = state.message or "show me something for this picture"
    return render(PROMPT, {"message": one_line(wish, words=120), "prose": preference.prose, "items": items})


def fits(citations: Sequence[Citation]) -> str:
    """The evidence as the prompt lists it: facts first, then wishes and what else speaks for the item."""
    order = ("fact", "wish", "neighbours", "filter")
    texts = [citation.text for kind in order for citation in citations if citation.kind == kind]
    return ", ".join(texts[:4])


def heard_reasons(text: str, slate: Sequence[SlateItem], preference: Preference) -> Heard:
    """Take a reply apart: its numbered lines are the reasons of the items in those places.

    A reason stands only if it claims no taste the item does not meet: naming a liked value that none of the item's
    citations carries drops it, and so does naming another item of the slate.
    """
    reasons: dict[int, str] = {}
    for line in text.splitlines():
        match = _NUMBERED.match(line)
        if match is None or not 1 <= int(match[1]) <= len(slate):
            continue
        place = int(match[1]) - 1
        reason = _without_title(match[2], slate[place].title)
        if reason and place not in reasons and _holds(reason, place, slate, preference):
            reasons[place] = reason
    return Heard(text, reasons)


def nothing_left(state: TurnState) -> str:
    """What to say when nothing passes the filters: which condition to give up, if one alone would help."""
    told = " and ".join(str(condition) for condition in state.filters) or "what you ask"
    offers = f" Giving one up would leave: {'; '.join(state.relaxations[:3])}." if state.relaxations else ""
    return f"Nothing in the catalogue meets {told} that you have not seen here.{offers}"


def _without_title(line: str, title: str) -> str:
    head, separator, rest = line.partition(":")
    if line.casefold().startswith(title.casefold()):
        return line[len(title) :].lstrip(" :–—-").strip()
    return rest.strip() if separator and rest.strip() else head.strip()


def _holds(reason: str, place: int, slate: Sequence[SlateItem], preference: Preference) -> bool:
    evidence = " ".join(citation.text for citation in slate[place].citations) + f" {slate[place].title}"
    foreign = [card.title for other, card in enumerate(slate) if other != place and card.title != slate[place].title]
    if any(mentions(reason, title) and not mentions(evidence, title) for title in foreign):
        return False
    return not any(mentions(reason, fact.value) and not mentions(evidence, fact.value) for fact in preference.holding)


def _listed(slate: Sequence[SlateItem]) -> str:
    return "\n".join(f"{place}. {card.title}: {card.reason}" for place, card in enumerate(slate, 1))
