"""The preference memory: what a turn said and did is appended, and full blocks are folded into the taste."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from langgraph.runtime import Runtime

from agents.asking import Rendered, render
from agents.context import TurnContext
from agents.events import Progress
from agents.folding import Fold, finished_part
from agents.recurrence import fact_lines, next_version
from agents.state import Reaction, TurnState, TurnUpdate
from agents.taking_back import without_evidence
from agents.wording import MAX_WORDS, event_line, one_line
from memory.errors import StoreError
from memory.interactions import Interaction
from memory.preferences import Counts, Preference
from models.errors import ModelBadOutput, ModelError
from tracing.events import Note, PreferenceChange

PROMPT = "preference_memory"
CHANGES_TOLD = 3  # of one fold, in words


async def update_preference(state: TurnState, runtime: Runtime[TurnContext]) -> TurnUpdate:
    """Append what the turn said and did, then fold. A fold that fails leaves the old version and is retried later.

    What a like or dislike that is taken back had brought into the taste leaves it at once, without a model.
    """
    context = runtime.context
    try:
        context.append(said_and_done(state, context))
    except StoreError as error:
        return {"problems": (*state.problems, f"What you said and did could not be kept: {error}.")}
    before = context.taste(state.user_id)
    now = state.intent == "correct_taste"
    try:
        after = take_back(context, before, state.reactions) if _by_button(state) else before
        after = await fold_due(context, after, include_rest=now, announce=runtime.stream_writer)
    except (ModelError, StoreError) as error:
        return {"problems": (*state.problems, f"Your taste was not rewritten this time: {error}.")}
    return {"news": _told(before, after)}


def said_and_done(state: TurnState, context: TurnContext) -> list[Interaction]:
    """The interactions of one turn. Their keys come from the turn id, so a turn replayed adds nothing."""
    at, source, catalogue = context.now(), f"turn:{state.turn_id}", context.catalogue.name
    reactions = _one_thumb_each(state, context) if _by_button(state) else state.reactions
    done = [
        Interaction(
            user_id=state.user_id,
            catalogue=catalogue,
            kind=reaction.kind,
            item_id=reaction.item_id,
            at=at,
            source=source,
            key=f"{source}:{reaction.kind}:{reaction.item_id}",
        )
        for reaction in reactions
        if reaction.item_id in context.catalogue
    ]
    wishes = [*state.new_wishes]
    if state.intent == "correct_taste":
        wishes = [state.message]
    if state.upload_summary and (state.upload or state.more_like):
        liked = context.catalogue.get(state.more_like)
        wishes.append(f"something like {f'“{liked.title}”' if liked else 'this picture'}: {state.upload_summary}")
    said = [
        Interaction(
            user_id=state.user_id,
            catalogue=catalogue,
            kind="wish",
            text=wish,
            at=at,
            source=source,
            key=f"{source}:wish:{number}",
        )
        for number, wish in enumerate(wishes)
    ]
    return [*done, *said]


def take_back(context: TurnContext, before: Preference, reactions: Sequence[Reaction]) -> Preference:
    """The taste without what rested on likes and dislikes that are void now, saved and traced if anything did.

    reactions: of this turn, by buttons; what they took back is in the log already. Raises StoreError.
    """
    evidence = [event_id for fact in before.holding for event_id in fact.evidence]
    gone = context.log.taken_back(before.user_id, evidence) if evidence and reactions else set[int]()
    titles = " and ".join(
        f"“{one_line(context.catalogue[one.item_id].title, words=MAX_WORDS['title'])}”"
        for one in reactions
        if one.item_id in context.catalogue
    )
    after = without_evidence(
        before, gone, reason=f"you took back your thumb on {titles}", words=context.memory.words, now=context.now()
    )
    if after is not before:
        save_change(context, before, after)
    return after


async def fold_due(
    context: TurnContext,
    preference: Preference,
    *,
    include_rest: bool = False,
    everything: bool = False,
    announce: Callable[[Progress], object] | None = None,
) -> Preference:
    """Fold every full block of new interactions; with `include_rest` the last short one too.

    Someone met for the first time with a long history is caught up on the most recent blocks only
    (`memory.catch_up_blocks`), unless `everything` is asked for; older events still count in the collaborative signals.
    announce: called before each fold; what it raises ends the folding. Raises ModelError from the fold that failed; the
    versions before it are kept. Where `memory.mode` is not `recurrent`, see there.
    """
    size, most = context.memory.block_size, context.memory.block_size * context.memory.catch_up_blocks
    if context.memory.mode == "none":
        return preference
    waiting = context.log.of_user(preference.user_id, context.catalogue.name, after=preference.watermark)
    if context.memory.mode == "one_shot":
        due = len(waiting) >= size or (include_rest and waiting)
        blocks = [context.log.of_user(preference.user_id, context.catalogue.name)[-most:]] if due else []
        preference = _emptied(preference) if due else preference
    else:
        waiting = waiting if everything else waiting[-most:]
        blocks = [waiting[start : start + size] for start in range(0, len(waiting), size)]
        blocks = blocks if include_rest else [block for block in blocks if len(block) == size]
    for block in blocks:
        if announce is not None:
            announce(Progress("update_preference", "rewriting your taste"))
        preference = await fold(context, preference, block)
    return preference


def _emptied(preference: Preference) -> Preference:
    """The preference without what folds made of it; what the user pinned stays."""
    pinned = tuple(fact for fact in preference.facts if fact.pinned)
    return preference.model_copy(update={"prose": "", "facts": pinned, "counts": Counts()})


async def fold(context: TurnContext, preference: Preference, block: Sequence[Interaction]) -> Preference:
    """One step of the recurrence: old preference + a block of interactions → the next version, saved and traced."""
    lines = event_lines(context, block)
    answer = await _answered(context, fold_prompt(context, preference, lines))
    read = dict(zip([event.event_id for event in block], lines, strict=True))
    made = next_version(preference, answer, read, words=context.memory.words, now=context.now(), shown=context.shown)
    after = made.preference
    if made.left_out:
        context.recorder.record(
            Note(what="fold", detail=f"{made.left_out} edits had no ground in the events and were left out")
        )
    if context.keep is None:
        save_change(context, preference, after)
    else:
        await context.keep(after)
        context.forget_taste(after.user_id)
        tell_change(context, preference, after)
    return after


def fold_prompt(context: TurnContext, preference: Preference, lines: Sequence[str]) -> Rendered:
    """The request to fold events, written as `event_lines` writes them, into a preference."""
    values = {
        "prose": preference.prose,
        "facts": fact_lines(preference),
        "events": list(lines),
        "words": context.memory.words,
    }
    return render(PROMPT, values)


async def _answered(context: TurnContext, prompt: Rendered) -> Fold:
    """The model's fold; of one that was cut short the edits it had finished, which is told in the trace."""
    try:
        return await context.ask.json("preference_memory", prompt, Fold)
    except ModelBadOutput as error:
        if (kept := finished_part(error.output)) is None:
            raise
        context.recorder.record(Note(what="fold", detail="the answer was cut short; its finished edits were kept"))
        return kept


def event_lines(context: TurnContext, events: Sequence[Interaction]) -> list[str]:
    """The events as prompts show them, in the order given. An item that left the catalogue keeps its id as title."""
    views = context.views(tuple(event.item_id for event in events if event.item_id))
    lines = []
    for event in events:
        item = context.catalogue.get(event.item_id)
        title, summary = (item.title if item else event.item_id), views.get(event.item_id, "")
        lines.append(event_line(event.kind, title=title, summary=summary, text=event.text, value=event.value))
    return lines


def _by_button(state: TurnState) -> bool:
    """Whether the reactions were given by buttons, which show one thumb at a time; words are kept as they are said."""
    return bool(state.reactions) and not state.message


def _one_thumb_each(state: TurnState, context: TurnContext) -> list[Reaction]:
    """The reactions, each that turns an earlier one around after what takes that one back."""
    items = [reaction.item_id for reaction in state.reactions]
    standing, told = context.log.standing(state.user_id, context.catalogue.name, items), list[Reaction]()
    for reaction in state.reactions:
        kinds = {event.kind for event in standing.get(reaction.item_id, ())}
        if reaction.kind != "take_back" and kinds - {reaction.kind}:
            told.append(Reaction(reaction.item_id, "take_back"))
        told.append(reaction)
    return told


def save_change(context: TurnContext, before: Preference, after: Preference) -> None:
    """Keep the next version of a taste, and tell the trace."""
    context.prepare([after.prose])
    context.save_taste(after)
    tell_change(context, before, after)


def tell_change(context: TurnContext, before: Preference, after: Preference) -> None:
    """Tell the trace what changed."""
    context.recorder.record(
        PreferenceChange(
            before_version=before.version,
            after_version=after.version,
            edits=after.edits,
            prose_before=before.prose,
            prose_after=after.prose,
        )
    )


def _told(before: Preference, after: Preference) -> str:
    """What changed between two versions, in words, the best founded changes only; empty when no fact did."""
    if after.version == before.version:
        return ""
    verbs = {"add": "now", "strengthen": "more surely", "weaken": "less surely", "retract": "no longer"}
    changes = [
        f"{verbs[edit.op]} {edit.polarity.replace('_', ' ')} {edit.aspect}: {edit.value}"
        for edit in sorted(after.edits, key=lambda edit: -len(edit.evidence))[:CHANGES_TOLD]
    ]
    return "; ".join(changes)
