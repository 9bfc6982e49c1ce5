"""The responder: says the slate with its reasons, answers a question, or confirms what was learned.

What a model writes is read by `ReplyReader` and `TalkReader`; only what they checked is shown, streamed or kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace

from langgraph.runtime import Runtime

from agents.answers import item_facts
from agents.asking import Rendered, render
from agents.clarify import put
from agents.context import TurnContext, attribute_lines, described
from agents.contrast import told_apart
from agents.events import Progress, SlateReady, TextDelta, TextRestart
from agents.evidence import as_said
from agents.opening import Asked
from agents.parsing.index import index_of
from agents.reply import ReplyReader
from agents.state import Citation, Message, TurnState, TurnUpdate
from agents.talk import TalkGround, TalkReader
from agents.wording import MAX_WORDS, one_line
from catalog.items import Catalogue
from memory.preferences import Preference
from models.errors import ModelError
from tracing.events import Note

PROMPT, TALK_PROMPT = "responder", "responder_talk"
NOTHING_TO_UNDO = "There is nothing to undo in this conversation."
HISTORY_KEPT = 20  # messages
NOTED = 6  # latest events that an answer tells of
ITEMS_TOLD = 5  # at most, of those a question may be about


async def respond(state: TurnState, runtime: Runtime[TurnContext]) -> TurnUpdate:
    """Answer the user. A model that fails leaves the slate with its evidence, and says in words what went wrong."""
    context = runtime.context
    runtime.stream_writer(Progress("respond", "writing the answer"))
    if state.intent in ("recommend", "critique"):
        update = await _present(state, context, runtime.stream_writer)
    else:
        update = await _talk(state, context, runtime.stream_writer)
    said = (Message("user", state.message), Message("assistant", update["reply"]))
    return {"asked": (), **update, "history": (*state.history, *said)[-HISTORY_KEPT:]}


async def _present(state: TurnState, context: TurnContext, write: Callable[[object], None]) -> TurnUpdate:
    if state.question:
        reply = put(state.question)
        write(TextDelta(reply))
        return {"reply": reply, "asked": state.quick_replies}
    if not state.slate:
        reply = nothing_left(state)
        write(TextDelta(reply))
        return {"reply": reply, "quick_replies": ways_out(state) if state.relaxations else ()}
    preference = context.taste(state.user_id)
    item_ids = [*(card.item_id for card in state.slate), *(candidate.item_id for candidate in state.candidates)]
    views = context.views(tuple(item_ids))
    known = {
        item_id: f"{view}; {attribute_lines(context.catalogue, context.catalogue[item_id])}"
        for item_id, view in views.items()
    }
    asked = Asked(
        state.message, state.wishes, state.conditions, state.upload_summary, likened(state, context.catalogue)
    )
    reader, problems = ReplyReader(state.slate, preference, known, asked), state.problems
    note = changes(state)
    _tell(note, write)

    def restart(reason: str) -> None:
        nonlocal reader
        reader = ReplyReader(state.slate, preference, known, asked)
        write(TextRestart(reason))
        _tell(note, write)

    prompt = slate_prompt(state, preference, views)
    try:
        async for piece in context.ask.stream("responder", prompt, on_restart=restart):
            _tell(reader.feed(piece), write)
    except ModelError as error:
        problems = (*problems, f"The reasons are the bare evidence where no model wrote them: {error}.")
    _tell(reader.finish(), write)
    if reader.rewritten:
        context.recorder.record(Note(what="reasons", detail=f"{reader.rewritten} did not hold: evidence shown instead"))
    for remark in reader.remarks:
        context.recorder.record(Note(what="reply", detail=remark))
    slate = tuple(replace(card, reason=reader.reasons[place]) for place, card in enumerate(state.slate))
    write(SlateReady(slate))
    return {"slate": slate, "last_cards": slate, "reply": f"{note}{reader.text}", "problems": problems}


async def _talk(state: TurnState, context: TurnContext, write: Callable[[object], None]) -> TurnUpdate:
    preference = context.taste(state.user_id)
    if state.question:
        _tell(state.question, write)
        return {"reply": state.question, "asked": state.quick_replies or (state.question,)}
    if state.undone == "nothing":
        _tell(NOTHING_TO_UNDO, write)
        return {"reply": NOTHING_TO_UNDO}
    if state.intent == "question" and (apart := told_apart(state, context)):
        context.recorder.record(
            Note(what="reply", detail="the answer was composed from what was used and the catalogue")
        )
        _tell(apart, write)
        return {"reply": apart}
    learned = state.intent in ("feedback", "correct_taste")
    about = () if learned else state.mentioned or (state.last_slate if state.intent == "question" else ())
    news = "; ".join(filter(None, [noted(state, context.catalogue), state.news])) if learned else ""
    told = context.views(about[:ITEMS_TOLD])
    items = [
        (item, "; ".join(filter(None, [prose, attribute_lines(context.catalogue, item)])))
        for item_id, view in told.items()
        if (item := context.catalogue.get(item_id)) is not None
        for prose in [item.text if view == described(item) else view]  # attributes are not told twice
    ]
    all_known = [(item, text if item.text in text else f"{text}; {item.text}") for item, text in items]
    said = [message.text for message in state.history if message.role == "assistant"]
    ground = TalkGround(
        message=state.message,
        preference=preference,
        index=index_of(context.catalogue),
        news=news,
        waiting=not_weighed(preference, context) if state.intent == "small_talk" else "",
        items=item_facts(all_known, state.message, context.catalogue, said=said),
        asks=state.intent == "question",
        learns=learned,
    )
    values = {
        "message": one_line(state.message, words=120),
        "prose": preference.prose,
        "items": [{"title": one_line(item.title), "text": text} for item, text in items],
        "news": news,
    }
    reader, problems = TalkReader(ground), state.problems
    note = "".join(f"{effect} " for effect in state.effects)
    _tell(note, write)

    def restart(reason: str) -> None:
        nonlocal reader
        reader = TalkReader(ground)
        write(TextRestart(reason))
        _tell(note, write)

    try:
        async with aclosing(context.ask.stream("responder", render(TALK_PROMPT, values), on_restart=restart)) as pieces:
            async for piece in pieces:
                _tell(reader.feed(piece), write)
                if reader.lost:
                    break
    except ModelError as error:
        if not ground.composes_answer:
            lead = "\n" if reader.text else ""
            told_all_the_same = f" Noted all the same: {news}." if news else ""
            reply = f"{note}{reader.text}{lead}I could not answer: {error}.{told_all_the_same}"
            _tell(reply.removeprefix(f"{note}{reader.text}"), write)
            return {"reply": reply, "problems": (*problems, str(error))}
        problems = (*problems, f"The answer is from the catalogue alone, as no model wrote one: {error}.")
    _tell(reader.finish(), write)
    for remark in reader.remarks:
        context.recorder.record(Note(what="reply", detail=remark))
    return {"reply": f"{note}{reader.text}", "problems": problems}


def _tell(text: str, write: Callable[[object], None]) -> None:
    if text:
        write(TextDelta(text))


def slate_prompt(state: TurnState, preference: Preference, views: Mapping[str, str]) -> Rendered:
    """What the responder is asked about the slate of a turn. views: item id → what is known of it."""
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
    """The evidence as the prompt lists it: what it shares with a picture, facts, wishes, what else speaks for it."""
    order = ("critique", "picture", "fact", "wish", "neighbours", "filter")
    texts = [citation.text for kind in order for citation in citations if citation.kind == kind]
    return ", ".join(texts[:4])


def noted(state: TurnState, catalogue: Catalogue) -> str:
    """The likes and dislikes of this turn in words."""
    told = [f"now {reaction.kind} {one_line(catalogue[reaction.item_id].title)}" for reaction in state.reactions]
    return "; ".join(told)


def not_weighed(preference: Preference, context: TurnContext) -> str:
    """What the user said and did since their taste was last rewritten, in words, the latest last."""
    since = context.log.of_user(preference.user_id, context.catalogue.name, after=preference.watermark)
    told = dict[str, None]()
    for event in since[-NOTED:]:
        item = context.catalogue.get(event.item_id)
        if event.kind == "wish":
            told[f"you asked for “{one_line(event.text, words=MAX_WORDS['wish'])}”"] = None
        elif item is not None and event.liking:
            told[f"you {'liked' if event.liking > 0 else 'did not like'} {one_line(item.title)}"] = None
    return "; ".join(told)


def changes(state: TurnState) -> str:
    """What critiques of this turn changed in the slate, or what was taken back, as the reply begins; often nothing."""
    undone = state.undone
    lead = f"Undone: {undone}. " if undone else ""
    left = next((step.count for step in state.funnel if step.step == "not again"), 0) if lead else 0
    counted = f"{left:,} left. " if lead else ""
    return f"{lead}{counted}{''.join(f'{effect} ' for effect in state.effects)}"


def likened(state: TurnState, catalogue: Catalogue) -> tuple[str, ...]:
    """The titles of the items that more like are wanted of; none where a picture was sent."""
    ids = [item_id for one in state.critiques if one.likeness for item_id in one.about if item_id in catalogue]
    return tuple(one_line(catalogue[item_id].title) for item_id in ids)


def ways_out(state: TurnState) -> tuple[str, ...]:
    """What can be sent as it is to give up a condition that alone stands in the way; nothing of it is applied."""
    told = dict.fromkeys(as_said(condition) for condition in state.conditions)
    return tuple(f"Undo {said}" for said in told if any(f"“{said}”" in offer for offer in state.relaxations))[:3]


def nothing_left(state: TurnState) -> str:
    """What to say when nothing passes the filters: which condition to give up, if one alone would help."""
    said = [f"“{told}”" for told in dict.fromkeys(as_said(condition) for condition in state.conditions)]
    told = f"{', '.join(said[:-1])} and {said[-1]}" if len(said) > 1 else said[0] if said else "what you ask"
    beyond = ", beyond what you have seen here" if state.shown else ""
    offers = f" Giving one up would leave: {'; '.join(state.relaxations[:3])}." if state.relaxations else ""
    return f"{changes(state)}Nothing in the catalogue meets {told}{beyond}.{offers}"
